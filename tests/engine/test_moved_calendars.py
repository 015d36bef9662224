"""A calendar that was moved, or made anew elsewhere, with the same events: nothing is lost, and a person is asked (C11, P10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.clinic import DAY, HOUR, fill, reasons, run_of
from tests.icloud.fixtures import ANNA

if TYPE_CHECKING:
    from icalsync.app import App
    from tests.icloud import CalendarOwner, ICloud, MovableClock

EVENTS = 10


def recreated(icloud: ICloud, work: CalendarOwner, leave_out: int = 0) -> CalendarOwner:
    """Anna makes another calendar, drags her events there, and deletes the old one."""
    other = icloud.account(ANNA).add_calendar("Work anew")
    for name in sorted(work.names())[leave_out:]:
        work.move(name, other)
    work.remove()
    return other


def moved(app: App) -> list[dict[str, object]]:
    """The open questions."""
    return [row for row in app.alerts("ACME", "anna") if row["kind"] == "CALENDAR_MOVED"]


def test_a_calendar_made_anew_elsewhere_blocks_on_and_asks_before_it_is_taken_over_c11(
    app: App, icloud: ICloud, work: CalendarOwner, icloud_clock: MovableClock
) -> None:
    """C11, P10: the link stays where it was until a person follows the commands of the alert; then the alert is over."""
    fill(work, EVENTS)
    app.sync()
    old = app.roles("ACME", "anna")[0]["calendar_id"]
    recreated(icloud, work)
    icloud_clock.advance(HOUR)
    run = run_of(app)
    assert (run["removed"], run["outcome"]) == (0, "partial")
    assert reasons(app).count("BUSY") == EVENTS
    assert {row["calendar_id"] for row in app.roles("ACME", "anna")} == {old}
    (asked,) = moved(app)
    new = next(row["calendar_id"] for row in app.calendars("ACME", "anna") if row["display_name"] == "Work anew")
    assert f"holds {EVENTS} of its {EVENTS} events" in asked["says"]
    assert f"icalsync link ACME anna {new} and then icalsync conflicts remove ACME anna {old}" in asked["says"]
    run_of(app)
    assert moved(app) == [asked]
    app.link("ACME", "anna", new)
    app.remove_conflicts("ACME", "anna", [old])
    assert run_of(app)["outcome"] == "ok"
    assert moved(app) == []
    assert reasons(app) == ["BUSY"] * EVENTS


@pytest.mark.parametrize(("left_out", "asks"), [(1, True), (2, False)])
def test_nine_tenths_of_the_events_make_it_the_same_c11(
    app: App, icloud: ICloud, work: CalendarOwner, icloud_clock: MovableClock, left_out: int, *, asks: bool
) -> None:
    """C11: fewer, and it is another calendar; after the old one's grace nothing is asked that was not asked before."""
    fill(work, EVENTS)
    app.sync()
    recreated(icloud, work, left_out)
    icloud_clock.advance(HOUR)
    run_of(app)
    assert bool(moved(app)) is asks
    icloud_clock.advance(DAY)
    run_of(app)
    assert bool(moved(app)) is asks


def test_a_calendar_that_comes_back_was_never_moved_c11(app: App, icloud: ICloud, work: CalendarOwner, icloud_clock: MovableClock) -> None:
    """C11: the question is withdrawn."""
    fill(work, EVENTS)
    app.sync()
    recreated(icloud, work)
    icloud_clock.advance(HOUR)
    run_of(app)
    assert len(moved(app)) == 1
    work.bring_back()
    icloud_clock.advance(HOUR)
    run_of(app)
    assert moved(app) == []
