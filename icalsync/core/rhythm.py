"""An account's own rhythm: how far apart changes usually come, and when it has been silent for longer than it ever was. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

FEWEST: Final = 8
"""Changes from which on a rhythm can be told."""
SHORTEST: Final = timedelta(days=1)
"""Nobody is silent sooner: a night and a day off are no silence."""
MORE: Final = 1.5
"""Times the longest pause so far."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How far apart things come."""

    last_at: datetime
    usual_gap: timedelta
    """The median."""
    longest_gap: timedelta
    number: int

    def silent_for(self, now: datetime) -> timedelta | None:
        """For how long nothing came, where that is longer than the account's own rhythm explains; else None."""
        lasting = now - self.last_at
        if self.number < FEWEST or lasting < max(SHORTEST, self.longest_gap * MORE):
            return None
        return lasting


def rhythm_of(moments: Sequence[datetime]) -> Rhythm | None:
    """The rhythm of some moments, in order; None for fewer than two."""
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    if not gaps:
        return None
    return Rhythm(moments[-1], _middle(gaps), max(gaps), len(moments))


def _middle(gaps: Sequence[timedelta]) -> timedelta:
    """The median; of an even number, the lesser of the two in the middle."""
    return sorted(gaps)[(len(gaps) - 1) // 2]
