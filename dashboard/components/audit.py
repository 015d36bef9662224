"""Double bookings by cause and week by week, as pictures; the lists below say the same in words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st
from components.colours import CAUSES, scale
from components.listing import listing
from components.spans import lasting
from data import day, knows, number, say

ROOM: Final = 7
"""So many dates can stand side by side."""
CROWDED: Final = 26
"""Of more dates than these some are left out."""
WIDEST: Final = 36
"""Width of a bar at most, in pixels."""


def cause_words(cause: str) -> str:
    """A cause's code in a few words."""
    key = f"page.cause.{cause}"
    return say(key) if knows(key) else cause


def show_causes(frame: pd.DataFrame) -> None:
    """How many double bookings each cause made."""
    listing(
        ["page.audit.cause", "page.audit.findings", "page.audit.overlap", "page.audit.share"],
        [5, 3, 3, 2],
        [
            (
                cause_words(row["cause"]),
                number(row["findings"]),
                lasting(timedelta(minutes=row["minutes"])),
                f"{number(row['share'] * 100)} %",
            )
            for row in frame.to_dict("records")
        ],
    )


def weeks_of(frame: pd.DataFrame, start: date, end: date) -> list[str]:
    """Every week that is looked at, by its Monday: those without any double booking, too."""
    mondays = [each - timedelta(days=each.weekday()) for each in (start, max(start, end - timedelta(days=1)))]
    first, last = min(pd.Timestamp(mondays[0]), frame["week"].min()), max(pd.Timestamp(mondays[1]), frame["week"].max())
    return [day(week) for week in pd.date_range(first, last, freq="7D")]


def show_trend(frame: pd.DataFrame, start: date, end: date) -> None:
    """A bar per week from ``start`` to ``end``, in the colours of the causes; as wide in a short span as in a long one."""
    codes = [code for code in CAUSES if code in set(frame["cause"])]
    colours = scale([cause_words(code) for code in codes], [CAUSES[code] for code in codes])
    marks = frame.assign(cause=frame["cause"].map(cause_words), week=frame["week"].map(day))
    weeks = weeks_of(frame, start, end)
    week = alt.Axis(labelAngle=0 if len(weeks) <= ROOM else -60, labelOverlap=len(weeks) > CROWDED)
    titles = {"week": say("page.audit.week"), "cause": say("page.audit.cause"), "findings": say("page.audit.findings")}
    chart = (
        alt.Chart(marks, height=340, description=say("page.audit.trend_picture"))
        .mark_bar(stroke="gray", strokeWidth=0.4, size=alt.ExprRef(f"min({WIDEST}, 0.8 * width / {len(weeks)})"))
        .encode(
            x=alt.X("week:N", title=titles["week"], scale=alt.Scale(domain=weeks), axis=week),
            y=alt.Y("findings:Q", title=titles["findings"], axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "cause:N", title=None, scale=colours, legend=alt.Legend(orient="bottom", columns=2, labelLimit=320, symbolStrokeWidth=0)
            ),
            tooltip=[alt.Tooltip(name, title=title) for name, title in titles.items()],
        )
    )
    st.altair_chart(chart, width="stretch")
