"""One calendar on a server as its owner's devices see it: past the product, on each kind of server the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

if TYPE_CHECKING:
    from tests.icloud import CalendarOwner
    from tests.servers import Account


class Remote(Protocol):
    """What an owner can do with a calendar."""

    def texts(self) -> dict[str, str]:
        """Every object's text, by its path."""
        ...

    def put(self, name: str, text: str) -> str:
        """Make or change an object; its path."""
        ...

    def delete(self, href: str) -> None:
        """Delete an object."""
        ...

    def move(self, href: str, other: Remote) -> None:
        """Drag an object to another calendar of the account."""
        ...


@dataclass(frozen=True)
class DavCalendar:
    """A calendar on Radicale or Xandikos."""

    account: Account
    path: str

    def texts(self) -> dict[str, str]:
        """Over a listing and a GET for each."""
        listing = self.account.must(207, reply=self.account.ask("PROPFIND", self.path, depth="1")).body.decode()
        hrefs = [href for href in re.findall(r"<(?:\w+:)?href>([^<]+\.ics)<", listing) if unquote(href).startswith(self.path)]
        return {href: self.account.must(200, reply=self.account.ask("GET", href)).body.decode() for href in sorted(set(hrefs))}

    def put(self, name: str, text: str) -> str:
        """Under its name, or at its path."""
        path = name if name.startswith("/") else f"{self.path}{name}.ics"
        self.account.put(path, text)
        return path

    def delete(self, href: str) -> None:
        """Without a condition."""
        self.account.delete(href)

    def move(self, href: str, other: Remote) -> None:
        """As many clients do: the text under the same name elsewhere, the old one deleted."""
        text = self.texts()[href]
        self.delete(href)
        assert isinstance(other, DavCalendar)
        other.put(other.path + href.rsplit("/", 1)[-1], text)


@dataclass(frozen=True)
class CloudCalendar:
    """A calendar of the look-alike."""

    owner: CalendarOwner

    def texts(self) -> dict[str, str]:
        """As stored."""
        return {self.owner.href_of(name): self.owner.text(name) for name in sorted(self.owner.names())}

    def put(self, name: str, text: str) -> str:
        """On a device."""
        return self.owner.put(name if name.startswith("/") else f"{name}.ics", text)

    def delete(self, href: str) -> None:
        """On a device: name and UID are burnt from then on."""
        self.owner.delete(href)

    def move(self, href: str, other: Remote) -> None:
        """Dragged on a device."""
        assert isinstance(other, CloudCalendar)
        self.owner.move(href, other.owner)


def lines(text: str) -> list[str]:
    """Unfolded content lines."""
    return re.sub(r"\r?\n[ \t]", "", text).splitlines()


def value(text: str, name: str) -> str | None:
    """The value of the first property of that name inside the VEVENT."""
    inside = lines(text)
    inside = inside[inside.index("BEGIN:VEVENT") :]
    found = (line.partition(":")[2] for line in inside if re.match(rf"{name}[;:]", line))
    return next(found, None)


def edited(text: str, name: str, replacement: str) -> str:
    """The text as an owner saves it, with one line of the VEVENT replaced or, where there is none, added."""
    all_lines = lines(text)
    start = all_lines.index("BEGIN:VEVENT")
    for number in range(start, len(all_lines)):
        if re.match(rf"{name}[;:]", all_lines[number]):
            all_lines[number] = replacement
            return "\r\n".join([*all_lines, ""])
    all_lines.insert(all_lines.index("END:VEVENT"), replacement)
    return "\r\n".join([*all_lines, ""])
