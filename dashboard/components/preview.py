"""What a choice of calendars would mean for the coming days, before it is saved."""

from __future__ import annotations

from typing import Any

import streamlit as st
from components.calendars import called
from components.listing import listing
from data import Row, number, say


def show_preview(preview: Any) -> None:
    """How many events would block, how many hours that takes, and what stands in each calendar."""
    st.header(say("page.preview"))
    figures = st.columns(4)
    figures[0].metric(say("page.preview.events"), number(preview.events))
    figures[1].metric(say("page.preview.then"), _hours(preview.hours_then))
    figures[2].metric(say("page.preview.lost"), _hours(preview.hours_lost))
    figures[3].metric(say("page.preview.gained"), _hours(preview.hours_gained))
    st.text(say("page.preview.says", open=_hours(preview.hours_open), now=_hours(preview.hours_now), then=_hours(preview.hours_then)))
    if preview.warnings:
        st.warning(say("page.preview.warnings"), icon=":material/warning:")
        for sentence in preview.warnings:
            st.text(f"• {sentence}")
    holidays = sum(row["all_day_free"] for row in preview.calendars if row["role"] is not None)
    if holidays:
        st.info(say("page.preview.holidays", number=holidays), icon=":material/beach_access:")
    listing(
        ["page.calendar", "page.preview.blocking", "page.preview.free", "page.preview.all_day"],
        [4, 4, 3, 4],
        [(called(row), *_counts(row)) for row in preview.calendars],
    )


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
