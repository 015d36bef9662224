"""A calendar object's text as it stands, line by line with its very bytes: for changing some lines and keeping all others (D38).

``core.ics`` reads what an object means, and drops what no answer needs; here nothing is dropped.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_PHYSICAL: Final = re.compile(rb"[^\r\n]*(?:\r+\n?|\n)|[^\r\n]+")
_FOLD: Final = re.compile(rb"(?:\r+\n?|\n)[ \t]")
_NAME: Final = re.compile(r"([A-Za-z0-9-]+)[ \t]*(?=[;:])")
_PARAMETERS: Final = re.compile(r'(?:[^":]|"[^"]*")*:')
_TZID: Final = re.compile(r';\s*TZID\s*=\s*"?([^";:]*)', re.IGNORECASE)
_ESCAPE: Final = re.compile(r"\\([nN,;\\])")
_MOST_BYTES: Final = 24_000_000
_DEEPEST: Final = 16
_OCTETS: Final = 75
"""RFC 5545 §3.1: a line is no longer than 75 octets, its break not counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """One content line, unfolded, and the bytes it was made of (with folds and line ends)."""

    raw: bytes
    text: str

    @property
    def name(self) -> str:
        """The property's name in upper case; empty for a line that is none."""
        match = _NAME.match(self.text)
        return "" if match is None else match.group(1).upper()

    @property
    def value(self) -> str:
        """What stands behind the first colon that is not quoted."""
        match = _PARAMETERS.match(self.text)
        return "" if match is None else self.text[match.end() :]

    @property
    def tzid(self) -> str | None:
        """The TZID parameter."""
        head = self.text[: len(self.text) - len(self.value)]
        match = _TZID.search(head)
        return None if match is None else match.group(1).strip()


@dataclass(frozen=True, slots=True)
class Block:
    """One component directly in the VCALENDAR: where it begins and ends, and its own property lines (not those of its alarms)."""

    name: str
    first: int
    last: int
    own: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A text whose frames are in order."""

    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]

    @property
    def events(self) -> tuple[Block, ...]:
        """The VEVENTs."""
        return tuple(block for block in self.blocks if block.name == "VEVENT")

    def properties(self, block: Block) -> tuple[Line, ...]:
        """A component's own lines."""
        return tuple(self.lines[number] for number in block.own)

    def uid(self, block: Block) -> str | None:
        """A component's UID (case-sensitive)."""
        return next((line.value.strip() for line in self.properties(block) if line.name == "UID"), None)

    def uids(self) -> frozenset[str]:
        """Those of its events."""
        return frozenset(uid for block in self.events if (uid := self.uid(block)))

    def zones(self) -> frozenset[str]:
        """The TZIDs it defines."""
        zones = (block for block in self.blocks if block.name == "VTIMEZONE")
        return frozenset(line.value.strip().strip('"') for block in zones for line in self.properties(block) if line.name == "TZID")


def read_source(raw: bytes) -> Source | None:
    """The text's lines and components; None where it is not one VCALENDAR with every BEGIN and END in its place, in UTF-8. Never raises."""
    if len(raw) > _MOST_BYTES or b"\0" in raw:
        return None
    lines = _lines(raw)
    return None if lines is None else _framed(lines)


def text_value(lines: Iterable[Line], name: str) -> str:
    """A TEXT property without its escapes (RFC 5545 §3.3.11); empty where there is none."""
    value = next((line.value for line in lines if line.name == name), "")
    return _ESCAPE.sub(lambda match: "\n" if match.group(1) in "nN" else match.group(1), value)


def escaped(text: str) -> str:
    """A text as the value of a TEXT property (RFC 5545 §3.3.11)."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str, end: bytes = b"\r\n") -> bytes:
    """A content line as it is sent: UTF-8, in pieces of at most 75 octets, none of which cuts a character (RFC 5545 §3.1)."""
    pieces: list[bytes] = []
    piece = b""
    for character in line:
        encoded = character.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _OCTETS:
            pieces.append(piece)
            piece = b" "
        piece += encoded
    return end.join([*pieces, piece]) + end


def _lines(raw: bytes) -> tuple[Line, ...] | None:
    """The logical lines; None where one is not UTF-8."""
    parts: list[list[bytes]] = []
    for piece in _PHYSICAL.findall(raw):
        if parts and piece[:1] in {b" ", b"\t"}:
            parts[-1].append(piece)
        else:
            parts.append([piece])
    try:
        return tuple(_line(b"".join(part)) for part in parts)
    except UnicodeDecodeError:
        return None


def _line(raw: bytes) -> Line:
    return Line(raw, _FOLD.sub(b"", raw.removeprefix(codecs.BOM_UTF8)).rstrip(b"\r\n").decode())


def _framed(lines: Sequence[Line]) -> Source | None:
    """The components, or None where frames do not match."""
    blocks: list[Block] = []
    opened: list[tuple[str, int]] = []
    own: list[int] = []
    calendars = 0
    for number, line in enumerate(lines):
        name = line.name
        if name == "BEGIN":
            opened.append((line.value.strip().upper(), number))
            calendars += len(opened) == 1
            if len(opened) > _DEEPEST or opened[0][0] != "VCALENDAR":
                return None
            own = [] if len(opened) == 2 else own  # noqa: PLR2004 - directly in the calendar
        elif name == "END":
            if not opened or opened[-1][0] != line.value.strip().upper():
                return None
            kind, first = opened.pop()
            if len(opened) == 1:
                blocks.append(Block(kind, first, number, tuple(own)))
        elif len(opened) == 2:  # noqa: PLR2004 - the same
            own.append(number)
        elif not opened and line.text.strip():
            return None
    return Source(tuple(lines), tuple(blocks)) if calendars == 1 and not opened else None
