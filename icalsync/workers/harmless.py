"""Which objects cannot run away: their size alone bounds what reading them costs, so they need no process of their own."""

from __future__ import annotations

import re
from typing import Final

SMALL: Final = 16 * 1024
"""Bytes. The slowest object of this size that was found (carriage returns alone) takes a tenth of a second."""
MOST_ZONES: Final = 4
MOST_RULES: Final = 2 * MOST_ZONES

_HIDING: Final = b"\r\n \t\0"
"""What folding, blanks or UTF-16 may put between the letters of a name."""
_RULE: Final = re.compile(r"RRULE|EXRULE")
_ZONE_RULE: Final = re.compile(
    r"RRULE:FREQ=YEARLY(?:;(?:BYMONTH=\d{1,2}+|BYDAY=[+-]?[1-5]?(?:MO|TU|WE|TH|FR|SA|SU)|UNTIL=\d{8}(?:T\d{6}Z?+)?+))*+(?![;,=\d])"
)
"""A rule as zone definitions have it: one day of a year, or some of one month. The part may end the text or be followed by another line."""


def is_harmless(raw: bytes) -> bool:
    """Whether an object is small and repeats nothing, or no more than a zone definition does (two days a year).

    Everything that could hide a rule counts as one, so an object may be taken for dangerous without being so, never the other way round.
    """
    if len(raw) > SMALL:
        return False
    text = raw.translate(None, _HIDING).decode("utf-8", "ignore").upper()  # upper() as the core does it: a dotless i becomes an I
    rules = len(_RULE.findall(text))
    if not rules:
        return text.count("VTIMEZONE") <= 2 * MOST_ZONES
    return rules <= MOST_RULES and text.count("VTIMEZONE") <= 2 * MOST_ZONES and len(_ZONE_RULE.findall(text)) == rules
