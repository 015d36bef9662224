"""Colours that people who see red and green alike can tell apart, on light and on dark ground: by Okabe and Ito, and by Tol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import altair as alt

FREE: Final = "#009E73"
REASONS: Final = {
    "BUSY": "#0072B2",
    "ALL_DAY": "#56B4E9",
    "OWN_APPOINTMENT": "#D55E00",
    "BLOCKED_SLOT": "#882255",
    "UNANSWERED": "#F0E442",
    "TENTATIVE": "#E69F00",
    "TRAVEL": "#CC79A7",
    "DRIFT": "#332288",
    "UNREADABLE": "#707070",
    "NOT_COVERED": "#BDBDBD",
}
"""By reason of a busy row."""
CAUSES: Final = {
    "LATE_ARRIVAL": "#0072B2",
    "RACE": "#D55E00",
    "SOURCE_DOWN": "#CC79A7",
    "NOT_A_CONFLICT_CALENDAR": "#E69F00",
    "RULE_LET_IT_THROUGH": "#56B4E9",
    "ZONE_SHIFT": "#F0E442",
    "FORCED": "#882255",
    "CROSS_SUB_ACCOUNT": "#009E73",
    "EXTERNAL_ONLY": "#707070",
}
"""By cause of a double booking."""
SERIES: Final = ("#0072B2", "#E69F00", "#56B4E9", "#CC79A7", "#F0E442", "#332288", "#D55E00", "#882255", "#707070", "#BDBDBD")
"""For what has no colour of its own, such as calendars."""
_PALE: Final = frozenset({"#D55E00", "#56B4E9", "#F0E442", "#E69F00", "#CC79A7", "#BDBDBD", "#009E73"})


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on it (WCAG 1.4.3)."""
    return "#000000" if colour in _PALE else "#ffffff"


def scale(words: Sequence[str], colours: Sequence[str]) -> alt.Scale:
    """Each word with its colour; what comes after the last colour begins anew."""
    return alt.Scale(domain=list(words), range=[colours[number % len(colours)] for number in range(len(words))])
