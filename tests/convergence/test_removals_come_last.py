"""What is gone from one calendar goes only when the account's others have told what is new (C19)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import icalsync
from icalsync.settings import load_settings
from tests.icloud.fixtures import ANNA, PASSWORD
from tests.servers import event_at

if TYPE_CHECKING:
    from pathlib import Path

    from icalsync.app import App
    from tests.icloud import ICloud, MovableClock

WINDOW = ("2027-01-01", "2027-03-01")


@pytest.fixture
def app(tmp_path: Path, icloud: ICloud, icloud_clock: MovableClock) -> App:
    """Anna's account with ``Work`` linked, and an event in it."""
    icloud.account(ANNA).calendar("Work").put("one", event_at("one", "20270104T090000Z", "20270104T100000Z"))
    places = {"database": tmp_path / "data" / "clinic.duckdb", "secret_key_file": tmp_path / "keys" / "secret.key"}
    app = icalsync.open(settings=load_settings({}, icloud_url=icloud.url, allow_private_hosts=True, **places), clock=icloud_clock)
    app.add_sub_account("acme")
    app.add_user("acme", "anna")
    app.connect("acme", "anna", provider="icloud", account=ANNA, password=PASSWORD)
    app.link("acme", "anna", "Work")
    app.sync()
    return app


def test_a_run_that_breaks_off_removes_nothing_c19(app: App, icloud: ICloud, icloud_clock: MovableClock) -> None:
    """C19, R12: for all a broken run knows the event went where it could not look; it blocks until a whole run says that it is gone."""
    work, other = (icloud.account(ANNA).calendar(name) for name in ("Work", "Home"))
    other.put("two", event_at("two", "20270105T090000Z", "20270105T100000Z"))
    work.delete("one")
    icloud.fail_next(20, 503, retry_after=60, report="sync-collection", below=other.href)
    (run,) = app.sync().runs
    calendar_id = app.calendar("acme", "anna", "Work")["calendar_id"]
    (told,) = [row for row in run["calendars"] if row["calendar_id"] == calendar_id]
    assert (told["outcome"], told["error_code"], told["removed"], run["removed"]) == ("partial", "SERVER_BUSY", 0, 0)
    assert "one" in set(app.busy("acme", "anna", *WINDOW)["uid"])
    icloud.recover()
    icloud_clock.advance(120)
    (run,) = app.sync().runs
    assert (run["outcome"], run["removed"], run["added"]) == ("ok", 1, 1)
    assert "one" not in set(app.busy("acme", "anna", *WINDOW)["uid"])
