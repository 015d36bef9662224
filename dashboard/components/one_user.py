"""What the page Connections does for one user: a new account, connected here or by themselves under a link."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from components.account_forms import close
from components.choosing import choose_user
from components.connecting import FOR, FOUND, STEP, begin, connecting, leave, show_result
from components.inviting import offer_link, show_open_links
from data import Key, Row, ask, desk, one_line, say


def for_one(users: Sequence[Row], zone: str) -> Key:
    """Who it is, and what can be done for them; their key."""
    with st.container(border=True):
        st.text(say("page.for_one"))
        user = choose_user(st.container(), users)
        key = (user["sub_account"], user["user_id"])
        if desk().may("connect"):
            st.button(say("page.add_new"), type="primary", icon=":material/add:", on_click=_begin, args=(key,))
        if desk().may("invite"):
            with st.expander(say("page.invitations")):
                st.text(say("page.invite_says", name=one_line(user["name"])))
                offer_link(key, one_line(user["name"]), zone)
                show_open_links(key, zone)
    for each in users:
        if STEP in st.session_state and (each["sub_account"], each["user_id"]) == st.session_state[FOR]:
            _add_new(each, st.session_state[FOR])
    return key


def _begin(key: Key) -> None:
    """Begin with a new account, and with nothing else open."""
    close()
    begin(key)


def _add_new(user: Row, key: Key) -> None:
    """The way to a new account, step by step, for whom it was begun; and what was found in the end."""
    with st.container(border=True):
        st.header(say("page.connecting"))
        st.text(say("page.connecting_for", name=one_line(user["name"]), user="/".join(key)))
        if st.session_state[STEP] == "found":
            show_result([row for row in ask(lambda desk: desk.calendars(*key)) if row["integration_id"] == st.session_state[FOUND]])
            if st.button(say("page.to_configuration"), type="primary", icon=":material/arrow_forward:"):
                leave()
                st.session_state["sync_first"] = True  # what a choice would block is known only then
                st.switch_page("app_pages/configuration.py", query_params={"user": "/".join(key)})
        else:
            mine = desk()
            found = connecting(
                lambda provider, account, password, url, told: mine.connect(
                    *key, provider=provider, account=account, password=password, url=url, report=told
                )
            )
            if found is not None:
                st.session_state.update({FOUND: found["integration_id"], STEP: "found"})
                st.rerun()
        st.button(say("page.close"), on_click=leave, key="connecting_close")
