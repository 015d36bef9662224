"""What a sync leaves for later or for somebody is said, and is no all-clear (P16, R11); and what was given up ends when it is over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.faults import FAULTS, Kind
from tests.faults.world import DAY, MINUTE, make_world
from tests.journeys.test_push_faults import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """On the look-alike, behind the proxy."""
    with make_world("icloud", tmp_path) as world:
        world.sync()
        world.clock.advance(MINUTE)
        yield Bench(world)


def refuse(bench: Bench, fault: str) -> None:
    """The next PUT meets this."""
    bench.world.proxy.inject(FAULTS[fault], Kind.PUT)


def left(bench: Bench) -> tuple[int, list[tuple[str, int, list[str]]]]:
    """A sync's exit code, and what it says is unfinished: kind, how many, why."""
    report = bench.app.sync()
    return report.exit_code, [(row["kind"], row["number"], row["codes"]) for row in report.attention]


def test_what_waits_for_its_next_try_or_is_parked_is_no_all_clear(bench: Bench) -> None:
    """P16, H18, H21: where nothing is tried in a run, it says all the same what waits, and from when it is tried; then it is well."""
    assert left(bench) == (0, [])
    bench.book(10)
    refuse(bench, "not_done_and_500")
    assert left(bench)[0] == 1
    report = bench.app.sync()
    ((run, row),) = zip(report.runs, report.attention, strict=True)
    assert (run["outcome"], run["error_code"], report.exit_code) == ("ok", None, 1)
    assert (row["kind"], row["number"], row["appointments"], row["next_try_at"] > bench.world.clock.now()) == ("PUSH_WAITING", 1, 1, True)
    assert "tried again" in row["next_step"]
    assert report.as_dict()["attention"] == [row]
    bench.until_done()
    assert left(bench) == (0, [])
    bench.book(12)
    refuse(bench, "quota_reached")
    assert [left(bench) for _ in range(2)] == [(1, [("PUSH_PARKED", 1, ["OBJECT_REFUSED"])])] * 2
    bench.world.clock.advance(DAY)
    assert left(bench) == (0, [])


def test_what_was_given_up_ends_when_it_is_superseded_cancelled_past_or_tried_again(bench: Bench) -> None:
    """H12, P16: a failed intent calls for somebody until it is over, and no longer; each way ends row and alert."""
    moved, cancelled, past, again = (bench.book(hour) for hour in (9, 11, 13, 15))
    for _ in range(4):
        refuse(bench, "larger_than_allowed")
    assert left(bench) == (1, [("PUSH_FAILED", 4, ["OBJECT_REFUSED"])])
    assert left(bench) == (1, [("PUSH_FAILED", 4, ["OBJECT_REFUSED"])])
    (alert,) = bench.app.alerts()
    assert (alert["kind"], alert["alert_id"] in alert["says"]) == ("PUSH_FAILED", True)
    bench.move(moved, 10)
    assert left(bench)[1] == [("PUSH_FAILED", 3, ["OBJECT_REFUSED"])]
    bench.cancel(cancelled)
    assert left(bench)[1] == [("PUSH_FAILED", 2, ["OBJECT_REFUSED"])]
    bench.app.reschedule(past["appointment_id"], bench.world.clock.now() - timedelta(hours=2), bench.world.clock.now(), check=False)
    refuse(bench, "larger_than_allowed")
    assert left(bench)[1] == [("PUSH_FAILED", 1, ["OBJECT_REFUSED"])]
    bench.app.clear_alert(alert["alert_id"])
    assert left(bench) == (0, [])
    assert (bench.hours(), bench.alerts(), bench.open()) == ([10, 15], set(), [])
    ends = {row["appointment_id"]: set() for row in (moved, cancelled, past, again)}
    for row in bench.app.outbox():
        ends[row["appointment_id"]].add(row["last_error"])
    assert [ends[row["appointment_id"]] - {None} for row in (moved, cancelled, past, again)] == [
        {"SUPERSEDED"},
        {"CANCELLED"},
        {"PAST"},
        {"TRIED_AGAIN"},
    ]
