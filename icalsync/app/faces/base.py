"""What every part of ``App`` stands on."""

from __future__ import annotations

from icalsync.app.parts import Parts


class Face:
    """One subject's methods over the doors of one database."""

    def __init__(self, parts: Parts, *, revealed_for: str | None = None) -> None:
        """``revealed_for``: why titles are shown in everything that is asked here (R18); None masks them."""
        self._parts = parts
        self._revealed_for = revealed_for
