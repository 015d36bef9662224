"""Double bookings one by one: who, when, between what, why; and the way to the explanation of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st
from components.audit import cause_words
from components.days import span_of
from components.dialogs import open_why
from components.rows import Act, part_of, show_acts_below
from data import Key, Row, one_line, say

if TYPE_CHECKING:
    import pandas as pd

HEADINGS = ["page.book.when", "page.user", "page.audit.between", "page.audit.cause"]


def show_findings(found: pd.DataFrame, zones: Mapping[Key, str]) -> None:
    """The findings, in order of time: each as clocks where its user is show it, as their explanation does."""
    part = part_of(range(len(found)), "findings")
    shown = found.iloc[part.start : part.stop].to_dict("records")
    several = len({zones[_key(row)] for row in shown}) > 1
    texts = [
        (
            "\n".join([span_of(row["starts_at"], row["ends_at"], zones[_key(row)]), *([zones[_key(row)]] if several else [])]),
            f"{one_line(row['name'])}\n{row['sub_account']}/{row['user_id']}",
            f"{_side(row, 'first')}\n{_side(row, 'second')}",
            f"{_cause(row)}\n{row['says']}",
        )
        for row in shown
    ]
    show_acts_below(HEADINGS, [6, 4, 3, 5], texts, [_why(row) for row in shown])
    if shown and not several:
        st.caption(say("page.zone", zone=zones[_key(shown[0])]))


def _key(row: Row) -> Key:
    return row["sub_account"], row["user_id"]


def _cause(row: Row) -> str:
    """In a few words; where an event of ours was moved onto something, not those for two that are none of ours."""
    return say("page.cause.EXTERNAL_ONLY.DRIFT") if row["says"] == say("audit.EXTERNAL_ONLY.DRIFT") else cause_words(row["cause"])


def _side(row: Row, which: str) -> str:
    """One of the two: the calendar it comes from, or what made it; of another sub-account's, that it is elsewhere."""
    source = row[f"{which}_source"]
    return (one_line(row[f"{which}_calendar"]) if source == "external" else "") or say(f"page.source.{source}")


def _why(row: Row) -> Act:
    def draw(place: Any) -> None:
        if place.button(say("page.audit.why"), key=f"why_{row['finding_id']}"):
            open_why((row["sub_account"], row["user_id"]), row["finding_id"], "30m")

    return draw
