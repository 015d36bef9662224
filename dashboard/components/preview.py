"""What a choice of calendars would mean for the coming days, before it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st
from components.calendars import lines_of, show_rest
from components.listing import listing
from data import Row, number, say

WIDE: Final = 200
"""Pixels of a figure: a page has four of them side by side, a tablet held upright two."""
MOST: Final = 4
"""Warnings that are always in sight."""


def show_preview(preview: Any, rows: Sequence[Row]) -> None:
    """All of it; ``rows``: the user's calendars."""
    show_figures(preview)
    show_contents(preview, rows)


def show_figures(preview: Any) -> None:
    """How many events would block, how many hours that takes, and what to consider; no figure where something was not read yet."""
    st.header(say("page.preview"))
    hours = {name: _hours(getattr(preview, f"hours_{name}")) if preview.known else "–" for name in ("then", "lost", "gained")}
    with st.container(horizontal=True):
        st.metric(say("page.preview.events"), number(preview.events) if preview.known else "–", width=WIDE)
        for name, value in hours.items():
            st.metric(say(f"page.preview.{name}"), value, width=WIDE)
    if preview.known:
        st.text(say("page.preview.says", open=_hours(preview.hours_open), now=_hours(preview.hours_now), then=hours["then"]))
    else:
        st.info(say("page.preview.unread"), icon=":material/hourglass:")
    if preview.warnings:
        st.warning(say("page.preview.warnings"), icon=":material/warning:")
        for sentence in preview.warnings[:MOST]:
            st.text(f"• {sentence}")
        show_rest("page.preview.more", [f"• {sentence}" for sentence in preview.warnings[MOST:]])
    holidays = sum(row["all_day_free"] for row in preview.calendars if row["role"] is not None)
    if holidays:
        st.info(say("page.preview.holidays", number=holidays), icon=":material/beach_access:")


def show_contents(preview: Any, rows: Sequence[Row]) -> None:
    """What stands in each calendar that is chosen or holds anything; the others wait for a click."""
    known = {row["calendar_id"]: row for row in rows}
    told = [row for row in preview.calendars if row["role"] is not None or row["blocking"] or row["free"]]
    listing(
        ["page.calendar", "page.preview.blocking", "page.preview.free", "page.preview.all_day"],
        [4, 4, 3, 4],
        [(lines_of(known[row["calendar_id"]]), *_counts(row)) for row in told],
    )
    rest = [row for row in preview.calendars if row not in told]
    show_rest("page.preview.empty", [row["called"] if row["pulled"] else f"{row['called']}: {_counts(row)[0]}" for row in rest])


def _hours(value: float) -> str:
    return say("page.hours_of", hours=number(value, 1))


def _counts(row: Row) -> tuple[str, str, str]:
    if not row["pulled"]:
        return say("page.preview.not_pulled"), "–", "–"
    return (
        say("page.preview.blocks", blocking=number(row["blocking"]), tentative=number(row["tentative"])),
        say("page.preview.frees", free=number(row["free"]), declined=number(row["declined"])),
        say("page.preview.days", busy=number(row["all_day_busy"]), free=number(row["all_day_free"])),
    )
