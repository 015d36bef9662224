"""A clinic synced from a real server, the dashboard as a process, and a real browser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import icalsync
from icalsync.ports import Secret
from icalsync.settings import load_settings
from tests.browser.hands import Visitor, chromium
from tests.conftest import PASSWORD
from tests.servers import Account, event_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from icalsync.app import App
    from tests.browser.serving import Dashboard
    from tests.servers import DavServer

TITLE = "Secret plan"
HOSTILE = "=1+1 **bold** :smile: $x^2$ <img src=x> [here](http://evil.example)"


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, once for a module: its driver keeps a loop of its own, which other modules must not meet."""
    with chromium() as running:
        yield running


@pytest.fixture
def enter(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Let somebody visit a dashboard; afterwards no page of theirs did what it must not (``Visitor.leave``)."""
    visitors: list[Visitor] = []

    def visit(dashboard: Dashboard, **habits: Any) -> Visitor:
        visitors.append(Visitor(browser, dashboard.url, **habits))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.leave()
