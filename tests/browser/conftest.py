"""A clinic synced from a real server, the dashboard as a process, and a real browser."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from playwright.sync_api import Browser, sync_playwright

import icalsync
from icalsync.ports import Secret
from icalsync.settings import load_settings
from tests.conftest import PASSWORD
from tests.servers import Account, event_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from icalsync.app import App
    from tests.servers import DavServer

TITLE = "Secret plan"
HOSTILE = "=1+1 **bold** :smile: $x^2$ <img src=x> [here](http://evil.example)"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Clinic:
    """A database, and the settings under which it opens."""

    environment: dict[str, str]

    @property
    def app(self) -> App:
        """The library on it."""
        return icalsync.open(settings=load_settings(self.environment))

    @property
    def database(self) -> Path:
        """Where it lies."""
        return Path(self.environment["ICALSYNC_DATABASE"])


def clinic_in(directory: Path) -> Clinic:
    """Settings for a database that does not exist yet."""
    return Clinic(
        {
            "ICALSYNC_DATABASE": str(directory / "data" / "clinic.duckdb"),
            "ICALSYNC_SECRET_KEY_FILE": str(directory / "keys" / "secret.key"),
            "ICALSYNC_ALLOW_PRIVATE_HOSTS": "true",
        }
    )


@pytest.fixture
def empty_clinic(tmp_path: Path) -> Clinic:
    """A clinic of which only the settings exist."""
    return clinic_in(tmp_path)


@pytest.fixture(scope="session")
def clinic(_running: Callable[[str], DavServer], tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """Anna with a calendar that blocks and a hostile one, Ben whose password was changed, and Clara without any; pages only read it."""
    empty_clinic, radicale = clinic_in(tmp_path_factory.mktemp("clinic")), _running("radicale")
    for name in ("anna", "ben"):
        Account(radicale.url, name, PASSWORD).clear(f"/{name}/")
    account = radicale.account
    for name, display_name in (("work", "Work"), ("private", HOSTILE), ("tasks", "Tasks")):
        account.mkcalendar(f"/anna/{name}/", name=display_name, components=("VTODO",) if name == "tasks" else ("VEVENT",))
    account.put("/anna/work/a.ics", event_at("a", "20270104T090000Z", "20270104T100000Z", summary=TITLE))
    account.put("/anna/work/b.ics", event_at("b", "20270105T230000Z", "20270106T003000Z", more=("STATUS:TENTATIVE",)))
    account.put("/anna/private/c.ics", event_at("c", "20270104T130000Z", "20270104T133000Z", summary=TITLE))
    Account(radicale.url, "ben", PASSWORD).mkcalendar("/ben/home/", name="Home")
    app = empty_clinic.app
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    for user, name in (("anna", "Anna Adler"), ("ben", "Ben *Bold*"), ("clara", "Clara Cole")):
        app.add_user("ACME", user, name=name)
    app.connect("ACME", "anna", provider="caldav", url=radicale.url, account="anna", password=PASSWORD)
    ben = app.connect("ACME", "ben", provider="caldav", url=radicale.url, account="ben", password=PASSWORD)
    app.link("ACME", "anna", "Work")
    app.add_conflicts("ACME", "anna", [HOSTILE])
    app.add_conflicts("ACME", "ben", ["Home"])
    app.set_hours("ACME", None, {"weekly": "Mon-Fri 09:00-17:00"})
    app.sync()
    app._parts.secrets.put(ben["integration_id"], Secret("no-longer-right"))
    app.sync(user="ben", sub_account="ACME")
    return empty_clinic


def free_port() -> int:
    """A port nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Dashboard:
    """``icalsync dashboard`` as a process in a group of its own, on a free port."""

    environment: dict[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ICALSYNC_")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "icalsync", "dashboard", "--port", str(self.port)],
                env=inherited | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 40
        while not self.answers():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)
        return self

    def __exit__(self, *failure: object) -> None:
        if self.running:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:  # noqa: S310  # our own address
                return answer.status == 200
        except OSError:
            return False

    def stop(self, number: signal.Signals) -> int:
        """Signal the command's own process, as a shell or a supervisor does; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)

    @property
    def running(self) -> bool:
        """Whether anything of its process group is left."""
        self.process.poll()
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    @property
    def said(self) -> str:
        """Everything it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Chromium; without it the test fails, and says what to install."""
    found = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
    assert found, "the browser tests need Chromium: install the package chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield running
        running.close()


@dataclass
class Watched:
    """What a page did besides showing something."""

    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def watch(self, page: Any, base: str) -> None:
        """Note console errors, uncaught exceptions and requests to any other host."""
        own = (base + "/", base.replace("http://", "ws://") + "/", "data:", "blob:")
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(own) else self.elsewhere.append(request.url))
        page.on("websocket", lambda socket: None if socket.url.startswith(own) else self.elsewhere.append(socket.url))
