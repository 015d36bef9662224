"""Ask a calendar's server now what is new: for whoever is asked on the telephone whether that is all there is."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from components.attention import kind_of
from data import Key, Row, advice, attempt, desk, one_line, say


def offer_checks(key: Key, calendars: Sequence[Row]) -> None:
    """A calendar to choose and the button that asks it now; nothing for whoever may not."""
    if not calendars or not desk().may("check_calendar"):
        return
    names = {row["calendar_id"]: one_line(row["display_name"]) for row in calendars}
    with st.popover(say("page.check.open"), icon=":material/sync:"):
        chosen = st.selectbox(say("page.calendar"), list(names), format_func=names.__getitem__, key="check_which")
        if st.button(say("page.check.now"), key="check_now", type="primary"):
            with st.spinner(say("page.check.asking")):
                report = attempt(lambda desk: desk.check_calendar(*key, chosen))
            if report is not None:
                _told(report)


def _told(report: object) -> None:
    """What came of it; the page has already drawn what was known before, so it offers to draw it anew."""
    totals, ill = report.totals, [row for row in report.runs if row["error_code"]]
    if ill:
        st.warning(say("page.check.failed"), icon=":material/warning:")
    for row in ill:
        st.text(f"{kind_of(row['error_code'], row['error_code'])}\n{advice(row['error_code'])}")
    st.text(say("page.check.done", added=totals["added"], changed=totals["changed"], removed=totals["removed"]))
    st.button(say("page.again"), icon=":material/refresh:", key="check_again")
