"""One connected account: how it is, whom it serves, and how it is healed or let go."""

from __future__ import annotations

import streamlit as st
from components.account_forms import DEEDS, open_form, show_form
from components.choosing import called
from data import Key, Row, desk, in_zone, one_line, say

SIGNS = {"ok": ":material/check_circle:", "throttled": ":material/hourglass:", "unreachable": ":material/cloud_off:"}


WIDTHS = [4, 6, 5]


def show_headings() -> None:
    """What stands in which column of the accounts."""
    for column, key in zip(st.columns(WIDTHS), ("page.account", "page.health", "page.serves"), strict=True):
        column.markdown(f"**{say(key)}**")


def show_account(row: Row, zone: str, key: Key | None) -> None:
    """The account as one row; what is wrong with it and what to do stands in it. ``key``: whom the page is about."""
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
        waiting = [called(user) for user in row["users"] if not user["chosen"]]
        if waiting:
            serves.text(say("page.nothing_chosen", whom=", ".join(waiting)))
        with st.container(horizontal=True, horizontal_alignment="right"):
            for deed in (each for each, action in DEEDS.items() if desk().may(action)):
                kind = "primary" if deed == "reconnect" and row["status"] == "reauthentication_needed" else "secondary"
                st.button(say(f"page.{deed}"), key=f"{deed}_{identifier}", type=kind, on_click=open_form, args=(deed, identifier))
        show_form(row, served(row), key, zone)


def served(row: Row) -> list[str]:
    """Whom an account serves, line by line; of others only that there are some."""
    lines = [called(user) for user in row["users"]]
    return [*lines, *([say("page.elsewhere")] if row["elsewhere"] else [])]


def matches(row: Row, wanted: str) -> bool:
    """Whether an account, or somebody it serves, has the words in their name."""
    names = [row["account_name"], *(f"{user['name']} {user['sub_account']}/{user['user_id']}" for user in row["users"])]
    return any(wanted in name.casefold() for name in names)
