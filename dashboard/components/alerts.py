"""Alerts: what needs somebody, whom it is about, and who says that it is dealt with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from components.rows import Act, part_of, show_rows
from data import Row, attempt, desk, in_zone, knows, one_line, say


def show_alerts(rows: Sequence[Row], zone: str) -> None:
    """Each with whom and what it is about; who may, says that it is dealt with."""
    shown = part_of(rows, "alerts", 10)
    texts = [(_alert(row), _about(row), in_zone(row["raised_at"], zone)) for row in shown]
    show_rows(
        ["page.health.says", "page.health.about", "page.health.since", "page.book.deeds"],
        [6, 3, 3, 3],
        texts,
        [_clearing(row) for row in shown],
    )


def _alert(row: Row) -> str:
    """What to click instead of which command to type, where the pages have a way; else the library's own words."""
    key = f"page.alert.{row['kind']}"
    return say(key) if knows(key) else one_line(row["says"])


def _about(row: Row) -> str:
    who = f"{row['sub_account']}/{row['user_id']}" if row["user_id"] else row["sub_account"]
    return "\n".join(one_line(each) for each in (who, row["account_name"], row["calendar"]) if each) or "–"


def _clearing(row: Row) -> Act:
    def draw(place: Any) -> None:
        if row["cleared_at"] is not None or not desk().may("clear_alert"):
            return
        if place.button(say("page.health.clear"), key=f"clear_{row['alert_id']}") and attempt(
            lambda desk: desk.clear_alert(row["alert_id"])
        ):
            st.session_state["health_done"] = say("page.health.cleared")
            st.rerun()

    return draw
