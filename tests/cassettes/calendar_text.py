"""iCalendar text without what it says about a person: dates, rules and states stay, titles and people do not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tests.cassettes.invented import (
    CALENDAR_TEXT,
    KNOWN_PRODUCTS,
    LINE_END,
    NOTES,
    PARAMETERS,
    PEOPLE,
    PLAIN_PROPERTIES,
    PLAIN_VALUE,
    PRODUCT,
    is_standard_zone,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cassettes.stand_ins import StandIns

_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_PARAMETER: Final = re.compile(r";([A-Za-z0-9-]+)=((?:&quot;|\").*?(?:&quot;|\")|[^;:]*)")


def unfolded(text: str) -> list[str]:
    """The content lines (RFC 5545 §3.1), whichever way their ends are spelled in XML."""
    lines: list[str] = []
    for line in LINE_END.split(text):
        if line[:1] in {" ", "\t"} and lines:
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return lines


def without_private_words(text: str, stand_ins: StandIns) -> str:
    """The same text with every calendar in it scrubbed."""
    return CALENDAR_TEXT.sub(lambda match: _calendar(match[0], stand_ins), text)


def uids_in(text: str) -> list[str]:
    """The UIDs of every calendar in a text."""
    lines = [line for match in CALENDAR_TEXT.finditer(text) for line in unfolded(match[0])]
    return [line.partition(":")[2] for line in lines if re.match(r"UID[;:]", line, re.IGNORECASE)]


def _calendar(text: str, stand_ins: StandIns) -> str:
    end = LINE_END.search(text)
    lines = [_line(line, stand_ins) for line in unfolded(text)]
    return (end[0] if end else "").join(line for line in lines if line is not None)


def _line(line: str, stand_ins: StandIns) -> str | None:
    """A content line as it may be kept; None where nothing of it may be."""
    match = _NAME.match(line)
    if match is None:
        return None
    name, (parameters, value) = match[0].upper(), _parted(line[match.end() :])
    texts: dict[str, Callable[[str], str]] = {
        "SUMMARY": stand_ins.title,
        "UID": stand_ins.uid,
        "TZID": lambda said: _zone(said, stand_ins),
        "PRODID": lambda said: said if said.startswith(KNOWN_PRODUCTS) else PRODUCT,
        **dict.fromkeys(NOTES, stand_ins.note),
    }
    if name in texts:
        return f"{match[0]}:{texts[name](value)}"
    kept = "".join(f";{key}={_parameter(key, text, stand_ins)}" for key, text in parameters if key.upper() in PARAMETERS)
    if name in PEOPLE:
        return f"{match[0]}{kept}:{stand_ins.person(value)}"
    return f"{match[0]}{kept}:{value}" if name in PLAIN_PROPERTIES and PLAIN_VALUE.fullmatch(value) else None


def _parted(rest: str) -> tuple[list[tuple[str, str]], str]:
    parameters = []
    while match := _PARAMETER.match(rest):
        parameters.append((match[1], match[2]))
        rest = rest[match.end() :]
    return parameters, rest.partition(":")[2]


def _parameter(key: str, text: str, stand_ins: StandIns) -> str:
    if key.upper() == "TZID":
        return _zone(text.replace("&quot;", "").strip('"'), stand_ins)
    return text if PLAIN_VALUE.fullmatch(text) else ""


def _zone(name: str, stand_ins: StandIns) -> str:
    return name if is_standard_zone(name) else stand_ins.zone(name)
