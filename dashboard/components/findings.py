"""Double bookings one by one: who, when, between what, why; and the way to the explanation of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.audit import cause_words
from components.days import span_of
from components.dialogs import open_why
from components.rows import Act, part_of, show_acts_below
from data import Row, one_line, say

if TYPE_CHECKING:
    import pandas as pd

HEADINGS = ["page.book.when", "page.user", "page.audit.between", "page.audit.cause"]


def show_findings(found: pd.DataFrame, zone: str) -> None:
    """The findings, in order of time."""
    part = part_of(range(len(found)), "findings")
    shown = found.iloc[part.start : part.stop].to_dict("records")
    texts = [
        (
            span_of(row["starts_at"], row["ends_at"], zone),
            f"{one_line(row['name'])}\n{row['sub_account']}/{row['user_id']}",
            f"{_side(row, 'first')}\n{_side(row, 'second')}",
            f"{cause_words(row['cause'])}\n{row['says']}",
        )
        for row in shown
    ]
    show_acts_below(HEADINGS, [4, 4, 3, 6], texts, [_why(row) for row in shown])


def _side(row: Row, which: str) -> str:
    """One of the two: the calendar it comes from, or what made it; of another sub-account's, that it is elsewhere."""
    source = row[f"{which}_source"]
    return (one_line(row[f"{which}_calendar"]) if source == "external" else "") or say(f"page.source.{source}")


def _why(row: Row) -> Act:
    def draw(place: Any) -> None:
        if place.button(say("page.audit.why"), key=f"why_{row['finding_id']}"):
            open_why((row["sub_account"], row["user_id"]), row["finding_id"], "30m")

    return draw
