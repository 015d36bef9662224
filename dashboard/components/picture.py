"""The week as a picture, a column per day: what blocks, by reason or by calendar, and where it is free. A click asks why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st
from components.colours import ink_on, scale
from components.days import DAYS, days_from, weekday
from components.marks import BEHIND, Mark
from data import say

PICK: Final = "pick"
HOUR: Final = 36
"""Height of an hour, in pixels: half an hour has room for a word."""
HEAD: Final = 50
LINE: Final = 16
"""Heights of the days' names and of a line of the legend, in pixels."""
ENTRY: Final = 240
"""Width of an entry of the legend, in pixels: the longest reason has room."""
_COLUMNS: Final = ["x", "x2", "y", "y2", "day", "time", "what", "where", "label", "at", "room", "ink", "opacity"]


def show_week(marks: Sequence[Mark], first: date, hours: tuple[int, int], key: str) -> str | None:
    """The picture of these ``hours``; the moment that was clicked (ISO 8601), if one was. The list below it says the same in words."""
    earliest, latest = hours
    shown = [mark for mark in marks if mark.y < latest and mark.y2 > earliest]
    frame = pd.DataFrame([_row(mark, hours) for mark in shown], columns=_COLUMNS)
    kinds = {mark.what: mark.colour for mark in shown}
    told = list(dict.fromkeys(mark.what for mark in shown if not mark.silent))
    days = ", ".join(f"'{name}'" for name in _names(first))
    x = alt.X(
        "x:Q",
        title=None,
        scale=alt.Scale(domain=[0, DAYS], nice=False),
        axis=alt.Axis(
            orient="top",
            values=[n + 0.5 for n in range(DAYS)],
            labelExpr=f"[{days}][floor(datum.value)]",
            labelOverlap=False,
            grid=False,
            ticks=False,
        ),
    )
    clocks = alt.Axis(labelExpr="datum.value + ':00'", values=list(range(earliest, latest + 1)))
    y = alt.Y("y:Q", title=None, scale=alt.Scale(domain=[earliest, latest], nice=False, reverse=True), axis=clocks)
    picked = alt.selection_point(name=PICK, fields=["at"], empty=False)
    height = HOUR * (latest - earliest) + HEAD + LINE * len(told) // 2
    base = alt.Chart(frame, height=height, description=say("page.week.picture")).encode(x=x, y=y)
    legend = alt.Legend(
        orient="top",
        columns=alt.ExprRef(f"max(1, floor(width / {ENTRY}))"),  # it wraps as the picture gets narrow
        values=told,
        symbolType="square",
        symbolStrokeWidth=0,
        labelLimit=ENTRY,
    )
    # Words have a place and no extent: x2 and y2 belong to the rectangles alone, or Vega warns.
    blocks = base.mark_rect(clip=True, cornerRadius=2, strokeOpacity=0.7, cursor="pointer").encode(
        x2="x2:Q",
        y2="y2:Q",
        color=alt.Color("what:N", title=None, scale=scale(list(kinds), list(kinds.values())), legend=legend),
        opacity=alt.Opacity("opacity:Q", scale=None),
        stroke=alt.condition(picked, alt.value("#ff4b4b"), alt.value("gray")),
        strokeWidth=alt.condition(picked, alt.value(3), alt.value(0.4)),
        tooltip=[alt.Tooltip(f"{name}:N", title=say(f"page.week.{name}")) for name in ("day", "time", "what", "where")],
    )
    words = base.mark_text(
        align="left", baseline="top", dx=4, dy=3, fontSize=11, clip=True, limit=alt.ExprRef(f"datum.room * width / {DAYS} - 8")
    ).encode(text="label:N", color=alt.Color("ink:N", scale=None))
    chart = alt.layer(blocks.add_params(picked), words.transform_filter("datum.label != ''"))
    event: Any = st.altair_chart(chart, width="stretch", key=key, on_select="rerun", selection_mode=PICK)
    return _picked(event)


def _picked(event: Any) -> str | None:
    chosen = event.selection.get(PICK) or []
    return chosen[0].get("at") if chosen else None


def _names(first: date) -> list[str]:
    return [say("page.week.column", weekday=weekday(day.weekday()), day=day) for day in days_from(first)]


def _row(mark: Mark, hours: tuple[int, int]) -> tuple[Any, ...]:
    top, bottom = max(mark.y, hours[0]), min(mark.y2, hours[1])
    ink = ink_on(mark.colour) if mark.opacity == 1 else "#000000" if mark.opacity >= BEHIND else "gray"
    label = mark.label if bottom - top >= 0.4 and mark.x2 - mark.x > 0.25 else ""  # noqa: PLR2004  # in hours, in days: room for a word
    return (
        mark.x,
        mark.x2,
        top,
        bottom,
        mark.day,
        mark.time,
        mark.what,
        mark.where,
        label,
        mark.at,
        mark.x2 - mark.x,
        ink,
        mark.opacity,
    )
