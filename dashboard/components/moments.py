"""The list below the picture: one day in words, each line with a button that asks why. It needs no mouse, and no eyes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

import streamlit as st
from components.days import Part, days_from, name_of
from components.marks import CALENDARS, gap_words, where
from data import say

WIDTHS: Final = (1, 2)
"""Of the time and of what lies there: both on one line, however narrow the list is."""
_HEIGHT: Final = 480


def choose_day(first: date, now: date) -> date:
    """One of the seven days: the present one where it is among them."""
    days = days_from(first)
    return st.selectbox(say("page.date"), days, index=days.index(now) if now in days else 0, format_func=name_of, key=f"day_{first}")


def show_starts(starts: Sequence[str]) -> None:
    """When the day's free slots begin."""
    st.caption(say("page.free_slots"))
    st.text("  ".join(starts) or say("page.no_slot"))


def show_day(busy: Sequence[Part], gaps: Sequence[Part], why: Callable[[Any], None]) -> None:
    """The day from its first to its last moment; ``why`` is called with the moment somebody asks about."""
    st.caption(say("page.week.ask"))
    lines = [(part, line_of(part)) for part in busy] + [(part, gap_words(part)) for part in gaps]
    with st.container(height=_HEIGHT, border=False):
        for number, (part, words) in enumerate(sorted(lines, key=lambda line: (line[0].starts, line[0].ends))):
            asks, says = st.columns(WIDTHS, gap="small", vertical_alignment="center")
            if asks.button(part.says, key=f"why_{number}_{part.at.isoformat()}", width="stretch"):
                why(part.at)
            says.text(words)


def line_of(part: Part) -> str:
    """``Busy · Patients``: why, and from which calendar; what was made here needs no more than its name."""
    if part.row["source"] not in CALENDARS:
        return say(f"page.reason.{part.row['reason']}")
    return say("page.week.line", why=say(f"page.reason.{part.row['reason']}"), where=where(part))
