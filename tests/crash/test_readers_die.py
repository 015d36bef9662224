"""The kernel ends the process that reads objects: the sync goes on, and what was being read is quarantined and tried again (T15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import icalsync
from icalsync.settings import load_settings
from icalsync.workers.process import Workers
from icalsync.workers.reader import BoundedReader
from tests.icloud.fixtures import ANNA, PASSWORD
from tests.servers import event_at
from tests.workers.conftest import MISBEHAVING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from icalsync.app import App
    from tests.icloud import ICloud

WEEKLY = ("RRULE:FREQ=WEEKLY;COUNT=3",)
DEATHS = {"killed": "UNEXPECTED", "grow": "BUDGET", "end": "UNEXPECTED"}
"""SIGKILL, as the kernel's when memory is short; the limit on memory; a crash. With the reason each is quarantined for."""


@pytest.fixture
def app(tmp_path: Path, icloud: ICloud) -> Iterator[App]:
    """Anna's account, read by processes that die when an object asks for it."""
    places = {"database": tmp_path / "data" / "clinic.duckdb", "secret_key_file": tmp_path / "keys" / "secret.key"}
    app = icalsync.open(settings=load_settings({}, icloud_url=icloud.url, allow_private_hosts=True, **places))
    workers = Workers(MISBEHAVING)
    app._parts.reader = BoundedReader(seconds=1.0, memory=60_000_000, workers=workers)
    app.add_sub_account("acme", time_zone="Europe/Berlin")
    app.add_user("acme", "anna")
    app.connect("acme", "anna", provider="icloud", account=ANNA, password=PASSWORD)
    app.link("acme", "anna", "Work")
    yield app
    workers.close()


def test_t15_a_killed_reader_costs_one_object_and_never_the_sync(app: App, icloud: ICloud, tmp_path: Path) -> None:
    """T15, R12: what came before and after it is in, its time is unknown and not free, and when it is well again so is the calendar."""
    work = icloud.account(ANNA).calendar("Work")
    work.put("a-before.ics", event_at("before", "20270104T090000Z", "20270104T100000Z", more=WEEKLY))
    for word in DEATHS:
        work.put(f"b-{word}.ics", f"RRULE {word}")
    work.put("b-once.ics", f"RRULE killed-once {tmp_path / 'marker'}")
    work.put("c-after.ics", event_at("after", "20270105T090000Z", "20270105T100000Z", more=WEEKLY))
    (run,) = app.sync("acme").runs
    assert (run["outcome"], run["rejected"], run["added"]) == ("ok", len(DEATHS) + 1, 2)
    found = {row["href"].rpartition("/")[2]: row["reason"] for row in app.quarantine()}
    assert found.pop("b-once.ics") == "DONE", "it was tried again, and read"
    assert found == {f"b-{word}.ics": reason for word, reason in DEATHS.items()}
    busy = app.busy("acme", "anna", "2027-01-01", "2027-02-01")
    assert (busy["uid"].value_counts().to_dict().get("before"), (busy["uid"] == "after").sum()) == (3, 3)
    assert not app.coverage("acme", "anna")["complete"]
    for name in (*(f"b-{word}.ics" for word in DEATHS), "b-once.ics"):
        work.put(name, event_at(name, "20270106T090000Z", "20270106T100000Z"))
    app.sync("acme")
    assert app.quarantine() == []
    assert app.coverage("acme", "anna")["complete"]


@pytest.mark.long
def test_t15_what_was_quarantined_can_be_read_again_by_itself(app: App, icloud: ICloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """T15: where memory was short for a while and the object is as good as any, reading it again heals it."""
    text = event_at("good", "20270104T090000Z", "20270104T100000Z", more=WEEKLY)
    icloud.account(ANNA).calendar("Work").put("good.ics", text)
    healthy, app._parts.reader = app._parts.reader, BoundedReader(workers=Workers("tests.crash.dying:read"))
    app.sync("acme")
    assert [row["reason"] for row in app.quarantine()] == ["UNEXPECTED"]
    app._parts.reader.close()
    app._parts.reader = healthy
    assert [row["outcome"] for row in app.retry_quarantine()] == ["healed"]
    assert len(app.busy("acme", "anna", "2027-01-01", "2027-02-01")) == 3
