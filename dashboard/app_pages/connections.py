"""Connected accounts with their health and whom they serve; add new ones, reconnect, disconnect, invite."""

from __future__ import annotations

import streamlit as st
from components.accounts import matches, show_account, show_headings
from components.one_user import for_one
from data import Key, Row, ask, desk, people, say

MOST = 25  # accounts shown at once; those in trouble come first


def accounts(connected: list[Row], zone: str, key: Key | None) -> None:
    """How many are well, and each of them, those in trouble first; with many, those that were searched for."""
    ill = sum(row["status"] != "ok" for row in connected)
    if ill:
        st.warning(say("page.some_ill", ill=ill, all=len(connected)), icon=":material/warning:")
    else:
        st.success(say("page.all_well", all=len(connected)), icon=":material/check_circle:")
    wanted = st.text_input(say("page.find_account"), type="search", key="find_account") if len(connected) > MOST else ""
    found = [row for row in connected if matches(row, (wanted or "").casefold())]
    show_headings()
    for row in found[:MOST]:
        show_account(row, zone, key)
    if len(found) > MOST:
        st.text(say("page.more_accounts", shown=MOST, all=len(found)))


st.title(say("page.connections"))
users, zone = people(), st.context.timezone or "UTC"
if done := st.session_state.pop("done", None):
    st.success(done, icon=":material/check_circle:")
connected = ask(lambda desk: desk.connections())
key = for_one(users, zone) if desk().may("connect") or desk().may("invite") else None
if connected:
    accounts(connected, zone, key)
else:
    st.info(say("page.nothing_connected"))
    if key is not None:
        st.text(say("page.nothing_connected_here"))
st.caption(say("page.zone", zone=zone))
