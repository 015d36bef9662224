"""Under an invitation, once an account is connected: its calendars are fetched, and the person chooses among them."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st
from components.configuring import configure
from components.connecting import show_result
from components.syncing import show_synced, watch_sync
from data import Row, say, trying

FETCHED: Final = "invited_fetched"
FETCHED_AFTER: Final = "invited_fetched_after"
"""Once before they choose, and once more where something chosen was not fetched yet."""
CHOSEN: Final = "invited_chosen"
MORE: Final = "invited_more"


def to_choose(link: Any) -> None:
    """What is in the calendars, watched as it comes; then which block and which one is written to."""
    rows: list[Row] | None = trying(link.calendars)
    if rows is None:
        return
    stage = FETCHED if CHOSEN not in st.session_state else FETCHED_AFTER
    if stage not in st.session_state and _unread(rows):
        st.session_state[stage] = True  # once: what cannot be fetched now is fetched by the next sync
        watch_sync(lambda report: link.sync(report=report))
    if st.session_state.get(CHOSEN):
        _done("page.invited_done")
    elif link.purpose == "reconnect" and any(row["roles"] for row in rows) and MORE not in st.session_state:
        _done("page.invited_again")
        st.button(say("page.invited_more"), on_click=_look)
    else:
        show_synced()
        show_result(rows, folded=True)
        if configure(link, rows, "invited", may_move=False) is not None:
            st.session_state[CHOSEN] = True
            st.rerun()


def _unread(rows: list[Row]) -> bool:
    return any(row["last_synced_at"] is None for row in rows if row["selectable"])


def _done(key: str) -> None:
    """Nothing has to be done here any more."""
    st.success(say(key), icon=":material/check_circle:")
    show_synced()
    st.text(say("page.may_close"))


def _look() -> None:
    st.session_state[MORE] = True
