"""The heat map as a picture, as a table for whoever does not see it, and what open time is lost to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import pandas as pd
import streamlit as st
from components.colours import REASONS
from components.days import DAYS, name_of, weekday
from data import number, say

if TYPE_CHECKING:
    from collections.abc import Mapping

APART: Final = 0.12
"""Room between the cells, in parts of one, so that their outlines do not run into each other."""
CELL: Final = 26
"""Height of an hour, in pixels."""
LEGEND: Final = 320
"""Width of the legend, in pixels: its last figure has room."""
FIGURES: Final = ("open_minutes", "busy_minutes", "unknown_minutes")
BUFFER: Final = "#1B9E9E"


def by_weekday(frame: pd.DataFrame) -> pd.DataFrame:
    """The open hours of the week, each column a weekday."""
    shown = frame[frame["open_minutes"] > 0]
    return shown.assign(column=shown["weekday"].map(weekday), place=shown["weekday"])


def by_day(frame: pd.DataFrame) -> pd.DataFrame:
    """The open hours of each day, each column a day."""
    shown = frame[frame["open_minutes"] > 0]
    return shown.assign(column=shown["day"].map(lambda day: name_of(day.date())), place=shown["day"].map(lambda day: day.toordinal()))


def mostly_unknown(cells: pd.DataFrame) -> pd.Series:
    """Of which hours more is not known than is known to be free, and than is known to be taken: no share of them means anything (R12)."""
    unknown, taken = cells["unknown_minutes"], cells["busy_minutes"]
    return (unknown > 0) & (unknown >= cells["open_minutes"] - taken - unknown) & (unknown >= taken)


def in_words(cells: pd.DataFrame) -> pd.Series:
    """``40%``, with a question mark where something is not known: ``0% (?)`` is no free hour (R12)."""
    marks = [" (?)" if unknown > 0 else "" for unknown in cells["unknown_minutes"]]
    return pd.Series([f"{part:.0%}{mark}" for part, mark in zip(cells["share"], marks, strict=True)], index=cells.index, dtype="object")


def show_heat(cells: pd.DataFrame) -> None:
    """How much of each open hour is taken; grey where most is not known, an outline where less of it is not (R12)."""
    columns = list(dict.fromkeys(cells.sort_values("place")["column"]))
    hours = list(range(int(cells["hour"].min()), int(cells["hour"].max()) + 1))
    says = [
        f"{row['column']} {row['hour']:02}:00, {say('heat.cell', **{name: round(row[name]) for name in FIGURES})}"
        for _, row in cells.iterrows()
    ]
    part = alt.Color(
        "share:Q",
        title=say("heat.share"),
        # a full hour stands out from the ground: dark by day, bright by night
        scale=alt.Scale(domain=[0, 1], scheme="viridis", reverse=st.context.theme.type != "dark"),
        legend=alt.Legend(format=".0%", orient="bottom", values=[0, 0.25, 0.5, 0.75, 1], gradientLength=LEGEND),
    )
    partly = (alt.datum.unknown_minutes > 0) & ~alt.datum.unseen
    across = alt.Axis(orient="top", labelAngle=0 if len(columns) <= DAYS else -60, ticks=False)
    down = alt.Axis(labelExpr="datum.value + ':00'", labelOverlap=False, ticks=False)
    chart = (
        alt.Chart(
            cells.assign(says=says, unseen=mostly_unknown(cells)), height=CELL * len(hours) + 120, description=say("page.heat.picture")
        )
        .mark_rect(stroke="#ff4b4b")
        .encode(
            x=alt.X("column:N", title=None, scale=alt.Scale(domain=columns, paddingInner=APART), axis=across),
            y=alt.Y("hour:O", title=None, scale=alt.Scale(domain=hours, paddingInner=APART), axis=down),
            color=alt.condition(alt.datum.unseen, alt.value(REASONS["NOT_COVERED"]), part),
            strokeWidth=alt.condition(partly, alt.value(2), alt.value(0)),
            tooltip=[alt.Tooltip("says:N", title=say("page.week.what")), alt.Tooltip("share:Q", title=say("heat.share"), format=".0%")],
        )
    )
    st.altair_chart(chart, width="stretch")
    with st.expander(say("page.heat.as_table")):
        if (cells["unknown_minutes"] > 0).any():
            st.caption(say("page.heat.question"))
        st.table(
            cells.assign(text=in_words(cells))
            .pivot_table(index="hour", columns="column", values="text", aggfunc="first")[columns]
            .fillna("–")
        )


def show_lost(lost: Mapping[str, float]) -> None:
    """Hours of open time by what takes them, the most first."""
    causes = [(cause, minutes / 60) for cause, minutes in sorted(lost.items(), key=lambda item: -item[1]) if minutes]
    if not causes:
        st.text(say("page.heat.nothing_lost"))
        return
    frame = pd.DataFrame({"cause": [cause_words(cause) for cause, _ in causes], "hours": [hours for _, hours in causes]})
    frame["says"] = [say("page.heat.hours", hours=number(hours, 1)) for hours in frame["hours"]]
    colours: list[Any] = [REASONS.get(cause, BUFFER) for cause, _ in causes]
    base = alt.Chart(frame, height=30 * len(causes) + 20, description=say("page.heat.lost_picture")).encode(
        y=alt.Y("cause:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)), x=alt.X("hours:Q", title=None, axis=None)
    )
    bars = base.mark_bar(stroke="gray", strokeWidth=0.4).encode(
        color=alt.Color("cause:N", scale=alt.Scale(domain=list(frame["cause"]), range=colours), legend=None), tooltip=["cause:N", "says:N"]
    )
    st.altair_chart(bars + base.mark_text(align="left", dx=4, color="gray").encode(text="says:N"), width="stretch")


def cause_words(cause: str) -> str:
    """A cause of lost time in words: *Travel time*, *Buffer*."""
    if cause in {"BUFFER", "UNKNOWN"}:
        return say("page.heat.BUFFER" if cause == "BUFFER" else "page.heat.unknown")
    return say(f"page.reason.{cause}")
