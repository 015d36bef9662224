"""A real Radicale in this process: its WSGI application behind a threaded server on loopback, with doors to its rights and its storage."""

from __future__ import annotations

import logging
import shutil
import threading
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from radicale import config
from radicale.app import Application
from radicale.rights import BaseRights

from tests.conftest import PASSWORD
from tests.servers import Account

if TYPE_CHECKING:
    from pathlib import Path

USER: Final = "anna"


class _Server(ThreadingMixIn, WSGIServer):
    """A thread per connection."""

    daemon_threads = True


class _Silent(WSGIRequestHandler):
    """No line per request on standard error."""

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class InProcessRadicale:
    """A context manager: Radicale with one account, whose collections can be withdrawn and whose sync tokens can be forgotten."""

    def __init__(self, directory: Path) -> None:
        self.revoked: set[str] = set()
        """Names of collections that nobody may see any more."""
        self.requests: list[tuple[str, str]] = []
        """Method and path of each request, in order."""
        logging.getLogger("radicale").setLevel(logging.CRITICAL)  # every refused token would be a traceback in the log
        self._storage = directory
        self._server = make_server("127.0.0.1", 0, self._application(), _Server, _Silent)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="radicale", daemon=True)
        self.account = Account(f"http://127.0.0.1:{self._server.server_port}/", USER, PASSWORD)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def home(self) -> Path:
        """Where the account's collections lie."""
        return self._storage / "collection-root" / USER

    def path(self, collection: str, name: str = "") -> str:
        """The path of a collection, or of an object in it."""
        return f"/{USER}/{collection}/{name}"

    def forget_tokens(self, collection: str) -> None:
        """What Radicale does itself after a month: it refuses every token it gave for this collection so far."""
        shutil.rmtree(self.home / collection / ".Radicale.cache" / "sync-token", ignore_errors=True)

    def keep_as(self, place: Path) -> None:
        """A copy of everything that is stored."""
        shutil.copytree(self.home, place)

    def restore(self, place: Path) -> None:
        """Everything as it was when that copy was made, and nothing withdrawn."""
        self.revoked.clear()
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(place, self.home)

    def _application(self) -> Any:
        settings = config.load()
        settings.update(
            {
                "auth": {"type": "none"},
                "storage": {"filesystem_folder": str(self._storage), "_filesystem_fsync": "False"},
                "rights": {"type": self._rights},
                "logging": {"level": "critical"},
                "web": {"type": "none"},
            },
            "the test",
            privileged=True,
        )
        radicale = Application(settings)

        def application(environ: Any, start_response: Any) -> Any:
            self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
            return radicale(environ, start_response)

        return application

    def _rights(self, settings: Any) -> BaseRights:
        revoked = self.revoked

        class OwnerOnly(BaseRights):
            """The owner may do everything, except where it was withdrawn."""

            def authorization(self, user: str, _groups: set[str], path: str) -> str:
                """``R`` and ``W`` for plain collections, ``r`` and ``w`` for calendars."""
                parts = path.strip("/").split("/")
                if parts == [""]:
                    return "R"
                if parts[0] != user or (len(parts) > 1 and parts[1] in revoked):
                    return ""
                return "RW" if len(parts) == 1 else "rw"

        return OwnerOnly(settings)
