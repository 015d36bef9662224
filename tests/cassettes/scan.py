"""The search for what must not stand in a cassette (S3); it knows nothing of how cassettes are scrubbed."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import yaml
from lxml import etree

from tests.cassettes.calendar_text import unfolded
from tests.cassettes.invented import (
    ACCOUNT,
    CALENDAR_TEXT,
    DOMAIN,
    DSID,
    ELEMENTS,
    FEEDS,
    HOST,
    KNOWN_PRODUCTS,
    NAME,
    NAMESPACES,
    NOTE,
    NOTES,
    PARAMETERS,
    PEOPLE,
    PLAIN_PROPERTIES,
    PLAIN_VALUE,
    PRODUCT,
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    TITLE,
    UID,
    ZONE,
    is_standard_zone,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
PASSWORD: Final = re.compile(r"\b[a-z]{4}(?:-[a-z]{4}){3}\b")
BASIC: Final = re.compile(r"\bBasic (?!realm=)\S+")
DSID_PATH: Final = re.compile(rf"/(?!{DSID}/)\d{{6,}}/(?:calendars|principal)\b")
LONG_NUMBER: Final = re.compile(r"(?<![\w\"./+=-])\d{8,11}(?![\w\"./+=-])|(?<=/)\d{8,11}(?=[/.]|$)")
EMAIL: Final = re.compile(r"[A-Za-z0-9._+-]+(?:@|%40)([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
URL: Final = re.compile(r"[a-z]+://[^\s<>\"']+")
APPLE: Final = re.compile(r"(?i)\b(?:icloud|me|mac|apple)\.com\b(?!/ns/|/_namespace/)")
NUMERIC_HOST: Final = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\blocalhost\b|\[::1\]")
PARAMETER: Final = re.compile(r";([A-Za-z0-9-]+)=(\"[^\"]*\"|[^;:\"]*)")
PROPERTY: Final = re.compile(rf"([A-Za-z0-9-]+)((?:{PARAMETER.pattern.replace('(', '(?:')})*):(.*)", re.DOTALL)
_PEOPLE: Final = re.compile(rf"(?:mailto:)?(?:{ACCOUNT}|person-\d+)@{re.escape(DOMAIN)}")


def findings(file: Path) -> list[str]:
    """Everything in a cassette that should not be there, each with its kind and a few characters of it; empty for a clean one."""
    text = file.read_text(encoding="utf-8")
    try:
        cassette = yaml.load(text, Loader=_LOADER)  # noqa: S506  # a safe loader, in C where there is one
    except yaml.YAMLError:
        return ["no YAML that can be searched"]
    whole = [f"{kind}: {hit[:60]}" for kind, hit in _anywhere(text)]
    return whole + (findings_in(cassette) if isinstance(cassette, dict) else ["no cassette"])


def findings_in(cassette: dict[str, Any], *, forbidden: Iterable[str] = ()) -> list[str]:
    """The same for a cassette in memory; ``forbidden`` are words the recorder knows to be private."""
    words = [word.lower() for word in forbidden]
    found: list[str] = []
    if not cassette.get("interactions"):
        found.append("empty: it holds no exchange")
    for interaction in cassette.get("interactions") or []:
        request, response = interaction["request"], interaction["response"]
        found += _headers(request["headers"], REQUEST_HEADERS) + _headers(response["headers"], RESPONSE_HEADERS)
        if urlsplit(request["uri"]).hostname != HOST:
            found.append(f"host: {request['uri'][:60]}")
        for body in (request["body"] or "", response["body"]["string"]):
            found += _body(body) if isinstance(body, str) else ["binary: a body that cannot be searched"]
    for text in _strings(cassette):
        found += [f"{kind}: {hit[:60]}" for kind, hit in _anywhere(text)]
        found += ["known: a word the recorder was told" for word in words if word in text.lower()]
    return found


def _strings(value: object) -> Iterator[str]:
    """Every text in a document, keys too: decoded, so that no line break of YAML hides anything."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(key)
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _anywhere(text: str) -> Iterator[tuple[str, str]]:
    """What must stand in no text at all."""
    for kind, pattern in (
        ("password", PASSWORD),
        ("credentials", BASIC),
        ("account number", DSID_PATH),
        ("host", APPLE),
        ("host", NUMERIC_HOST),
    ):
        yield from ((kind, hit) for hit in (match[0] for match in pattern.finditer(text)))
    yield from (("number", hit) for hit in LONG_NUMBER.findall(text) if hit != DSID and not _is_date(hit))
    yield from (("address", match[0]) for match in EMAIL.finditer(text) if match[1] != DOMAIN)
    for address in URL.findall(text):
        if not address.startswith(NAMESPACES) and urlsplit(address).hostname not in {HOST, FEEDS}:
            yield "host", address


def _is_date(digits: str) -> bool:
    try:
        dt.datetime.strptime(digits, "%Y%m%d").replace(tzinfo=dt.UTC)
    except ValueError:
        return False
    return True


def _headers(headers: dict[str, Any], allowed: frozenset[str]) -> list[str]:
    return [f"header: {name}" for name in headers if name.lower() not in allowed]


def _body(text: str) -> list[str]:
    """What is said in a body: calendars line by line, XML element by element, pages not at all."""
    found = [finding for match in CALENDAR_TEXT.finditer(text) for finding in _calendar(html.unescape(match[0]))]
    rest = CALENDAR_TEXT.sub("", text)
    if rest.strip():
        found += _page(rest) if "<html" in rest else _xml(rest)
    return found


def _page(text: str) -> list[str]:
    words = re.sub(r"<[^>]*>", " ", text).split()
    return [f"page: {' '.join(words)[:60]}"] if [word for word in words if not word.isdigit()] else []


def _xml(text: str) -> list[str]:
    try:
        root = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return [f"text: {text.strip()[:60]}"]
    found = []
    for element in root.iter("*"):
        said, local = (element.text or "").strip(), etree.QName(element).localname
        said = said.strip()
        if said and local not in ELEMENTS:
            found.append(f"element {local}: {said[:60]}")
        if said and local == "displayname" and not NAME.fullmatch(said):
            found.append(f"name: {said[:60]}")
    return found


def _calendar(text: str) -> list[str]:
    return [f"calendar {found}" for line in unfolded(text) if (found := _line(line)) is not None]


def _line(line: str) -> str | None:
    """What a content line says that it should not, behind its property's name."""
    match = PROPERTY.fullmatch(line)
    if match is None:
        return f"text: {line[:60]}"
    name, value = match[1].upper(), match[3]
    for key, said in PARAMETER.findall(match[2]):
        if key.upper() not in PARAMETERS or not (_is_zone(said.strip('"')) if key.upper() == "TZID" else PLAIN_VALUE.fullmatch(said)):
            return f"{name};{key}: {said[:60]}"
    allowed: dict[str, Callable[[str], object]] = {
        "SUMMARY": TITLE.fullmatch,
        "UID": UID.fullmatch,
        "TZID": _is_zone,
        "PRODID": lambda said: said == PRODUCT or said.startswith(KNOWN_PRODUCTS),
        **dict.fromkeys(NOTES, NOTE.fullmatch),
        **dict.fromkeys(PEOPLE, _PEOPLE.fullmatch),
        **dict.fromkeys(PLAIN_PROPERTIES, PLAIN_VALUE.fullmatch),
    }
    return None if name in allowed and allowed[name](value) else f"{name}: {value[:60]}"


def _is_zone(name: str) -> bool:
    return is_standard_zone(name) or ZONE.fullmatch(name) is not None
