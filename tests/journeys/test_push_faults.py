"""Faults while writing, on the wire: whatever is refused, lost or doubtful, each appointment is on the server exactly once in the end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from icalsync.caldav.client import CalDavServer
from icalsync.errors import AnotherPrincipal
from tests.faults import FAULTS, Kind
from tests.faults.sites import PASSWORD, LookAlike
from tests.faults.world import DAY, HOUR, MINUTE, World, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.icloud import ICloud

FORM = "%Y%m%dT%H%M%SZ"


def at(hour: int) -> datetime:
    """An hour of a Monday within the opening hours."""
    return datetime(2026, 12, 7, hour, tzinfo=UTC)


@dataclass(frozen=True)
class Bench:
    """A world with bookings in it."""

    world: World

    @property
    def app(self) -> Any:
        """The library on its database."""
        return self.world.app

    @property
    def cloud(self) -> ICloud:
        """The look-alike."""
        assert isinstance(self.world.site, LookAlike)
        return self.world.site.cloud

    def book(self, hour: int) -> dict[str, Any]:
        """An hour of Anna's; what is free is tried elsewhere."""
        return self.app.book("ACME", "anna", at(hour), at(hour + 1), title=f"Visit {hour}", check=False)

    def move(self, row: dict[str, Any], hour: int) -> dict[str, Any]:
        """An appointment to another hour."""
        return self.app.reschedule(row["appointment_id"], at(hour), at(hour + 1), check=False)

    def cancel(self, row: dict[str, Any]) -> dict[str, Any]:
        """One."""
        return self.app.cancel(row["appointment_id"])

    def hours(self) -> list[int]:
        """The hours of the events that stand in ``Work``."""
        if not isinstance(self.world.site, LookAlike):
            self.world.site._seen.clear()  # type: ignore[attr-defined]  # what it keeps is changed past it here
        return sorted(hour for found in self.world.site.objects("Work").values() for hour in _hours(found.facts))

    def blocked(self) -> list[tuple[str, str]]:
        """What blocks Anna on that day, and why."""
        frame = self.app.busy("ACME", "anna", at(0), at(23))
        return sorted((row["starts_at"].strftime("%H"), row["reason"]) for _, row in frame.iterrows())

    def outbox(self) -> list[tuple[str, str, str | None]]:
        """Action, state and last error of each intent, in order."""
        rows = sorted(self.app.outbox(), key=lambda row: row["created_at"])
        return [(row["action"], row["state"], row["last_error"]) for row in rows]

    def open(self) -> list[str]:
        """States of what is not done."""
        return [state for _, state, _ in self.outbox() if state != "done"]

    def alerts(self) -> set[str]:
        """Kinds of what is not cleared."""
        return {row["kind"] for row in self.app.alerts()}

    def writes(self, mark: int) -> list[tuple[Kind, str | None]]:
        """Reads of single objects and writes at the proxy, each with the fault it met."""
        shown = {Kind.GET, Kind.PUT, Kind.DELETE}
        return [(each.kind, each.fault) for each in self.world.proxy.ledger.exchanges(after=mark) if each.kind in shown]

    def until_done(self, runs: int = 6) -> None:
        """Sync again and again, with time passing, until nothing is left to send."""
        for _ in range(runs):
            self.world.clock.advance(HOUR / 2)
            self.world.sync()
            if not self.open():
                return


def _hours(facts: tuple[str, ...]) -> list[int]:
    return [datetime.strptime(fact[8:], FORM).replace(tzinfo=UTC).hour for fact in facts if fact.startswith("DTSTART:")]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """On the look-alike, behind the proxy."""
    with make_world("icloud", tmp_path) as world:
        world.sync()
        world.clock.advance(MINUTE)
        yield Bench(world)


@pytest.fixture(params=["radicale", pytest.param("xandikos", marks=pytest.mark.long)])
def dav_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """On the real servers."""
    with make_world(request.param, tmp_path) as world:
        world.sync()
        world.clock.advance(MINUTE)
        yield Bench(world)


UNKNOWN = (
    "lost_answer",
    "done_and_500",
    "done_and_504",
    "not_done_and_502",
    "not_done_and_500",
    "ended_in_the_body",
    "reset_in_the_status_line",
    "reset_before_the_answer",
)
"""Nobody can tell from these whether it was done; the last two break the connection, and end the pushing of a run together."""


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_after_an_unknown_outcome_it_is_read_before_anything_is_sent_again_h18_p2(bench: Bench, action: str) -> None:
    """H18, P1, P2, N11: a timeout, a 5xx or a lost answer is no failure and no success: what stands there says what to do."""
    kind = Kind.DELETE if action == "delete" else Kind.PUT
    rows = [bench.book(hour) for hour in range(9, 9 + len(UNKNOWN))]
    if action != "create":
        bench.world.sync()
        for hour, row in enumerate(rows):
            bench.move(row, hour) if action == "update" else bench.cancel(row)
    places = [bench.app.appointment(row["appointment_id"])["href"] for row in rows]
    rules = [bench.world.proxy.inject(FAULTS[name], kind, below=place) for name, place in zip(UNKNOWN, places, strict=True)]
    assert bench.world.sync()["outcome"] == "partial"
    mark = bench.world.proxy.ledger.mark()
    bench.until_done(10)
    assert [rule.bitten for rule in rules] == [1] * len(rules)
    wanted = {"create": list(range(9, 17)), "update": list(range(8)), "delete": []}[action]
    assert (bench.hours(), bench.open()) == (wanted, [])
    for place in places:
        asked = [each.kind for each in bench.world.proxy.ledger.exchanges(after=mark) if each.path == place]
        assert asked[:1] in ([], [Kind.GET]), "nothing is written unread"
        assert asked.count(kind) <= 1
    assert bench.blocked() == [(f"{hour:02}", "OWN_APPOINTMENT") for hour in wanted]
    assert (bench.app.drift(), bench.alerts()) == ([], set())


def test_the_same_on_real_servers_h18(dav_bench: Bench) -> None:
    """H18 on Radicale and Xandikos, for a creation, a change and a deletion in turn."""
    inject = dav_bench.world.proxy.inject
    for name in ("lost_answer", "not_done_and_500"):
        inject(FAULTS[name], Kind.PUT)
        row = dav_bench.book(10)
        dav_bench.until_done()
        assert dav_bench.hours() == [10]
        inject(FAULTS[name], Kind.PUT)
        dav_bench.move(row, 12)
        dav_bench.until_done()
        assert dav_bench.hours() == [12]
        inject(FAULTS[name], Kind.DELETE)
        dav_bench.cancel(row)
        dav_bench.until_done()
        assert (dav_bench.hours(), dav_bench.open(), dav_bench.app.drift()) == ([], [], [])


def test_an_answer_that_never_comes_is_an_unknown_outcome_n2_h18(bench: Bench) -> None:
    """N2, N5, H18: the deadline passes, the event may be there."""
    bench.book(10)
    bench.world.proxy.inject(FAULTS["silence_after_the_head"], Kind.PUT)
    bench.world.sync(hasty=True)
    bench.until_done()
    assert (bench.hours(), bench.open()) == ([10], [])


def test_a_lost_right_parks_alerts_and_goes_out_when_it_is_back_h3_p9(bench: Bench) -> None:
    """H3, P9: 403 need-privileges is not tried for ever; nothing is lost; it is written when the right is back."""
    bench.book(10)
    rule = bench.world.proxy.inject(FAULTS["need_privileges"], Kind.PUT, times=None)
    run = bench.world.sync()
    assert (run["outcome"], run["error_code"]) == ("partial", "PUSH_PARKED")
    assert bench.outbox() == [("create", "parked", "ACCESS_DENIED")]
    assert bench.alerts() & {"PUSH_PARKED", "LINKED_CALENDAR_READ_ONLY"}
    for _ in range(3):
        bench.world.clock.advance(MINUTE)
        bench.world.sync()
    assert rule.bitten == 1
    bench.world.proxy.heal()
    for _ in range(3):
        bench.world.clock.advance(DAY / 3)
        bench.world.sync()
    assert (bench.hours(), bench.open(), bench.alerts()) == ([10], [], set())


def test_a_calendar_that_turned_read_only_or_vanished_parks_and_heals_p9_p10(bench: Bench) -> None:
    """R3, P9, P10: seen in the listing, before anything is sent; nothing is made anywhere else."""
    work = bench.cloud.account("anna@icloud.com").calendar("Work")
    work.revoke_write()
    bench.book(10)
    mark = bench.cloud.ledger.mark()
    bench.world.sync()
    assert (bench.outbox()[0][1], bench.alerts()) == ("parked", {"LINKED_CALENDAR_READ_ONLY"})
    work.grant_write()
    bench.world.sync()
    assert (bench.hours(), bench.open(), bench.alerts()) == ([10], [], set())
    work.remove()
    bench.app.book("ACME", "anna", at(12), at(13), title="Visit 12", check=False)
    bench.world.sync()
    assert (bench.open(), bench.alerts()) == (["parked"], {"LINKED_CALENDAR_LOST"})
    assert bench.world.site.objects("Side") == {}
    work.bring_back()
    bench.until_done()
    assert (bench.hours(), bench.open(), bench.alerts()) == ([10, 12], [], set())
    assert [entry.method for entry in bench.cloud.ledger.writes(after=mark)] == ["PUT", "PUT"]


def test_a_changed_password_parks_and_goes_out_after_the_reconnection(bench: Bench) -> None:
    """Issue 5: the row is parked, an alert says what to do, and the reconnection sends it."""
    bench.book(10)
    owner = bench.cloud.account("anna@icloud.com")
    owner.change_password("abcd-efgh-ijkl-mnop-other")
    bench.world.sync()
    assert bench.outbox() == [("create", "parked", "AUTHENTICATION_REJECTED")]
    for _ in range(3):
        bench.world.clock.advance(HOUR)
        bench.world.sync()
    assert "REAUTHENTICATION_NEEDED" in bench.alerts()
    owner.change_password(PASSWORD)
    bench.app.reconnect(bench.app.integrations()[0]["integration_id"], PASSWORD)
    assert (bench.hours(), bench.open(), bench.alerts()) == ([10], [], set())


def test_a_uid_that_stands_elsewhere_and_is_ours_is_not_made_again_h9(bench: Bench) -> None:
    """H9, P13: our PUT was lost, and the owner dragged the event away meanwhile: it is found by the conflict's href."""
    bench.cloud.change(uid_elsewhere="409")
    bench.world.proxy.inject(FAULTS["lost_answer"], Kind.PUT)
    bench.book(10)
    bench.world.sync()
    owner = bench.cloud.account("anna@icloud.com")
    work, side = owner.calendar("Work"), owner.calendar("Side")
    (name,) = work.names()
    work.move(name, side)
    bench.until_done()
    assert (work.names(), side.names()) == ([], [name])
    assert bench.blocked() == [("10", "OWN_APPOINTMENT")]


def test_a_uid_conflict_without_a_place_of_ours_takes_the_next_generation_h9(bench: Bench) -> None:
    """H9: another event has that UID, or nobody says where: it is written under another one, once."""
    bench.book(10)
    rule = bench.world.proxy.inject(FAULTS["uid_conflict"], Kind.PUT)
    bench.world.sync()
    bench.until_done()
    assert (rule.bitten, bench.hours(), bench.open()) == (1, [10], [])


def test_a_parent_that_is_missing_is_looked_for_and_never_made_h10(bench: Bench) -> None:
    """H10: 409 on PUT: parked; no MKCALENDAR; it goes out when the calendar takes it again."""
    bench.book(10)
    bench.world.proxy.inject(FAULTS["parent_missing"], Kind.PUT)
    bench.world.sync()
    assert bench.outbox() == [("create", "parked", "CALENDAR_GONE")]
    bench.until_done(14)
    assert (bench.hours(), bench.open()) == ([10], [])
    assert {entry.method for entry in bench.cloud.ledger.writes()} == {"PUT"}


def test_an_etag_that_moved_meanwhile_is_read_again_and_not_overwritten_h11(bench: Bench) -> None:
    """H11: 412 is followed by a GET; housekeeping is no edit, and the change goes out under the ETag that holds then."""
    row = bench.book(10)
    bench.world.sync()
    bench.move(row, 14)
    mark = bench.world.proxy.ledger.mark()
    bench.world.proxy.inject(FAULTS["precondition_failed"], Kind.PUT)
    bench.world.sync()
    assert bench.hours() == [14]
    assert [kind for kind, _ in bench.writes(mark)][:4] == [Kind.GET, Kind.PUT, Kind.GET, Kind.PUT]
    assert (bench.open(), bench.app.drift()) == ([], [])


def test_an_object_the_server_will_not_take_fails_alone_h12_p16(bench: Bench) -> None:
    """H12, P16: it is not sent again, it is visible, and blocks nobody behind it; the booking stands and blocks."""
    rows = [bench.book(hour) for hour in range(9, 15)]
    names = ("too_large", "larger_than_allowed", "status_400")
    rules = [bench.world.proxy.inject(FAULTS[name], Kind.PUT, below=row["href"]) for name, row in zip(names, rows, strict=False)]
    run = bench.world.sync()
    assert (run["pushed"], run["error_code"], [rule.bitten for rule in rules]) == (3, "PUSH_FAILED", [1, 1, 1])
    mark = bench.world.proxy.ledger.mark()
    bench.world.clock.advance(DAY)
    bench.world.sync()
    assert (bench.writes(mark), [state for _, state, _ in bench.outbox()]) == ([], ["failed"] * 3 + ["done"] * 3)
    assert bench.alerts() == {"PUSH_FAILED"}
    assert bench.hours() == [12, 13, 14]
    assert [reason for _, reason in bench.blocked()] == ["OWN_APPOINTMENT"] * 6


def test_a_failed_row_is_tried_anew_when_the_appointment_changes_p16(bench: Bench) -> None:
    """P16: what the alert says: move it, and it is written."""
    bench.world.proxy.inject(FAULTS["too_large"], Kind.PUT)
    row = bench.book(10)
    bench.world.sync()
    bench.move(row, 14)
    bench.world.sync()
    assert (bench.hours(), bench.alerts()) == ([14], set())


def test_a_locked_object_is_tried_again_later_and_alone_h13(bench: Bench) -> None:
    """H13: with a pause, and the others are not kept waiting."""
    rule = bench.world.proxy.inject(FAULTS["locked"], Kind.PUT)
    bench.book(10)
    bench.book(12)
    bench.world.sync()
    assert (rule.bitten, len(bench.hours()), bench.open()) == (1, 1, ["waiting"])
    mark = bench.world.proxy.ledger.mark()
    bench.world.sync()
    assert bench.writes(mark) == []
    bench.until_done()
    assert (bench.hours(), bench.open()) == ([10, 12], [])


@pytest.mark.long
def test_what_never_succeeds_is_given_up_after_days_and_shown_h13_p16(bench: Bench) -> None:
    """H13, P16: bounded: twenty tries over days, then a dead letter and an alert."""
    names = ("locked", "not_done_and_500", "put_redirected_away")
    rows = [bench.book(hour) for hour in (9, 10, 11)]
    rules = [bench.world.proxy.inject(FAULTS[name], Kind.PUT, times=None, below=row["href"]) for name, row in zip(names, rows, strict=True)]
    for _ in range(22):
        bench.world.clock.advance(6 * HOUR)
        bench.world.sync()
    assert [rule.bitten for rule in rules] == [20, 20, 20]
    assert ({state for _, state, _ in bench.outbox()}, bench.alerts()) == ({"failed"}, {"PUSH_FAILED"})


def test_a_full_account_is_left_alone_for_a_day_h21(bench: Bench) -> None:
    """H21: 507 for the quota: parked, visible, and tried the next day."""
    rule = bench.world.proxy.inject(FAULTS["quota_reached"], Kind.PUT)
    bench.book(10)
    bench.world.sync()
    assert (bench.outbox()[0][1], bench.alerts()) == ("parked", {"PUSH_PARKED"})
    bench.world.clock.advance(HOUR * 5)
    bench.world.sync()
    assert rule.bitten == 1
    assert bench.hours() == []
    bench.world.clock.advance(DAY)
    bench.world.sync()
    assert (bench.hours(), bench.open(), bench.alerts()) == ([10], [], set())


def test_a_redirected_put_never_becomes_a_get_that_succeeds_h23(bench: Bench) -> None:
    """H23, H22: followed within the site with method and body, or refused; and the event is there in the end."""
    names = ("put_redirected_302", "redirect_303", "redirect_307_in_a_circle", "redirect_nowhere")
    rows = [bench.book(hour) for hour in (9, 10, 11, 12)]
    rules = [bench.world.proxy.inject(FAULTS[name], Kind.PUT, below=row["href"]) for name, row in zip(names, rows, strict=True)]
    bench.world.sync()
    assert [rule.bitten for rule in rules] == [1] * 4
    bench.until_done()
    assert (bench.hours(), bench.open()) == ([9, 10, 11, 12], [])


def test_a_put_is_never_sent_to_another_host_h24(bench: Bench) -> None:
    """H24: the text of an appointment goes to no other host; the row waits and says why."""
    bench.world.proxy.inject(FAULTS["put_redirected_away"], Kind.PUT)
    bench.book(10)
    run = bench.world.sync()
    assert (run["error_code"], bench.outbox()) == ("PUSH_WAITING", [("create", "waiting", "REDIRECT_REFUSED")])
    bench.until_done()
    assert (bench.hours(), bench.open()) == ([10], [])


@pytest.mark.parametrize("name", ["no_etag_on_put", "reset_content_on_put"])
def test_without_an_etag_it_is_read_back_and_the_next_change_has_its_condition_h35(bench: Bench, name: str) -> None:
    """H35: 204 or 205 without ETag: read back at once; the change after it is sent with If-Match."""
    rule = bench.world.proxy.inject(FAULTS[name], Kind.PUT, times=None)
    mark = bench.world.proxy.ledger.mark()
    row = bench.book(10)
    bench.world.sync()
    assert [kind for kind, _ in bench.writes(mark)][:3] == [Kind.GET, Kind.PUT, Kind.GET]
    bench.move(row, 14)
    bench.world.sync()
    assert (rule.bitten, bench.hours(), bench.open()) == (2, [14], [])
    last = bench.cloud.ledger.writes()[-1]
    assert (last.headers.get("if-match") or "").startswith('"')


def test_an_event_the_server_changed_after_our_put_can_still_be_changed_c30(bench: Bench) -> None:
    """C30: it is read before each write, so the ETag that the server moved is the one we send; its own lines stay."""
    rule = bench.world.proxy.inject(FAULTS["edited_after_the_put"], Kind.PUT)
    row = bench.book(10)
    bench.world.sync()
    bench.move(row, 14)
    bench.world.sync()
    assert (rule.bitten, bench.hours(), bench.open(), bench.app.drift()) == (1, [14], [], [])
    (name,) = bench.cloud.account("anna@icloud.com").calendar("Work").names()
    assert "X-MEDDLED" in bench.cloud.account("anna@icloud.com").calendar("Work").text(name)


@pytest.mark.parametrize("name", ["too_many_requests_seconds", "maintenance"])
def test_a_host_that_asks_for_patience_gets_it_and_nothing_is_lost_h15_p17(bench: Bench, name: str) -> None:
    """H15, H19, P17: 429 or 503 at a PUT ends the pushing of that account for now; all of it goes out later."""
    for hour in (9, 11, 13, 15):
        bench.book(hour)
    rule = bench.world.proxy.inject(FAULTS[name], Kind.PUT)
    bench.world.sync()
    assert (rule.bitten, bench.hours()) == (1, [])
    bench.until_done()
    assert (bench.hours(), bench.open()) == ([9, 11, 13, 15], [])


def test_a_text_the_server_rewrites_is_not_sent_for_ever_p14(bench: Bench) -> None:
    """P14: compared by what we wrote, not by bytes: one PUT for each version of the appointment."""
    bench.cloud.change(rewrite_body=True)
    row = bench.book(10)
    for _ in range(4):
        bench.world.clock.advance(HOUR)
        bench.world.sync()
    bench.move(row, 14)
    for _ in range(4):
        bench.world.clock.advance(HOUR)
        bench.world.sync()
    assert [entry.method for entry in bench.cloud.ledger.writes(accepted=True)] == ["PUT", "PUT"]
    assert (bench.hours(), bench.app.drift(), bench.open()) == ([14], [], [])


def test_what_is_shown_late_is_not_written_twice(bench: Bench) -> None:
    """icloud.md §3.1, H35: accepted without an ETag, and not to be seen for a while: nothing is concluded from that."""
    bench.cloud.change(delivery_lag_requests=3, etag_on_put=False)
    bench.book(10)
    for _ in range(6):
        bench.world.clock.advance(10 * MINUTE)
        bench.world.sync()
    assert (bench.hours(), bench.open(), bench.app.drift()) == ([10], [], [])
    assert len(bench.cloud.ledger.writes(accepted=True)) == 1


@pytest.mark.parametrize("ignored", ["if-none-match", "if-match"])
def test_a_server_that_ignores_conditions_destroys_nothing_of_anybody(bench: Bench, ignored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 5: it is read before it is written: what an owner edited is not overwritten, and not deleted."""
    from icalsync.caldav.account import Account  # noqa: PLC0415  # patched here alone

    ask = Account.ask

    def deaf(self: Account, method: str, href: str, **options: Any) -> Any:
        headers = {name: value for name, value in (options.pop("headers", None) or {}).items() if name.lower() != ignored}
        return ask(self, method, href, headers=headers, **options)

    monkeypatch.setattr(Account, "ask", deaf)
    bench.cloud.change(device_edits_guarded=False)
    rows = [bench.book(10), bench.book(12)]
    bench.world.sync()
    assert bench.hours() == [10, 12]
    work = bench.cloud.account("anna@icloud.com").calendar("Work")
    texts = {}
    for name in work.names():
        texts[name] = work.text(name).replace("T100000Z", "T101500Z").replace("T120000Z", "T121500Z")
        work.put(name, texts[name])
    bench.move(rows[0], 15)
    bench.cancel(rows[1])
    bench.until_done(2)
    assert {name: work.text(name) for name in work.names()} == texts
    assert len(bench.app.drift()) == 2


def test_another_account_under_the_same_login_stops_everything_p18(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """P18: the sign-in leads to somebody else's principal: nothing is written there, an alert says so, and reconnecting is refused."""
    bench.book(10)
    discover = CalDavServer.discover
    monkeypatch.setattr(CalDavServer, "discover", lambda self, *told: replace(discover(self, *told), principal="/somebody-else/principal/"))
    bench.world.proxy.inject(FAULTS["home_not_found"], Kind.HOME)  # the old home is not this one's
    mark = bench.cloud.ledger.mark()
    bench.world.sync()
    assert bench.alerts() == {"PRINCIPAL_CHANGED"}
    with pytest.raises(AnotherPrincipal):
        bench.app.reconnect(bench.app.integrations()[0]["integration_id"], PASSWORD)
    bench.world.clock.advance(DAY)
    bench.world.sync()
    assert bench.cloud.ledger.writes(after=mark) == []
    assert bench.open() != []


@pytest.mark.long
def test_whatever_happens_to_a_put_the_event_is_there_once_in_the_end(bench: Bench) -> None:
    """N, H: every fault of the catalogue that bites a PUT, each on a creation of its own: in the end each event is there once."""
    faults = [fault for fault in FAULTS.values() if Kind.PUT in fault.kinds and not fault.slow]
    first = datetime(2027, 1, 4, tzinfo=UTC)
    starts = [first + timedelta(hours=number) for number in range(len(faults))]
    rows = [bench.app.book("ACME", "anna", start, start + timedelta(hours=1), title="Visit", check=False) for start in starts]
    rules = [bench.world.proxy.inject(fault, Kind.PUT, below=row["href"]) for fault, row in zip(faults, rows, strict=True)]
    for _ in range(40):
        bench.world.clock.advance(8 * HOUR)
        bench.world.sync()
        if set(bench.open()) <= {"failed"}:
            break
    assert [fault.name for fault, rule in zip(faults, rules, strict=True) if rule.bitten != 1] == []
    failed = [row["appointment_id"] for row in bench.app.outbox() if row["state"] == "failed"]
    assert (bench.alerts(), 1 <= len(failed) <= 8) == ({"PUSH_FAILED"}, True)
    for number, appointment_id in enumerate(failed):
        start = starts[-1] + timedelta(hours=number + 1)
        bench.app.reschedule(appointment_id, start, start + timedelta(hours=1), check=False)
    bench.until_done()
    wanted = sorted(row["starts_at"].astimezone(UTC).strftime(FORM) for row in bench.app.appointments())
    facts = [found.facts for found in bench.world.site.objects("Work").values()]
    assert sorted(fact[8:] for each in facts for fact in each if fact.startswith("DTSTART:")) == wanted
    assert (len(wanted), bench.app.drift(), bench.alerts()) == (len(faults), [], set())
    assert len(faults) > 40
