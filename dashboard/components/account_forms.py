"""What opens below a connected account: its new password, a link for that, or letting it go. One at a time."""

from __future__ import annotations

from typing import Final

import streamlit as st
from components.attempting import begin_attempt, watch_attempt
from components.choosing import called
from components.connecting import leave
from components.credentials import ask_password, forget_typed
from components.inviting import offer_link
from data import Key, Row, ask, attempt, desk, one_line, say

OPEN: Final = "account_open"
"""Which form of which account is open: (what, integration id)."""
DEEDS: Final = {"reconnect": "reconnect", "reconnect_link": "invite", "disconnect": "disconnect"}
"""What can be done to an account, and what one must be allowed to do for it."""


def show_form(row: Row, served: list[str], key: Key | None, zone: str) -> None:
    """The form that is open for this account, for whoever may."""
    deed, identifier = st.session_state.get(OPEN, ("", ""))
    if identifier != row["integration_id"] or not desk().may(DEEDS[deed]):
        return
    if deed == "reconnect":
        _reconnect(row, served)
    else:
        st.header(say("page.disconnecting" if deed == "disconnect" else "page.reconnect_link"))
        user = _whom(row, key)
        if user is not None:
            _disconnect(row, user) if deed == "disconnect" else _link(row, user, zone)
    st.button(say("page.cancel" if deed != "reconnect_link" else "page.close"), key="account_close", on_click=close)


def _reconnect(row: Row, served: list[str]) -> None:
    """Ask for the new password, and heal everything the account serves at once."""
    st.header(say("page.reconnecting"))
    st.text(say("page.reconnect_heals", whom=", ".join(served)))
    password = ask_password(row["provider"], row["account_name"], say("page.reconnect"))
    if password is not None:
        mine = desk()
        begin_attempt(lambda told: mine.reconnect(row["integration_id"], password, report=told), f"{row['provider']}.reconnect")
    if watch_attempt() is not None:
        _done(say("page.reconnected"))


def _whom(row: Row, key: Key | None) -> Row | None:
    """One of those it serves: whom the page is about, else the only one; among several others nobody until somebody is chosen."""
    if not row["users"]:
        st.text(say("page.elsewhere"))
        return None
    users = {(user["sub_account"], user["user_id"]): user for user in row["users"]}
    first = key if key in users else next(iter(users)) if len(users) == 1 else None
    chosen = st.selectbox(
        say("page.for_whom"),
        list(users),
        None if first is None else list(users).index(first),
        format_func=lambda one: called(users[one]),
        key=f"whom_{row['integration_id']}_{key}",
        placeholder=say("page.for_whom_none"),
    )
    return None if chosen is None else users[chosen]


def _link(row: Row, user: Row, zone: str) -> None:
    st.text(say("page.reconnect_link_says"))
    offer_link((user["sub_account"], user["user_id"]), one_line(user["name"]), zone, row["integration_id"])


def _disconnect(row: Row, user: Row) -> None:
    """Say what ends and what is kept or forgotten, and do it only after that."""
    who = (user["sub_account"], user["user_id"], row["integration_id"])
    says = st.container()
    purge = st.checkbox(say("page.purge"), key=f"disconnect_purge_{'/'.join(who)}")
    for sentence in ask(lambda desk: desk.disconnecting(*who, purge=purge))["says"]:
        says.text(f"• {sentence}")
    if st.button(say("page.disconnect_now"), key="disconnect_now", type="primary"):
        gone = attempt(lambda desk: desk.disconnect(*who, purge=purge))
        if gone is not None:
            _done(say("page.disconnected"))


def open_form(deed: str, identifier: str) -> None:
    """From now on this one is open, and nothing else."""
    leave()
    st.session_state[OPEN] = (deed, identifier)


def close() -> None:
    """Nothing is open any more."""
    forget_typed()
    st.session_state.pop(OPEN, None)


def _done(sentence: str) -> None:
    close()
    st.session_state["done"] = sentence
    st.rerun()
