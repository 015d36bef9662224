"""Anna's account on the look-alike, and the runs over it, as the tests of the engine ask for them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final

import icalsync
from icalsync.engine.fleet import synced
from icalsync.engine.visit import Wish
from icalsync.settings import load_settings
from tests.servers import event_at

if TYPE_CHECKING:
    from pathlib import Path

    from icalsync.app import App
    from tests.icloud import CalendarOwner, ICloud

WINDOW: Final = ("2027-01-01", "2027-03-01")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def opened(directory: Path, icloud: ICloud, clock: Any) -> App:
    """The database in a directory, with the look-alike as its iCloud."""
    settings = load_settings(
        {},
        database=directory / "data" / "clinic.duckdb",
        secret_key_file=directory / "keys" / "secret.key",
        icloud_url=icloud.url,
        allow_private_hosts=True,
    )
    return icalsync.open(settings=settings, clock=clock)


def copied(template: Path, directory: Path, icloud: ICloud, clock: Any) -> App:
    """A copy of it, whose iCloud answers at another port."""
    shutil.copytree(template, directory, dirs_exist_ok=True)
    app = opened(directory, icloud, clock)
    with app._parts.database.write() as tx:
        tx.execute("UPDATE _kept.integration_login SET url = ?", [icloud.url])
    return app


def fill(calendar: CalendarOwner, count: int, prefix: str = "e") -> None:
    """Events on consecutive days."""
    for number in range(count):
        day = f"202701{number + 1:02}"
        calendar.put(f"{prefix}{number}", event_at(f"{prefix}{number}", f"{day}T090000Z", f"{day}T100000Z"))


def run_of(app: App, **options: Any) -> dict[str, Any]:
    """The one run of a sync."""
    (run,) = app.sync(**options).runs
    return run


def pull(app: App, wish: Wish = Wish()) -> Any:  # noqa: B008  # it is frozen
    """One run over Anna's account, as a person's sync makes it."""
    with app._parts.database.read() as tx:
        integration_id = tx.value("SELECT integration_id FROM _kept.integration WHERE integration_key = 1")
    return synced(app._parts.context(), integration_id, wish)


def health(app: App) -> dict[str, Any]:
    """The first integration's row."""
    return app.integrations()[0]


def reasons(app: App) -> list[str]:
    """Why Anna is busy in the window."""
    return sorted(app.busy("ACME", "anna", *WINDOW)["reason"])
