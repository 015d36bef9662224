"""Everything a page about one user's week needs, asked at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from components.days import DAYS
from data import Key, Row, ask

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Week:
    """What the library says about one user's seven days; every instant is in the user's zone."""

    slots: pd.DataFrame
    busy: pd.DataFrame
    stretches: pd.DataFrame
    coverage: Row
    freshness: list[Row]


def week_of(key: Key, first: date, length: str) -> Week:
    """Slots of ``length``, what blocks the rest, what the gaps are, and how complete and fresh that is, from ``first`` on."""
    end = first + timedelta(days=DAYS)
    return ask(
        lambda desk: Week(
            slots=desk.slots(*key, first, end, length=length),
            busy=desk.busy(*key, first, end),
            stretches=desk.stretches(*key, first, end),
            coverage=desk.coverage(*key, first, end),
            freshness=desk.freshness(*key),
        )
    )
