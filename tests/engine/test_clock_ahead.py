"""A clock that was ahead for a while: what it wrote is known now, though its instants lie in the future (R16, T12)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.engine.clinic import DAY, MINUTE, WINDOW, fill, run_of

if TYPE_CHECKING:
    from icalsync.app import App
    from tests.icloud import CalendarOwner, MovableClock


def test_asking_as_known_now_is_asking_about_now_t12_r16(app: App, work: CalendarOwner, icloud_clock: MovableClock) -> None:
    """T12, R16: any moment that is not past yet means the present, for busy time, coverage, explanations and SQL; a past one does not."""
    fill(work, 1, "early")
    app.sync()
    icloud_clock.advance(MINUTE)
    before = icloud_clock.now()
    icloud_clock.advance(DAY)
    fill(work, 2, "late")
    assert run_of(app)["added"] == 2
    icloud_clock.advance(-DAY + MINUTE)
    app.add_user("ACME", "ben")  # something is written by the clock as it is now
    moments = [icloud_clock.now(), icloud_clock.now() + timedelta(hours=1), icloud_clock.now() + timedelta(days=2)]
    present = app.busy("ACME", "anna", *WINDOW)
    assert len(present) == 3
    for moment in moments:
        assert app.busy("ACME", "anna", *WINDOW, known_at=moment).equals(present)
        assert app.coverage("ACME", "anna", known_at=moment) == app.coverage("ACME", "anna")
        rows = app.sql("select starts_at from busy_as_of($t) where source = 'external'", t=moment)
        assert sorted(rows["starts_at"]) == sorted(present["starts_at"])
        told = app.explain("ACME", "anna", "2027-01-02 10:00", known_at=moment)
        assert (told.busyness, told.known_at) == (app.explain("ACME", "anna", "2027-01-02 10:00").busyness, None)
        assert told.busyness == "BUSY"
    assert len(app.busy("ACME", "anna", *WINDOW, known_at=before)) == 1
    assert len(app.sql("from busy_as_of($t) where source = 'external'", t=before)) == 1
