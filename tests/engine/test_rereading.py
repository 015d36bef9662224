"""What is kept is read again when the zones' rules or the reader change, and only what differs becomes new knowledge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icalsync.core.zones import rules_mark
from tests.servers import event_at

if TYPE_CHECKING:
    import pytest

    from icalsync.app import App
    from tests.icloud import CalendarOwner, MovableClock

BERLIN = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//icalsync//tests//EN\r\nBEGIN:VEVENT\r\nUID:z\r\nDTSTAMP:20261122T000000Z\r\n"
    "DTSTART;TZID=Europe/Berlin:20270104T090000\r\nDTEND;TZID=Europe/Berlin:20270104T100000\r\nSUMMARY:Team\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def versions(app: App) -> int:
    """How many object versions are kept."""
    with app._parts.database.read() as tx:
        return int(tx.value("SELECT count(*) FROM _kept.object_version"))


def as_under_older_rules(app: App) -> None:
    """The store as an older time zone database would have left it: everything of Berlin an hour later, and its mark."""
    with app._parts.database.write() as tx:
        tx.execute(
            "UPDATE _kept.occurrence SET starts_at = starts_at + INTERVAL 1 HOUR, ends_at = ends_at + INTERVAL 1 HOUR WHERE version_key IN "
            "(SELECT version_key FROM _kept.event WHERE time_zone = 'Europe/Berlin')"
        )
        tx.execute("UPDATE _kept.read_with SET mark = 'older' WHERE name = 'zone:Europe/Berlin'")


def test_an_update_of_the_zones_moves_future_instances_d26(app: App, work: CalendarOwner, icloud_clock: MovableClock) -> None:
    """D26: the rules' digest is kept; where it differs, objects are read again, and what was known before can still be asked for."""
    work.put("z", BERLIN)
    work.put("u", event_at("u", "20270105T090000Z", "20270105T100000Z"))
    app.sync()
    as_under_older_rules(app)
    icloud_clock.advance(60)
    before = icloud_clock.now()
    assert starts(app) == ["2027-01-04T10:00:00+01:00", "2027-01-05T10:00:00+01:00"]
    icloud_clock.advance(60)
    app.sync()
    assert starts(app) == ["2027-01-04T09:00:00+01:00", "2027-01-05T10:00:00+01:00"]
    assert starts(app, known_at=before) == ["2027-01-04T10:00:00+01:00", "2027-01-05T10:00:00+01:00"]
    assert versions(app) == 3


def starts(app: App, **options: object) -> list[str]:
    """When blocking rows start."""
    return [each.isoformat() for each in app.busy("ACME", "anna", "2027-01-01", "2027-02-01", **options)["starts_at"]]


def test_the_same_rules_read_nothing_again_r17(app: App, work: CalendarOwner) -> None:
    """R17: a second sync neither reads nor writes an object."""
    work.put("z", BERLIN)
    app.sync()
    app.sync()
    with app._parts.database.read() as tx:
        marks = tx.rows("FROM _kept.read_with ORDER BY name")
    assert {"name": "zone:Europe/Berlin", "mark": rules_mark("Europe/Berlin")} in marks
    assert versions(app) == 1


def test_another_reader_reads_everything_again_and_keeps_what_means_the_same(
    app: App, work: CalendarOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new version of the reader is noted; an object that means the same stays the version it was."""
    work.put("z", BERLIN)
    app.sync()
    monkeypatch.setattr("icalsync.core.reading.READER", "2")
    read = []
    reader = app._parts.reader.read
    monkeypatch.setattr(app._parts.reader, "read", lambda raw, window: read.append(raw) or reader(raw, window))
    app.sync()
    assert len(read) == 1
    assert versions(app) == 1
    app.sync()
    assert len(read) == 1
