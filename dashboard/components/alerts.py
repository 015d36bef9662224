"""Alerts: what needs somebody, whom it is about, and who says that it is dealt with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st
from components.accounts import served
from components.choosing import called
from components.rows import Act, part_of, show_acts_below
from data import Key, Row, attempt, desk, in_zone, knows, one_line, say

PAGES: Final = (
    dict.fromkeys(("REAUTHENTICATION_NEEDED", "PRINCIPAL_CHANGED"), "connections")
    | dict.fromkeys(("DRIFT", "PUSH_PARKED", "PUSH_FAILED"), "bookings")
    | dict.fromkeys(("LINKED_CALENDAR_LOST", "LINKED_CALENDAR_READ_ONLY"), "configuration")
)
"""By kind of an alert the page on which it is mended."""


def show_alerts(rows: Sequence[Row], accounts: Sequence[Row], users: Sequence[Row], zone: str) -> None:
    """Each with whom and what it is about, of an account all whom it serves; who may, says that it is dealt with."""
    whom = {row["integration_id"]: served(row) for row in accounts}
    names = {(user["sub_account"], user["user_id"]): called(user) for user in users}
    shown = part_of(rows, "alerts", 10)
    texts = [(_alert(row), _about(row, whom, names), in_zone(row["raised_at"], zone)) for row in shown]
    show_acts_below(["page.health.says", "page.health.about", "page.health.since"], [6, 4, 3], texts, [_deeds(row) for row in shown])


def _alert(row: Row) -> str:
    """What to click instead of which command to type, where the pages have a way; else the library's own words."""
    key = f"page.alert.{row['kind']}"
    return say(key) if knows(key) else one_line(row["says"])


def _about(row: Row, whom: Mapping[str, Sequence[str]], names: Mapping[Key, str]) -> str:
    """A user's own alert names the user; an account's names everybody the account serves."""
    own = row["user_id"] and names.get((row["sub_account"], row["user_id"]), f"{row['sub_account']}/{row['user_id']}")
    who = [own] if own else [row["sub_account"], *whom.get(row["integration_id"], ())]
    return "\n".join(one_line(each) for each in (row["account_name"], row["calendar"], *who) if each) or "–"


def _deeds(row: Row) -> Act:
    """The way to the page on which it is mended, and that it is dealt with."""

    def draw(place: Any) -> None:
        page = PAGES.get(row["kind"])
        if page is not None:
            user = {"user": f"{row['sub_account']}/{row['user_id']}"} if row["user_id"] else None
            place.page_link(f"app_pages/{page}.py", label=say(f"page.why.go.{page}"), icon=":material/arrow_forward:", query_params=user)
        if row["cleared_at"] is not None or not desk().may("clear_alert"):
            return
        if place.button(say("page.health.clear"), key=f"clear_{row['alert_id']}") and attempt(
            lambda desk: desk.clear_alert(row["alert_id"])
        ):
            st.session_state["health_done"] = say("page.health.cleared")
            st.rerun()

    return draw
