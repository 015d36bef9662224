"""The form of an app-specific password (R1): checked before anything is sent."""

from __future__ import annotations

import re
from typing import Final

_LETTERS: Final = re.compile(r"[A-Za-z]{16}")
_DASHED: Final = re.compile(r"[A-Za-z]{4}(-[A-Za-z]{4}){3}")


def app_specific(text: str) -> str | None:
    """The password in its dashed form, surrounding blanks dropped; None for anything that is not app-specific."""
    text = text.strip()
    if _DASHED.fullmatch(text):
        return text
    if _LETTERS.fullmatch(text):
        return "-".join(text[i : i + 4] for i in range(0, 16, 4))
    return None
