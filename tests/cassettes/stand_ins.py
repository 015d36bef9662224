"""Invented words for private ones: the same for the same, numbered as they are met, so that a recording stays true to itself."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from typing import Final

from tests.cassettes.invented import ACCOUNT, CALENDAR, DOMAIN, NOTE, TITLE, UID, ZONE

_TOKEN_BEGINS: Final = "HwoQ"


class StandIns:
    """What replaces what, for all recordings of one account."""

    def __init__(self, *, account: str, calendar: str) -> None:
        self._account = account.lower()
        self._given: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._given["name"][calendar] = CALENDAR

    @property
    def account(self) -> str:
        """The account's name: an address where it was one."""
        return f"{ACCOUNT}@{DOMAIN}" if "@" in self._account else ACCOUNT

    def name(self, value: str) -> str:
        """A display name, of a calendar or of a person; never kept, for anybody's calendar may be called ``Name 1``."""
        return self._numbered("name", value, "Name {}", first=0)

    def title(self, value: str) -> str:
        """A SUMMARY."""
        return value if TITLE.fullmatch(value) else self._numbered("title", value, "Title {}")

    def note(self, value: str) -> str:
        """A DESCRIPTION, LOCATION or COMMENT."""
        return value if NOTE.fullmatch(value) else self._numbered("note", value, "Text {}")

    def zone(self, value: str) -> str:
        """A TZID that is nobody's standard."""
        return value if ZONE.fullmatch(value) else self._numbered("zone", value, "Zone {}")

    def uid(self, value: str) -> str:
        """A UID; UUIDs among them are replaced as UUIDs, wherever they stand."""
        if UID.fullmatch(value):
            return value
        return self.uuid(value) if is_uuid(value) else self._numbered("uid", value, "uid-{}")

    def uuid(self, value: str) -> str:
        """A UUID, in digits alone: case and order of appearance are all that is left of it."""
        return value if UID.fullmatch(value) else self._numbered("uuid", value.lower(), "00000000-0000-4000-8000-{:012d}")

    def person(self, value: str) -> str:
        """A calendar user address; the account's own stays recognisable as such."""
        address = value.lower().removeprefix("mailto:").replace("%40", "@")
        return f"mailto:{self.address(address)}"

    def address(self, value: str) -> str:
        """An e-mail address."""
        if value.endswith(f"@{DOMAIN}"):
            return value
        return self.account if value.lower() == self._account else self._numbered("person", value.lower(), "person-{}@" + DOMAIN)

    def feed(self, value: str) -> str:
        """Another site's address, as a number."""
        return self._numbered("feed", value, "{}")

    def digits(self, value: str) -> str:
        """A long hexadecimal mark (ETags, tokens, ids of shared calendars), as long as it was."""
        number = int(self._numbered("hex", value.lower(), "{}"))
        return (hashlib.sha512(f"hex {number}".encode()).hexdigest() * 8)[: len(value)]

    def token(self, value: str) -> str:
        """One of iCloud's sync tokens, in the shape it had (icloud.md §2.2)."""
        number = int(self._numbered("token", value, "{}"))
        bare = value.rstrip("=")
        body = base64.b64encode(hashlib.shake_256(f"token {number}".encode()).digest(len(value))).decode()
        return _TOKEN_BEGINS + body[: len(bare) - len(_TOKEN_BEGINS)] + "=" * (len(value) - len(bare))

    def renamed_uids(self) -> dict[str, str]:
        """UIDs that were replaced and are no UUIDs: they stand in paths, too."""
        return dict(self._given["uid"])

    def _numbered(self, kind: str, value: str, form: str, *, first: int = 1) -> str:
        given = self._given[kind]
        return given.setdefault(value, form.format(len(given) + first))


def is_uuid(value: str) -> bool:
    """Whether a text has the form 8-4-4-4-12."""
    parts = value.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(set(part.lower()) <= set("0123456789abcdef") for part in parts)
