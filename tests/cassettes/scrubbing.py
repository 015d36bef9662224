"""Scrubbing, before anything is written: what a recording says about an account and its owner is replaced, and what it proves is kept.

Text is replaced in place, so that the servers' own XML (prefixes, CDATA, blanks, order) is what is replayed.
"""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from icalsync.caldav.hosts import DEFAULT_PORTS
from tests.cassettes.calendar_text import uids_in, without_private_words
from tests.cassettes.invented import DSID, ELEMENTS, FEEDS, HOST, NAMESPACES, NEXT_PORT, ORIGIN, REQUEST_HEADERS, RESPONSE_HEADERS
from tests.cassettes.stand_ins import StandIns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ADDRESS: Final = re.compile(r"(?:https?|webcals?)://[^/\s<>\"'&;,]+[^\s<>\"']*")
EMAIL: Final = re.compile(r"[A-Za-z0-9._+-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
UUID: Final = re.compile(r"(?<![0-9A-Fa-f-])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f-])")
HEX: Final = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{32,}|[0-9A-F]{32,})(?![0-9A-Za-z])")
TOKEN: Final = re.compile(r"HwoQ[A-Za-z0-9+/]{12,}={0,2}")
DSIDS: Final = re.compile(r"/(\d{6,})/(?:calendars|principal)\b")
LEAF: Final = re.compile(r"<((?:[\w.-]+:)?([\w.-]+))((?:\s[^<>]*)?)>(<!\[CDATA\[.*?\]\]>|[^<>]+)</\1>", re.DOTALL)
_REALM: Final = re.compile(r'realm="[^"]*"')
_APPLES_REALM: Final = 'realm="MMCalDav"'


@dataclass(frozen=True)
class Private:
    """What the recorder knows to be somebody's."""

    url: str
    account: str
    password: str = field(repr=False)
    calendar: str
    """The display name of the calendar that is told as ``Work``."""


class Scrubber:
    """Scrubs all recordings of one account, so that what is the same stays the same from one to the next."""

    def __init__(self, private: Private) -> None:
        self._private = private
        self._names = StandIns(account=private.account, calendar=private.calendar)
        self._origins: dict[tuple[str, int], str] = {}
        self._origin_of(private.url)
        self._dsids: set[str] = set()

    @property
    def account(self) -> str:
        """What the account is called now."""
        return self._names.account

    def learn(self, exchanges: Iterable[tuple[Any, Mapping[str, Any]]]) -> None:
        """Note what stands for a person somewhere and must go everywhere: account numbers, UIDs. Before anything is scrubbed."""
        for request, response in exchanges:
            told = [value for values in response["headers"].values() for value in _values(values)]
            for text in (request.uri, _text(request.body), _text(response["body"]["string"]), *told):
                self._dsids |= set(DSIDS.findall(text))
                for uid in uids_in(text):
                    self._names.uid(html.unescape(uid))

    def forbidden(self) -> set[str]:
        """Words of the account that must be nowhere afterwards, in any spelling."""
        account, password = self._private.account, self._private.password
        pair = base64.b64encode(f"{account}:{password}".encode()).decode().rstrip("=")
        return {account, quote(account, safe=""), password, password.replace("-", ""), pair, *self._dsids} - {DSID}

    def scrubbed(self, request: Any, response: Mapping[str, Any]) -> dict[str, Any]:
        """One exchange as a cassette keeps it (vcrpy's format 1)."""
        status, headers = response["status"], response["headers"]
        return {
            "request": {
                "method": request.method,
                "uri": self.text(request.uri),
                "headers": self._headers(request.headers, REQUEST_HEADERS),
                "body": self.text(_text(request.body)) or None,
            },
            "response": {
                "status": {"code": status["code"], "message": status["message"]},
                "headers": self._headers(headers, RESPONSE_HEADERS),
                "body": {"string": self._answer(_text(response["body"]["string"]), status["code"])},
            },
        }

    def text(self, text: str) -> str:
        """Any text without what is private."""
        for uid, stand_in in self._names.renamed_uids().items():
            for spelling in (uid, quote(uid), quote(uid, safe="")):
                text = re.sub(rf"(?<![\w-]){re.escape(spelling)}(?![\w-])", stand_in, text)
        text = without_private_words(text, self._names)
        text = LEAF.sub(self._leaf, text)
        text = ADDRESS.sub(lambda match: self._address(match[0]), text)
        text = EMAIL.sub(self._email, text)
        for dsid in self._dsids:
            text = re.sub(rf"(?<!\w){dsid}(?!\w)", DSID, text)
        if "@" not in self._private.account:
            text = re.sub(rf"(?<![\w.-]){re.escape(self._private.account)}(?![\w.-])", self.account, text)
        text = UUID.sub(lambda match: self._names.uuid(match[0]), text)
        text = TOKEN.sub(lambda match: self._names.token(match[0]), text)
        return HEX.sub(lambda match: self._names.digits(match[0]), text)

    def _answer(self, body: str, status: int) -> str:
        """A page made for people says nothing to a client but that it is one; other text that is no XML says nothing at all."""
        if "<html" in body[:500].lower():
            return f"<html><head><title>{status}</title></head><body></body></html>"
        return self.text(body) if body.lstrip("\ufeff \r\n\t").startswith(("<", "BEGIN:VCALENDAR")) else ""

    def _headers(self, headers: Mapping[str, Any], allowed: frozenset[str]) -> dict[str, list[str]]:
        kept = {name: _values(value) for name, value in headers.items() if name.lower() in allowed}
        if not any(name.lower() == "retry-after" for name in kept):
            kept = {name: values for name, values in kept.items() if name.lower() != "date"}  # it is only read beside Retry-After (H16)
        return {_spelled(name): [self._header(name, value) for value in values] for name, values in sorted(kept.items())}

    def _header(self, name: str, value: str) -> str:
        if name.lower() == "www-authenticate":
            return value if _APPLES_REALM in value else _REALM.sub('realm="realm"', value)
        return self.text(value)

    def _leaf(self, match: re.Match[str]) -> str:
        tag, local, attributes, inner = match.groups()
        if local == "displayname":
            plain = html.unescape(inner.removeprefix("<![CDATA[").removesuffix("]]>")).strip()
            inner = html.escape(self._names.name(plain), quote=False) if plain else inner
        elif local not in ELEMENTS:
            inner = "" if inner.strip() else inner
        return f"<{tag}{attributes}>{inner}</{tag}>"

    def _email(self, match: re.Match[str]) -> str:
        at = "%40" if "%40" in match[0] else "@"
        return self._names.address(match[0].replace("%40", "@")).replace("@", at)

    def _address(self, address: str) -> str:
        if address.startswith(NAMESPACES):
            return address
        parts = urlsplit(address)
        origin = self._origin_of(address) if parts.scheme in DEFAULT_PORTS else None
        if origin is None:
            return f"{parts.scheme}://{FEEDS}/{self._names.feed(address)}.ics"
        return origin + address.partition("://")[2].removeprefix(parts.netloc)

    def _origin_of(self, address: str) -> str | None:
        """The test host, on a port of its own for each further host of the account's site; None for another site."""
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
        if host in {HOST, FEEDS}:
            return f"{parts.scheme}://{parts.netloc}"
        home = urlsplit(self._private.url).hostname or ""
        if host != home and not _same_domain(host, home):
            return None
        place = (host, parts.port or DEFAULT_PORTS[parts.scheme])
        further = f"{ORIGIN}:{NEXT_PORT + len(self._origins) - 1}"
        return self._origins.setdefault(place, ORIGIN if not self._origins else further)


def _same_domain(host: str, home: str) -> bool:
    """Whether both are hosts of iCloud, or of one domain given by name."""
    if not home or home.replace(".", "").isdigit():
        return False
    domain = home.partition(".")[2]
    return "." in domain and (host == domain or host.endswith("." + domain))


def _text(body: bytes | str | None) -> str:
    return body.decode("utf-8") if isinstance(body, bytes) else body or ""


def _values(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in value]


def _spelled(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
