"""Bytes to logical lines (RFC 5545 §3.1), forgiving what real clients write: D28 to D31."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

from icalsync.core.bounds import Limits, Unreadable

WANTED: Final = frozenset(
    b"BEGIN END UID DTSTART DTEND DURATION RRULE RDATE EXDATE EXRULE RECURRENCE-ID SEQUENCE DTSTAMP SUMMARY STATUS TRANSP ATTENDEE"
    b" X-MICROSOFT-CDO-BUSYSTATUS X-APPLE-TRAVEL-DURATION TZID TZOFFSETFROM TZOFFSETTO".split()
)
"""The properties an answer can depend on; every other line is dropped before it costs anything."""

_BREAK: Final = re.compile(rb"\r+\n?")
"""A run of CRs is one break, with or without its LF; looking for the LF from each of them would take the square of their number."""
_FOLD: Final = re.compile(rb"\n[ \t]")
_NAME: Final = re.compile(rb"[ \t]*([A-Za-z0-9-]+)[ \t]*[;:]")
_UTF16: Final = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def logical_lines(raw: bytes, limits: Limits, flags: set[str]) -> Iterator[str]:
    """The unfolded lines that matter, as text; ``Unreadable`` (TOO_LARGE) where one is longer than allowed.

    Bytes are unfolded before they are decoded, because a fold may cut a character in two (D30). CR, LF, CRLF and CRCRLF all end a line.
    What is not UTF-8 is read as Windows-1252, NUL bytes are dropped; both are flagged.
    """
    for line in _unfolded(raw, flags):
        match = _NAME.match(line)
        if match is None or match.group(1).upper() not in WANTED:
            continue
        if len(line) > limits.property_chars:
            if match.group(1).upper() not in {b"SUMMARY", b"ATTENDEE"}:
                raise Unreadable("TOO_LARGE", f"{match.group(1).decode()} has {len(line)} bytes")
            flags.add("TRUNCATED")
            line = line[: limits.property_chars]  # noqa: PLW2901 - the rest of a title says nothing about time
        yield _text(line, flags)


def _unfolded(raw: bytes, flags: set[str]) -> list[bytes]:
    body = raw.removeprefix(codecs.BOM_UTF8)
    body = _from_utf16(body, flags)
    if b"\0" in body:
        flags.add("ENCODING")
        body = body.replace(b"\0", b"")
    if b"\r" in body:
        body = _BREAK.sub(b"\n", body)
    return _FOLD.sub(b"", body).split(b"\n")


def _from_utf16(body: bytes, flags: set[str]) -> bytes:
    encoding = next((name for mark, name in _UTF16 if body.startswith(mark)), None)
    if encoding is None and len(body) > 1 and b"\0" in body[:2]:
        encoding = "utf-16-be" if body[0] == 0 else "utf-16-le"
    if encoding is None:
        return body
    flags.add("ENCODING")
    return body.decode(encoding, "replace").removeprefix("\ufeff").encode("utf-8", "replace")


def _text(line: bytes, flags: set[str]) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        flags.add("ENCODING")
        return line.decode("cp1252", "replace")
