"""The week as a picture: a strip per day, full height for what blocks, a thin line for free slots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st
from components.days import Part, days_from, name_of
from data import DAYS, say

COLOURS: Final = {
    "FREE": "#009E73",
    "BUSY": "#0072B2",
    "BUSY_TENTATIVE": "#E69F00",
    "BUSY_UNAVAILABLE": "#CC79A7",
    "UNKNOWN": "#999999",
}
"""By Okabe and Ito: people who see red and green alike can tell them apart, on light and on dark ground."""
_HOUR: Final = timedelta(hours=1)
_HEIGHT: Final = 36 * DAYS + 90
"""In pixels: a strip per day, the legend above and the hours below."""


def show_week(free: Sequence[Part], busy: Sequence[Part], first: date) -> None:
    """The picture; the same is said in words in the list below it, for whoever does not see it."""
    marks = pd.DataFrame(
        [_mark(part, part.row["busyness"]) for part in sorted(busy, key=_depth)] + [_mark(part, "FREE") for part in free],
        columns=["day", "starts", "ends", "time", "what"],
    )
    words = [say(f"page.busyness.{code}") for code in COLOURS]
    hours = alt.Axis(labelExpr="datum.value + ':00'", tickMinStep=1, tickCount=12)
    days = alt.Scale(domain=[name_of(day) for day in days_from(first)])
    colours = alt.Scale(domain=words, range=list(COLOURS.values()))
    chart = (
        alt.Chart(marks, height=_HEIGHT, description=say("page.picture"))
        .mark_bar(cornerRadius=2, stroke="black", strokeOpacity=0.4, strokeWidth=0.5)
        .encode(
            x=alt.X("starts:Q", title=None, scale=_hours(marks), axis=hours),
            x2="ends:Q",
            y=alt.Y("day:N", title=None, scale=days, axis=alt.Axis(labelOverlap=False)),
            color=alt.Color("what:N", title=None, scale=colours, legend=alt.Legend(orient="top", symbolStrokeWidth=0)),
            size=alt.condition(alt.datum.what == words[0], alt.value(6), alt.value(22)),
            tooltip=[alt.Tooltip("time:N", title=say("page.time")), alt.Tooltip("what:N", title=say("page.what"))],
        )
    )
    st.altair_chart(chart, width="stretch")


def _depth(part: Part) -> bool:
    """What is not known lies behind what is."""
    return part.row["busyness"] != "UNKNOWN"


def _mark(part: Part, code: str) -> tuple[str, float, float, str, str]:
    return name_of(part.day), part.starts / _HOUR, part.ends / _HOUR, part.says, say(f"page.busyness.{code}")


def _hours(marks: pd.DataFrame) -> alt.Scale:
    """From the first to the last hour with anything in it, and a usual working day at least."""
    earliest, latest = min([8.0, *marks["starts"]]), max([18.0, *marks["ends"]])
    return alt.Scale(domain=[int(earliest), min(24, -int(-latest // 1))], nice=False)
