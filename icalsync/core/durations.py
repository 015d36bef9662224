"""Lengths of time as people and RFC 5545 write them: ``30m``, ``1h30m``, ``2d``, ``PT30M``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from icalsync.errors import InvalidInput

_SHORT: Final = re.compile(r"(?:(\d{1,5})w)?(?:(\d{1,6})d)?(?:(\d{1,7})h)?(?:(\d{1,8})m(?:in)?)?(?:(\d{1,9})s)?", re.ASCII)
_ISO: Final = re.compile(r"p(?:(\d{1,5})w)?(?:(\d{1,6})d)?(?:t(?:(\d{1,7})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?)?", re.ASCII)
LONGEST: Final = timedelta(days=3660)
"""Ten years: anything longer is a slip of the keyboard, and would only overflow later."""


def parse_duration(text: str, *, what: str = "duration") -> timedelta:
    """A length of time, zero or more, at most ten years; ``InvalidInput`` naming ``what`` for anything else."""
    plain = "".join(text.lower().split())
    if plain == "0":
        return timedelta()
    match = _ISO.fullmatch(plain) if plain.startswith("p") else _SHORT.fullmatch(plain)
    if match is None or not any(match.groups()):
        raise InvalidInput(what=what, value=text, why="it needs a number and a unit, for example 30m, 1h30m, 2d or PT30M")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    if length > LONGEST:
        raise InvalidInput(what=what, value=text, why="it is longer than ten years")
    return length


def format_duration(length: timedelta) -> str:
    """The shortest text that ``parse_duration`` reads back as the same length; ``0m`` for none."""
    seconds = int(length.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0m"
