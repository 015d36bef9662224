"""Names from outside as a sentence can hold them: on one line, and not turning the words around them."""

from __future__ import annotations

import unicodedata
from typing import Final

_TURNING: Final = dict.fromkeys(map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
"""Marks that turn the direction of writing: they would make a name read as something else (Unicode's report 9, 2.1 to 2.6)."""
_TURNING_SENTENCES: Final = {mark: None for mark in _TURNING if chr(mark) not in "\u2068\u2069"}
_UNSEEN: Final = dict.fromkeys(map(ord, "\u200b\u2060\ufeff"))
"""Marks without width, which make two names of one; those that join letters or signs stay."""
_ISOLATED: Final = "\u2068{}\u2069"
_LEFTWARD: Final = frozenset({"R", "AL"})


def unturned(text: str) -> str:
    """A text without marks that turn its direction, and otherwise as it is."""
    return text.translate(_TURNING)


def plain(text: str) -> str:
    """A sentence of ours without marks that turn its direction; names it isolates (``named``) stay isolated."""
    return text.translate(_TURNING_SENTENCES)


def one_line(text: str | None) -> str:
    """A name or reason on one line, without control characters, without marks that turn its direction and without unseen ones."""
    words = " ".join(unturned(text or "").translate(_UNSEEN).split())
    return "".join(letter for letter in words if unicodedata.category(letter) != "Cc")


def named(text: str | None) -> str:
    """The same to stand in a sentence: what is written from right to left stays among its own letters (FSI … PDI)."""
    line = one_line(text)
    return _ISOLATED.format(line) if any(unicodedata.bidirectional(letter) in _LEFTWARD for letter in line) else line
