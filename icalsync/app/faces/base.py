"""What every part of ``App`` stands on."""

from __future__ import annotations

from icalsync.app.parts import Parts


class Face:
    """One subject's methods over the doors of one database."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
