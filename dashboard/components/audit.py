"""Double bookings by cause and week by week, as pictures; the lists below say the same in words."""

from __future__ import annotations

from datetime import timedelta
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


def cause_words(cause: str) -> str:
    """A cause's code in a few words."""
    key = f"page.cause.{cause}"
    return say(key) if knows(key) else cause


def show_causes(frame: pd.DataFrame) -> None:
    """How many double bookings each cause made."""
    listing(
        ["page.audit.cause", "page.audit.findings", "page.audit.overlap", "page.audit.share"],
        [6, 2, 3, 2],
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


def show_trend(frame: pd.DataFrame) -> None:
    """A bar per week, also for weeks without any, in the colours of the causes."""
    codes = [code for code in CAUSES if code in set(frame["cause"])]
    colours = scale([cause_words(code) for code in codes], [CAUSES[code] for code in codes])
    marks = frame.assign(cause=frame["cause"].map(cause_words), week=frame["week"].map(day))
    weeks = [day(week) for week in pd.date_range(frame["week"].min(), frame["week"].max(), freq="7D")]
    week = alt.Axis(labelAngle=0 if len(weeks) <= ROOM else -60, labelOverlap=False)
    titles = {"week": say("page.audit.week"), "cause": say("page.audit.cause"), "findings": say("page.audit.findings")}
    chart = (
        alt.Chart(marks, height=340, description=say("page.audit.trend_picture"))
        .mark_bar(stroke="gray", strokeWidth=0.4)
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
