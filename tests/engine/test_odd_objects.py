"""Objects that could not be read, or were odd: fetched again once a day, because a server may mend them and keep the ETag (C4, H32)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from icalsync.engine import pull as pulling
from icalsync.engine.holding import HeldServer
from tests.engine.clinic import DAY, MINUTE, reasons, run_of
from tests.servers import event_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icalsync.app import App
    from tests.icloud import CalendarOwner, MovableClock

GOOD = event_at("a", "20270104T090000Z", "20270104T100000Z")
BAD = GOOD.replace("DTSTART:20270104T090000Z", "DTSTART:20270230T090000Z")
ODD = GOOD.replace("DTEND:20270104T100000Z", "DURATION:-PT1H")


def mend(calendar: CalendarOwner, name: str, text: str) -> None:
    """Another text under the same ETag, and no word of it to anybody."""
    members = calendar._collection.content.members
    members.put(replace(members.get(name), body=text))


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The names that were fetched, fetch by fetch."""
    fetch, seen = HeldServer.fetch, list[set[str]]()

    def noted(self: HeldServer, href: str, hrefs: Sequence[str], **options: Any) -> Any:
        seen.append({each.rpartition("/")[2] for each in hrefs})
        return fetch(self, href, hrefs, **options)

    monkeypatch.setattr(HeldServer, "fetch", noted)
    return seen


def test_what_was_mended_without_a_new_etag_is_read_a_day_later_c4(
    app: App, work: CalendarOwner, icloud_clock: MovableClock, fetched: list[set[str]]
) -> None:
    """C4: the quarantined one is healed and blocks as what it is; the odd one, too; and nothing is fetched before the day is over."""
    work.put("a", BAD)
    work.put("b", ODD.replace("UID:a", "UID:b"))
    work.put("c", GOOD.replace("UID:a", "UID:c"))
    assert run_of(app)["rejected"] == 1
    mend(work, "a", GOOD)
    mend(work, "b", GOOD.replace("UID:a", "UID:b"))
    icloud_clock.advance(MINUTE)
    fetched.clear()
    assert run_of(app)["requests"] == 1
    assert reasons(app) == ["BUSY", "NOT_COVERED"]
    icloud_clock.advance(DAY)
    run = run_of(app)
    assert (run["changed"], run["rejected"], run["removed"]) == (2, 0, 0)
    assert reasons(app) == ["BUSY"] * 3
    assert app.quarantine() == []
    assert fetched == [{"a", "b"}]
    icloud_clock.advance(DAY)
    assert run_of(app)["changed"] == 0
    assert fetched == [{"a", "b"}]


def test_what_stays_broken_costs_one_bounded_fetch_a_day_and_changes_nothing_r17(
    app: App, work: CalendarOwner, icloud_clock: MovableClock, fetched: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: the same text again is no change; of many, some are fetched today and others tomorrow."""
    monkeypatch.setattr(pulling, "ODD_AT_MOST", 2)
    for number in range(6):
        work.put(f"bad{number}", BAD.replace("UID:a", f"UID:bad{number}"))
    app.sync()
    fetched.clear()
    for _ in range(4):
        icloud_clock.advance(DAY)
        run = run_of(app)
        assert (run["outcome"], run["added"], run["changed"], run["rejected"]) == ("ok", 0, 0, 0)
    assert [len(names) for names in fetched] == [2] * 4
    assert len(set.union(*fetched)) > 2
    assert len(app.quarantine()) == 6
