"""The known world's calendars on a real CalDAV server (Radicale): what the product pulls, any client could have written."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from icalsync.demo.known.people import Cast
from icalsync.demo.known.playing import told
from icalsync.demo.known.story import KnownWorld
from icalsync.demo.server import RadicaleServer
from icalsync.errors import ServerFailed, ServerUnreachable

_TIMEOUT: Final = 30.0
_MKCALENDAR: Final = """<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="http://apple.com/ns/ical/"><set><prop>
<displayname>{name}</displayname><A:calendar-color>{color}FF</A:calendar-color>
<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>
</prop></set></C:mkcalendar>"""


def load_through_caldav(world: KnownWorld, database: Path, server: Path) -> None:
    """The known world through a CalDAV server of its own, which keeps its files in ``server``, into a new database.

    The same steps as ``playing.load`` plays, over HTTP: slower, and with nothing left out. ``DependencyMissing`` without Radicale.
    """
    with Served(world.cast, server) as owners, told(world, database) as player:
        player.play(world, owners)


class Served:
    """Radicale with all accounts (``playing.Owners``), as a context manager."""

    def __init__(self, cast: Cast, directory: Path) -> None:
        self._cast, self._directory = cast, directory
        self._numbers = {account.name: 0 for account in cast.accounts}
        self._server = RadicaleServer(directory, self._passwords())

    def __enter__(self) -> Self:
        self._server.start()
        for account in self._cast.accounts:
            for plan in account.calendars:
                body = _MKCALENDAR.format(name=escape(plan.display_name), color=plan.color)
                self._ask("MKCALENDAR", account.name, f"/{account.name}/{plan.slug}/", body.encode(), "application/xml; charset=utf-8")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """Where it answers now."""
        return self._server.url

    def password(self, account: str) -> str:
        """What the account opens with now."""
        return f"known-{account}-{self._numbers[account]}"

    def lock(self, account: str) -> None:
        """Another password for this account; Radicale reads its file of users anew when that changes."""
        self._numbers[account] += 1
        users = self._directory / "users"
        users.write_text("".join(f"{name}:{password}\n" for name, password in self._passwords().items()), encoding="utf-8")

    def put(self, account: str, slug: str, name: str, raw: bytes) -> None:
        """Write an object, or write over it."""
        self._ask("PUT", account, f"/{account}/{slug}/{name}", raw, "text/calendar; charset=utf-8")

    def remove(self, account: str, slug: str, name: str) -> None:
        """Delete one."""
        self._ask("DELETE", account, f"/{account}/{slug}/{name}", b"", "text/plain")

    def _passwords(self) -> Mapping[str, str]:
        return {name: self.password(name) for name in self._numbers}

    def _ask(self, method: str, account: str, path: str, body: bytes, kind: str) -> None:
        host = urlsplit(self.url).netloc
        credentials = base64.b64encode(f"{account}:{self.password(account)}".encode()).decode("ascii")
        connection = HTTPConnection(host, timeout=_TIMEOUT)
        try:
            connection.request(method, path, body, {"Authorization": f"Basic {credentials}", "Content-Type": kind})
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException) as error:
            raise ServerUnreachable(host=host, why=str(error) or type(error).__name__) from error
        finally:
            connection.close()
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - RFC 9110: successful
            raise ServerFailed(host=host, status=f"{answer.status} to {method} {path}")
