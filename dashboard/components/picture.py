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
from components.marks import Mark
from data import say

PICK: Final = "pick"
HOUR: Final = 36
"""Height of an hour, in pixels: half an hour has room for a word."""
_DAY: Final = 24
_COLUMNS: Final = ["x", "x2", "y", "y2", "day", "time", "what", "where", "label", "at", "room", "ink", "opacity"]


def show_week(marks: Sequence[Mark], first: date, key: str) -> str | None:
    """The picture; the moment that was clicked (ISO 8601), if one was. The list beside it says the same in words."""
    kinds = {mark.what: mark.colour for mark in marks}
    told = list(dict.fromkeys(mark.what for mark in marks if not mark.silent))
    frame = pd.DataFrame([_row(mark) for mark in marks], columns=_COLUMNS)
    earliest, latest = _span(marks)
    hours = alt.Scale(domain=[earliest, latest], nice=False, reverse=True)
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
    y = alt.Y("y:Q", title=None, scale=hours, axis=alt.Axis(labelExpr="datum.value + ':00'", values=list(range(earliest, latest + 1))))
    picked = alt.selection_point(name=PICK, fields=["at"], empty=False)
    base = alt.Chart(frame, height=HOUR * (latest - earliest) + 90, description=say("page.week.picture")).encode(
        x=x, x2="x2:Q", y=y, y2="y2:Q"
    )
    legend = alt.Legend(orient="top", columns=4, values=told, symbolType="square", symbolStrokeWidth=0, labelLimit=200)
    blocks = base.mark_rect(clip=True, cornerRadius=2, strokeOpacity=0.7, cursor="pointer").encode(
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


def _row(mark: Mark) -> tuple[Any, ...]:
    ink = ink_on(mark.colour) if mark.opacity == 1 else "gray"
    label = mark.label if mark.y2 - mark.y >= 0.4 and mark.x2 - mark.x > 0.25 else ""  # noqa: PLR2004  # in hours, in days: room for a word
    return (
        mark.x,
        mark.x2,
        mark.y,
        mark.y2,
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


def _span(marks: Sequence[Mark]) -> list[int]:
    """From the first to the last hour with anything in it, and a usual working day at least."""
    told = [mark for mark in marks if not mark.silent and mark.y2 - mark.y < _DAY]  # whole days say nothing about hours
    earliest, latest = min([8.0, *(mark.y for mark in told)]), max([18.0, *(mark.y2 for mark in told)])
    return [int(earliest), min(_DAY, -int(-latest // 1))]
