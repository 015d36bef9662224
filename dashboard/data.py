"""The dashboard's only door into icalsync. Every call opens the database for as long as it lasts, so a running sync is never held up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import streamlit as st

import icalsync
from icalsync.app import App
from icalsync.clock import SystemClock
from icalsync.core.zones import to_zone
from icalsync.errors import IcalsyncError
from icalsync.messages import say

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DAYS", "Key", "Row", "Terms", "Week", "accounts", "calendars", "in_zone", "people", "say", "terms", "today", "week"]

Answer = TypeVar("Answer")
Row = dict[str, Any]
Key = tuple[str, str]
"""Sub-account and user id."""

DAYS: Final = 7
"""How many days a page shows."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms a user may be booked: rows of the views ``opening_hours`` and ``policies``."""

    hours: Row
    policies: Row


@dataclass(frozen=True, slots=True)
class Week:
    """What the library says about one user's seven days; every instant is in the user's zone."""

    slots: pd.DataFrame
    busy: pd.DataFrame
    coverage: Row
    names: dict[str, str]
    """Display names by calendar id."""


def people() -> list[Row]:
    """Every user of every sub-account; where there is nobody yet, the page ends with what to do first."""
    users, path = _ask(lambda app: (app.users(), app.path))
    if not users:
        st.info(say("page.nobody"))
        st.text(say("page.nobody_next", path=path))
        st.stop()
    return users


def terms(key: Key) -> Terms:
    """The user's opening hours and policies in force."""
    return _ask(lambda app: Terms(app.hours(*key), app.policies(*key)))


def week(key: Key, first: date, length: str) -> Week:
    """Slots of ``length``, what blocks the rest, and how complete that is, from ``first`` on in the user's zone."""
    end = first + timedelta(days=DAYS)
    return _ask(
        lambda app: Week(
            slots=app.slots(*key, first, end, length=length),
            busy=app.busy(*key, first, end),
            coverage=app.coverage(*key),
            names={row["calendar_id"]: row["display_name"] for row in app.calendars(*key)},
        )
    )


def accounts() -> list[Row]:
    """Every connected account, as in the view ``integrations``, with the ``users`` it serves; those in trouble first."""
    return sorted(_ask(lambda app: app.integrations()), key=lambda row: (row["status"] == "ok", row["account_name"]))


def calendars(key: Key) -> list[Row]:
    """The user's calendars as in the view, each with ``roles`` and ``account_name``; the linked one first, then those with a role."""

    def question(app: App) -> list[Row]:
        roles: dict[str, list[str]] = {}
        for role in app.roles(*key):
            roles.setdefault(role["calendar_id"], []).append(role["role"])
        names = {row["integration_id"]: row["account_name"] for row in app.integrations(*key)}
        return [
            row | {"roles": sorted(roles.get(row["calendar_id"], ())), "account_name": names.get(row["integration_id"], "")}
            for row in app.calendars(*key)
        ]

    return sorted(
        _ask(question), key=lambda row: ("LINKED" not in row["roles"], not row["roles"], not row["selectable"], row["display_name"])
    )


def today(zone: str) -> date:
    """The present day where clocks show the time of ``zone``."""
    return to_zone(SystemClock().now(), zone).date()


def in_zone(moment: Any, zone: str) -> str:
    """An instant as clocks in ``zone`` show it, to the minute; a dash for none."""
    return "–" if moment is None else f"{to_zone(moment, zone):%Y-%m-%d %H:%M}"


def _ask(question: Callable[[App], Answer]) -> Answer:
    """The library's answer; an error ends the page with its sentence and next step, as the command line would print them."""
    try:
        with st.spinner(say("page.asking")):
            return question(icalsync.open())
    except IcalsyncError as error:
        st.error(say("page.no_answer"))
        st.text(error.message)
        st.text(error.next_step)
        st.button(say("page.again"), icon=":material/refresh:")
        st.stop()
