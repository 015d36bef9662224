"""The page Health: what needs somebody first, with the next step for each; runs and lag; what cannot be read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import icalsync
from icalsync.clock import SystemClock
from icalsync.messages import say
from icalsync.settings import load_settings
from tests.browser.conftest import TITLE
from tests.dashboard.practice import monday, practice_on, stamp
from tests.faults.world import held_open
from tests.icloud import MovableClock
from tests.icloud.fixtures import ANNA, PASSWORD
from tests.servers import event_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dashboard.conftest import Clinic, Pages
    from tests.icloud import ICloud
    from tests.servers import DavServer

HOUR = timedelta(hours=1)
ENDLESS = event_at("endless", "20270104T090000Z", "20270104T100000Z", summary="Secret plan", more=("RRULE:FREQ=DAILY;INTERVAL=0",))
"""Its rule cannot be read."""


@pytest.fixture(autouse=True)
def _open(clinic: Clinic) -> Iterator[None]:
    """The database stays open meanwhile, which saves most of the time."""
    with held_open(clinic.app):
        yield


def show(pages: Pages, view: str) -> str:
    """One of the page's views; what it says."""
    pages.test.radio(key="view_health").set_value(view).run()
    return pages.said


def test_what_needs_somebody_comes_first_with_the_next_step_for_each(pages: Pages, clinic: Clinic) -> None:
    """Case 1: Ben's password was changed: the error by kind with what to do, the alert, and that he cannot be booked; the rest is well."""
    said = pages.of(clinic).go("health")
    desk = clinic.app.desk(clinic.app.open_reader("127.0.0.1"))
    (error,) = desk.errors()
    assert f"{say('page.kind.AUTHENTICATION_REJECTED')}\n({error['code']})" in said
    assert say("page.remedy.AUTHENTICATION_REJECTED.caldav") in said
    assert "Apple" not in said, "his account is at another provider"
    assert said.count("Ben *Bold* (ACME/ben)") == 2, "whom the account serves, at the alert and at the error"
    assert [row["kind"] for row in desk.alerts()] == ["REAUTHENTICATION_NEEDED"]
    assert say("page.alert.REAUTHENTICATION_NEEDED") in said
    assert say("page.health.attention_says", number=1) in said, "what the alert says and the error of its account are one thing"
    assert say("page.health.lost_none") in said
    assert say("page.health.silent_none") in said
    assert TITLE not in said
    said = show(pages, "ahead")
    assert say("nobody.next.UNKNOWN") in said, "and what to do about it"
    nobody = {(row["name"], row["says"]) for row in desk.without_availability()}
    assert ("Ben *Bold*", say("nobody.UNKNOWN")) in nobody
    assert all(name in said and says in said for name, says in nobody)


def test_runs_and_lag_are_told_account_by_account(pages: Pages, clinic: Clinic) -> None:
    """How late each account is, how far apart its good runs are, and each run with its outcome."""
    pages.of(clinic).go("health")
    said = show(pages, "history")
    desk = clinic.app.desk(clinic.app.open_reader("127.0.0.1"))
    assert say("page.health.runs_of_day", number=len(desk.runs())) in said
    assert say("page.health.lag", number=len(desk.lag())) in said
    assert say("page.status.reauthentication_needed") in said
    kind = say("page.kind.AUTHENTICATION_REJECTED")
    assert f"{say('page.health.outcome.failed')}\n{kind}\n(AUTHENTICATION_REJECTED)" in said


def test_removals_that_are_held_are_let_go_for_a_reason_r13(pages: Pages, empty_clinic: Clinic, radicale: DavServer) -> None:
    """R13: many events vanish at once and still block; an admin reads whom that touches and lets them go, for a logged reason."""
    with practice_on(empty_clinic, radicale) as practice:
        app, days = practice.clinic.app, [monday(9) + timedelta(days=number) for number in range(11)]
        put = [practice.work.put(f"gone-{n}", event_at(f"gone-{n}", stamp(day), stamp(day + HOUR))) for n, day in enumerate(days)]
        app.sync()
        for href in put:
            practice.work.delete(href)
        app.sync()
        said = pages.of(empty_clinic).go("health")
        assert say("page.health.removals", number=1) in said
        assert say("removals.held", number=11) in said
        assert say("page.health.reason_needed") in pages.click(say("page.health.confirm_removals_now"))
        assert len(app.busy("ACME", "anna", monday(9), monday(9) + timedelta(days=14))) == 12
        pages.test.text_input[0].set_value("she cleared her calendar")
        said = pages.click(say("page.health.confirm_removals_now"))
        assert say("page.health.confirm_removals_done") in said
        assert say("page.health.removals_none") in said
        assert len(app.busy("ACME", "anna", monday(9), monday(9) + timedelta(days=14))) == 1
        (line,) = app.desk(app.open_reader("127.0.0.1")).audit(action="CONFIRM_DELETIONS")
        assert line["reason"] == "she cleared her calendar"


def test_what_cannot_be_read_is_named_and_shown_only_for_a_reason(pages: Pages, empty_clinic: Clinic, xandikos: DavServer) -> None:
    """R12, R18: first all is well; then the object, why, since when; its text for a logged reason alone; read again on demand."""
    with practice_on(empty_clinic, xandikos) as practice:
        said = pages.of(empty_clinic).go("health")
        assert say("page.health.all_well") in said
        assert all(say(f"page.health.{key}_none") in said for key in ("alerts", "errors", "lost", "silent"))
        practice.work.put("endless", ENDLESS)
        practice.clinic.app.sync()
        said = pages.go("health")
        assert say("page.health.attention_says", number=1) in said, "what cannot be read needs somebody, too"
        said = pages.click(say("page.health.go_quarantine"))
        assert "endless.ics" in said
        assert "Work · anna\nAnna Adler (ACME/anna)" in said, "whose it is"
        assert say("page.health.quarantine", number=1) in said
        assert "Secret plan" not in said
        assert say("page.went_wrong") in pages.click(say("page.health.show_now"))
        pages.test.text_input[0].set_value("case 4711")
        assert "SUMMARY:Secret plan" in pages.click(say("page.health.show_now"))
        assert "Secret plan" not in pages.click(say("page.refresh"))
        assert say("page.health.retried", read=0, all=1) in pages.click(say("page.health.retry"))


def test_a_lost_right_and_what_follows_from_it_is_one_thing_until_it_is_given_back(
    pages: Pages, empty_clinic: Clinic, icloud: ICloud
) -> None:
    """R3: the linked calendar may only be read now: whom that touches, once, and what to do; with the right it is history."""
    empty_clinic.environment["ICALSYNC_ICLOUD_URL"] = icloud.url
    app, work = empty_clinic.app, icloud.account(ANNA).calendar("Work")
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    app.add_user("ACME", "anna", name="Anna Adler")
    with held_open(app):
        app.connect("ACME", "anna", provider="icloud", account=ANNA, password=PASSWORD)
        app.link("ACME", "anna", "Work")
        app.sync()
        work.revoke_write()
        app.book("ACME", "anna", monday(10), monday(11), "Visit", push=False)
        app.sync()
        said = pages.of(empty_clinic).go("health")
        (lost,) = app.desk(app.open_reader("127.0.0.1")).lost_rights()
        assert say("page.health.lost", number=1) in said
        assert f"{lost['says']}\n{lost['next_step']}" in said
        assert "Anna Adler (ACME/anna)" in said.split("\n")
        assert "Anna Adler (ACME/anna)\nAnna Adler (ACME/anna)" not in said, "however many roles the calendar has for her"
        assert say("page.health.attention_says", number=1) in said, "alert, error and lost right are one and the same"
        assert say("told.next.PUSH_PARKED") in said
        pages.go("bookings", user="ACME/anna")
        pages.test.radio(key="view_book").set_value("outbox").run()
        assert say("push.CALENDAR_READ_ONLY") in pages.said
        work.grant_write()
        app.sync()
        said = pages.go("health")
        assert say("page.health.all_well") in said
        assert say("page.kind.PUSH_PARKED") not in said
        said = show(pages, "history")
        assert say("page.health.healed", number=1) in said
        assert say("page.kind.PUSH_PARKED") in said


def test_an_account_that_went_silent_against_its_rhythm_is_told(pages: Pages, empty_clinic: Clinic, icloud: ICloud) -> None:
    """Ten changes an hour apart, and none for twenty days since: whose account, for how long, and how often before."""
    empty_clinic.environment["ICALSYNC_ICLOUD_URL"] = icloud.url
    clock, work = MovableClock(SystemClock().now() - timedelta(days=20)), icloud.account(ANNA).calendar("Work")
    app = icalsync.open(settings=load_settings(empty_clinic.environment), clock=clock)
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    app.add_user("ACME", "anna", name="Anna Adler")
    with held_open(app):
        app.connect("ACME", "anna", provider="icloud", account=ANNA, password=PASSWORD)
        app.add_conflicts("ACME", "anna", ["Work"])
        for number in range(10):
            clock.advance(HOUR.total_seconds())
            work.put(f"e{number}", event_at(f"e{number}", stamp(monday(9)), stamp(monday(10))))
            app.sync()
        said = pages.of(empty_clinic).go("health")
        assert say("page.health.silent", number=1) in said
        (row,) = empty_clinic.app.desk(app.open_reader("127.0.0.1")).silent()
        assert row["says"] in said
        assert f"{say('page.span.days_ago', days=19)}\n{say('page.health.usual', span=say('page.span.whole_hours', hours=1))}" in said
