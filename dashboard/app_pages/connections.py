"""Connected accounts with their health and whom they serve; add new ones, reconnect, disconnect, invite."""

from __future__ import annotations

import streamlit as st
from components.accounts import close, matches, show_account, show_headings
from components.choosing import choose_user
from components.connecting import FOUND, STEP, begin, connecting, leave, show_result
from components.inviting import inviting
from data import Key, Row, ask, desk, one_line, people, say

MOST = 25  # accounts shown at once; those in trouble come first


def add_new(key: Key, name: str) -> None:
    """The way to a new account for one user, step by step, and what was found in the end."""
    with st.container(border=True):
        st.header(say("page.connecting"))
        st.text(say("page.connecting_for", name=one_line(name), user="/".join(key)))
        if st.session_state.get(STEP) == "found":
            show_result([row for row in ask(lambda desk: desk.calendars(*key)) if row["integration_id"] == st.session_state[FOUND]])
            if st.button(say("page.to_configuration"), type="primary", icon=":material/arrow_forward:"):
                leave()
                st.switch_page("app_pages/configuration.py", query_params={"user": "/".join(key)})
        else:
            found = connecting(
                lambda provider, account, password, url, report: desk().connect(
                    *key, provider=provider, account=account, password=password, url=url, report=report
                )
            )
            if found is not None:
                st.session_state.update({FOUND: found["integration_id"], STEP: "found"})
                st.rerun()
        st.button(say("page.close"), on_click=leave, key="connecting_close")


def add() -> None:
    """Begin with a new account, and with nothing else open."""
    close()
    begin()


def accounts(connected: list[Row], zone: str) -> None:
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
        show_account(row, zone)
    if len(found) > MOST:
        st.text(say("page.more_accounts", shown=MOST, all=len(found)))


st.title(say("page.connections"))
users, zone = people(), st.context.timezone or "UTC"
if done := st.session_state.pop("done", None):
    st.success(done, icon=":material/check_circle:")
connected = ask(lambda desk: desk.connections())
user = choose_user(st.container(), users)
key = (user["sub_account"], user["user_id"])
if desk().may("connect"):
    st.button(say("page.add_new"), type="primary", icon=":material/add:", on_click=add)
    if STEP in st.session_state:
        add_new(key, user["name"])
if connected:
    accounts(connected, zone)
else:
    st.info(say("page.nothing_connected"))
    st.text(say("page.nothing_connected_here"))
if desk().may("invite"):
    inviting(key, user["name"], zone)
st.caption(say("page.zone", zone=zone))
