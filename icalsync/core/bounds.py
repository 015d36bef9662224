"""What reading one object may cost, and the signal that it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets for one calendar object; what passes them is quarantined, never half read (faults D5 to D11, D31, D32)."""

    object_bytes: int = 24_000_000
    """Raw size; above it nothing is read at all."""
    property_chars: int = 1_000_000
    """Length of one property that matters; descriptions and attachments are skipped whatever their size."""
    summary_chars: int = 1_000
    """A longer title is cut."""
    components: int = 20_000
    """Components of any kind in one object."""
    depth: int = 16
    """Components inside components."""
    dates: int = 20_000
    """RDATE and EXDATE values of one event."""
    instances: int = 20_000
    """Occurrences within one window."""
    steps: int = 400_000
    """Days or occurrences a rule may walk through to reach the window (only a COUNT makes it walk)."""


class Unreadable(ValueError):
    """A part of an object that cannot be understood: an upper-case code and a detail without any title.

    Not an error of the product: ``core.reading`` ends it as a ``Rejected`` value.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
