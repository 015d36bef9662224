"""One connected account: how it is, whom it serves, and how it is healed or let go."""

from __future__ import annotations

import streamlit as st
from components.choosing import called
from components.connecting import leave
from components.credentials import ask_password, forget_typed, tell_stages
from data import Row, ask, attempt, desk, in_zone, one_line, say

OPEN = "account_open"
"""Which account's reconnecting or disconnecting is open: (what, integration id)."""
SIGNS = {"ok": ":material/check_circle:", "throttled": ":material/hourglass:", "unreachable": ":material/cloud_off:"}


WIDTHS = [4, 6, 5]


def show_headings() -> None:
    """What stands in which column of the accounts."""
    for column, key in zip(st.columns(WIDTHS), ("page.account", "page.health", "page.serves"), strict=True):
        column.markdown(f"**{say(key)}**")


def show_account(row: Row, zone: str) -> None:
    """The account as one row; what is wrong with it and what to do stands in it."""
    identifier = row["integration_id"]
    with st.container(border=True):
        name, health, serves = st.columns(WIDTHS)
        name.text(f"{one_line(row['account_name'])}\n{say('page.kind.' + row['provider'])}\n{identifier}")
        health.markdown(f"{SIGNS.get(row['status'], ':material/error:')} **{say('page.status.' + row['status'])}**")
        if row["status"] != "ok":
            health.text(say(f"page.next.{row['status']}"))
            health.text(say("page.status_reason", text=one_line(row["says"])))
        health.text(say("page.last_success_at", at=in_zone(row["last_success_at"], zone)))
        serves.text("\n".join(served(row)) or "–")
        may = [each for each in ("reconnect", "disconnect") if desk().may(each)]
        with st.container(horizontal=True, horizontal_alignment="right"):
            for deed in may:
                kind = "primary" if deed == "reconnect" and row["status"] == "reauthentication_needed" else "secondary"
                st.button(say(f"page.{deed}"), key=f"{deed}_{identifier}", type=kind, on_click=_open, args=(deed, identifier))
        opened = st.session_state.get(OPEN)
        if opened == ("reconnect", identifier) and "reconnect" in may:
            reconnect(row)
        elif opened == ("disconnect", identifier) and "disconnect" in may:
            disconnect(row)


def served(row: Row) -> list[str]:
    """Whom an account serves, line by line; of others only that there are some."""
    lines = [called(user) for user in row["users"]]
    return [*lines, *([say("page.elsewhere")] if row["elsewhere"] else [])]


def matches(row: Row, wanted: str) -> bool:
    """Whether an account, or somebody it serves, has the words in their name."""
    names = [row["account_name"], *(f"{user['name']} {user['sub_account']}/{user['user_id']}" for user in row["users"])]
    return any(wanted in name.casefold() for name in names)


def reconnect(row: Row) -> None:
    """Ask for the new password, and heal everything the account serves at once."""
    st.header(say("page.reconnecting"))
    st.text(say("page.reconnect_heals", whom=", ".join(served(row))))
    password = ask_password(row["provider"], row["account_name"], say("page.reconnect"))
    if password is not None:
        with tell_stages(say("page.discovering")) as told:
            healed = attempt(lambda desk: desk.reconnect(row["integration_id"], password, report=told.stage), row["provider"])
            told.end(well=healed is not None)
        if healed is not None:
            _done(say("page.reconnected"))
    st.button(say("page.cancel"), key="account_close", on_click=close)


def disconnect(row: Row) -> None:
    """Ask for whom, say what ends and what is kept, and do it only after that."""
    st.header(say("page.disconnecting"))
    if not row["users"]:
        st.text(say("page.elsewhere"))
        return
    keys = {called(user): user for user in row["users"]}
    user = keys[st.selectbox(say("page.for_whom"), list(keys), key="disconnect_whom")]
    who = (user["sub_account"], user["user_id"], row["integration_id"])
    for sentence in ask(lambda desk: desk.disconnecting(*who))["says"]:
        st.text(f"• {sentence}")
    purge = st.checkbox(say("page.purge"), key="disconnect_purge")
    if st.button(say("page.disconnect_now"), key="disconnect_now", type="primary"):
        gone = attempt(lambda desk: desk.disconnect(*who, purge=purge))
        if gone is not None:
            _done(say("page.disconnected"))
    st.button(say("page.cancel"), key="account_close", on_click=close)


def _open(deed: str, identifier: str) -> None:
    leave()  # one form at a time
    st.session_state[OPEN] = (deed, identifier)


def close() -> None:
    """Nothing is open any more."""
    forget_typed()
    st.session_state.pop(OPEN, None)


def _done(sentence: str) -> None:
    close()
    st.session_state["done"] = sentence
    st.rerun()
