"""Where somebody sits twice, by cause and week by week, down to the explanation of each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import streamlit as st
from components.audit import cause_words, show_causes, show_trend
from components.booking_forms import choose_date
from components.downloads import offer_download
from components.findings import show_findings
from data import ask, one_line, people, say, today

ALL = ""
SPAN = timedelta(weeks=8)


def audit(account: str | None, start: date, end: date) -> tuple[Any, Any, Any]:
    """The findings, and the same counted by cause and by week."""

    def question(desk: Any) -> tuple[Any, Any, Any]:
        found = desk.double_bookings(account, None, start, end)
        return found, desk.by_cause(account, start, end, found=found), desk.trend(account, start, end, found=found)

    return ask(question)


st.title(say("page.double_bookings"))
users = people()
accounts = sorted({user["sub_account"] for user in users})
zone = st.context.timezone or "UTC"
whose, first, last = st.columns([3, 2, 2])
names = {ALL: say("page.everywhere")} | {name: one_line(name) for name in accounts}
chosen = whose.selectbox(say("page.audit.whose"), list(names), format_func=names.__getitem__, key="audit_whose")
with first:
    start = choose_date(say("page.audit.from"), zone, "audit_from", today(zone) - SPAN)
with last:
    end = choose_date(say("page.audit.to"), zone, "audit_to", today(zone) + SPAN)
found, causes, trend = audit(chosen or None, start, end)
if found.empty:
    st.success(say("page.audit.none"), icon=":material/check_circle:")
    st.stop()
if not found["complete"].all():
    st.warning(say("page.audit.incomplete"), icon=":material/warning:")
show_trend(trend, start, end)
show_causes(causes)
st.header(say("page.audit.list"))
words = {ALL: say("page.audit.every")} | {cause: cause_words(cause) for cause in causes["cause"]}
only = st.selectbox(say("page.audit.cause"), list(words), format_func=words.__getitem__, key="audit_cause")
rows = found[found["cause"] == only] if only else found
offer_download(rows, "double-bookings")
show_findings(rows, {(user["sub_account"], user["user_id"]): user["time_zone"] for user in users})
