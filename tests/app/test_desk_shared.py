"""What two tenants have in common: an account, and calendars in it. Each is told of its own, and decides about its own (R11, S5, S23)."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pytest

import icalsync
from icalsync.app.parts import Parts
from icalsync.core.access import Reader
from icalsync.errors import AuthenticationRejected, NotAllowed, SharedDecision, StoreInUse, StoreLocked, SyncUnderWay
from icalsync.ports import Secret
from icalsync.settings import load_settings
from tests.faults.world import held_open
from tests.icloud import ICloud
from tests.journeys.remote import CloudCalendar, edited
from tests.properties.test_tenants_are_apart import PASSWORD, SHARED, text_of
from tests.servers import event_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icalsync.app import App
    from icalsync.app.desk import Desk

OTHER: Final = Secret("xxxx-xxxx-xxxx-xxxx")
TITLE: Final = "Visit of Mrs Miller"
"""Of what globex books; lower case in what ``text_of`` tells."""
BACK: Final = ("2027-01-13 10:00", "2027-01-14 10:00")
"""Where a date of a series was taken out, and from where one was moved."""


@dataclass
class World:
    """Sam of acme and Sam of globex use one Apple ID: globex's books go into ``Team``, which acme's sam has as a conflict calendar.

    ``Solo`` is globex's alone, ``Mine`` acme's.
    """

    app: App
    integration_id: str
    ids: dict[str, str]
    remote: dict[str, CloudCalendar]

    def desk(self, role: str, *sub_accounts: str) -> Desk:
        """A reader's desk, of one tenant or of some."""
        limit = frozenset(sub_accounts) if sub_accounts else None
        return self.app.desk(Reader(f"{role}-of-{'-'.join(sub_accounts) or 'all'}", role, limit))

    def lines(self, *sub_accounts: str) -> list[tuple[str, str, str]]:
        """What an admin reads in the audit log, the newest first: who, what, to what."""
        return [(row["actor"], row["action"], row["object"]) for row in self.desk("admin", *sub_accounts).audit(most=5000)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """See ``World``; made once, because making it takes most of the time."""
    directory = tmp_path_factory.mktemp("shared")
    with ExitStack() as stack:
        cloud = stack.enter_context(ICloud({SHARED: PASSWORD}, furnished=False))
        remote = {name: CloudCalendar(cloud.account(SHARED).add_calendar(name)) for name in ("Team", "Solo", "Mine")}
        places = {"database": directory / "data" / "shared.duckdb", "secret_key_file": directory / "keys" / "secret.key"}
        app = icalsync.open(settings=load_settings({}, icloud_url=cloud.url, allow_private_hosts=True, **places), actor="root")
        stack.enter_context(held_open(app))
        for tenant in ("acme", "globex"):
            app.add_sub_account(tenant, display_name=tenant, time_zone="Europe/Berlin")
            app.add_user(tenant, "sam", name=f"Sam of {tenant}")
            mine = app.connect(tenant, "sam", provider="icloud", account=SHARED, password=PASSWORD)["integration_id"]
        ids = {name: app.calendar("globex", "sam", name)["calendar_id"] for name in remote}
        app.link("globex", "sam", ids["Team"])
        app.add_conflicts("globex", "sam", [ids["Solo"]])
        app.add_conflicts("acme", "sam", [ids["Team"], ids["Mine"]])
        for name in ("Solo", "Mine"):
            for number in range(16):
                remote[name].put(f"e{number}.ics", event_at(f"{name}{number}", "20270204T090000Z", "20270204T100000Z", summary="x"))
        made = World(app, mine, ids, remote)
        _book_and_change(made)
        yield made


def _book_and_change(world: World) -> None:
    """Three bookings of globex's, which somebody makes a series of: one loses a date, one has a date moved, one cannot be read any more."""
    team, days = world.remote["Team"], ("06", "07", "08")
    for day in days:
        world.app.book("globex", "sam", f"2027-01-{day} 10:00", f"2027-01-{day} 11:00", title=f"{TITLE} {day}", check=False)
    world.app.sync()
    texts = team.texts()
    places = {day: next(name for name, text in texts.items() if f"{TITLE} {day}" in text) for day in days}
    series = "RRULE:FREQ=WEEKLY;COUNT=4\r\nEND:VEVENT\r\n"
    lost = series.replace("END:", "EXDATE:20270113T090000Z\r\nEND:")
    team.put(places["06"], texts[places["06"]].replace("END:VEVENT\r\n", lost))
    uid = next(line for line in texts[places["07"]].splitlines() if line.startswith("UID"))
    moved = f"BEGIN:VEVENT\r\n{uid}\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20270114T090000Z\r\nDTSTART:20270114T150000Z\r\n"
    moved += f"DTEND:20270114T160000Z\r\nSUMMARY:{TITLE} moved\r\nEND:VEVENT\r\n"
    team.put(places["07"], texts[places["07"]].replace("END:VEVENT\r\n", series + moved))
    team.put(places["08"], edited(texts[places["08"]], "DTSTART", "DTSTART:Oncology 9 am"))
    world.app.sync()


# --- titles of another tenant's bookings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [*BACK, "2027-01-14 16:00", "2027-01-06 10:00"])
def test_a_reveal_shows_no_title_of_another_sub_accounts_booking_whatever_became_of_it_r11(world: World, at: str) -> None:
    """R11: in its place, with a date taken out, moved away, and where it was moved to; its own support sees it."""
    revealed = {"reveal": True, "reason": "ticket 1"}
    told = world.desk("support", "acme").explain("acme", "sam", at, **revealed)
    assert TITLE not in str(told) + told._repr_html_()
    assert told.evidence
    assert TITLE in str(world.desk("support", "globex").explain("globex", "sam", at, **revealed))


def test_nobody_elsewhere_reads_the_text_of_a_booking_that_cannot_be_read_r11_r18(world: World) -> None:
    """R11: neither revealed nor quoted in what is wrong with it; and an analyst reads no quote at all (R18)."""
    told: dict[str, Any] = {}
    for tenant in ("acme", "globex"):
        desk = world.desk("support", tenant)
        (row,) = [each for each in desk.quarantine() if each["calendar_id"] == world.ids["Team"]]
        entry = desk.quarantined(row["calendar_id"], row["href"], reveal=True, reason="ticket 2")
        assert desk.quarantined(row["calendar_id"], row["href"]).get("raw") is None
        told[tenant] = (row["detail"], entry["detail"], entry["raw"])
    assert told["acme"] == ("•••", "•••", None)
    assert told["globex"][:2] == ("DTSTART:Oncology 9 am",) * 2
    assert TITLE.encode() in told["globex"][2]
    assert ("support-of-acme", "REVEAL_QUARANTINED") not in {line[:2] for line in world.lines()}, "nothing was revealed"
    assert {row["detail"] for row in world.desk("analyst", "globex").quarantine()} == {"•••"}
    assert "oncology" not in text_of(world.desk("analyst", "globex").quarantine())


# --- counts of another tenant's ----------------------------------------------------------------------------------------------------------


def test_what_a_sync_pushed_and_left_undone_for_others_is_not_told_s5(world: World) -> None:
    """S5: of a shared account, as ``runs`` does; whoever answers for both is told."""
    world.app.book("globex", "sam", "2027-01-20 10:00", "2027-01-20 11:00", title=TITLE, check=False, push=False)
    report = world.desk("admin", "acme").sync("acme", "sam")
    assert [(run["integration_id"], run["pushed"]) for run in report.runs] == [(world.integration_id, None)]
    assert (report.totals["pushed"], report.attention) == (0, ())
    world.app.book("globex", "sam", "2027-01-21 10:00", "2027-01-21 11:00", title=TITLE, check=False, push=False)
    both = world.desk("admin", "acme", "globex").sync("globex", "sam")
    assert (both.totals["pushed"], {row["kind"] for row in both.attention}) == (1, {"DRIFT"})


def test_who_syncs_an_account_just_now_is_not_named_by_process_and_machine(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In what was refused, and in what could not be read again."""
    desk, parts, waiting = world.desk("admin"), world.app._parts, Parts.context
    monkeypatch.setattr(Parts, "context", lambda *given: replace(waiting(*given), lease_wait=0.1))
    lease = parts.pulls.acquire(world.integration_id, "PID 12 on secret-host", 60)
    try:
        (refused,) = desk.sync("acme", "sam").refused
        retried = desk.retry_quarantine(world.ids["Team"])
    finally:
        parts.pulls.release(lease)
    assert refused == SyncUnderWay().as_dict()
    assert {row["detail"] for row in retried} == {refused["message"]}
    assert "secret-host" not in f"{refused} {retried}"


# --- decisions that others feel ----------------------------------------------------------------------------------------------------------


def test_removals_from_another_sub_accounts_calendar_are_not_ones_own_to_decide_r13_s5(world: World) -> None:
    """R13, S5: an admin of acme frees no time at globex, and holds none up; who answers for both does, and both read it."""
    for name in ("Solo", "Mine"):
        for each in sorted(world.remote[name].texts())[:12]:
            world.remote[name].delete(each)
    world.app.sync()
    acme, both = world.desk("admin", "acme"), world.desk("admin", "acme", "globex")

    def taken() -> int:
        return int((world.app.busy("globex", "sam", "2027-02-04", "2027-02-05")["source"] == "external").sum())

    for deed in (acme.confirm_removals, acme.hold_removals):
        with pytest.raises(SharedDecision) as caught:
            deed(world.ids["Solo"], reason="I say so")
        assert isinstance(caught.value, NotAllowed)
        assert "globex" not in f"{caught.value.message} {caught.value.next_step} {caught.value.facts}"
    assert taken() == 16
    assert [row["calendar_id"] for row in world.desk("admin", "globex").hold_removals(world.ids["Solo"], reason="Miller is away")]
    assert both.confirm_removals(world.ids["Solo"], reason="agreed").attention == both.sync("globex", "sam").attention
    assert taken() == 4
    assert {("admin-of-globex", "HOLD_DELETIONS"), ("admin-of-acme-globex", "CONFIRM_DELETIONS")} <= {
        line[:2] for line in world.lines("globex")
    }
    done = acme.confirm_removals(world.ids["Mine"], reason="ours alone")
    assert (done.attention, done.runs[0]["pushed"]) == ((), None), "what others left undone is not acme's to know"
    assert [line for line in world.lines("acme") if line[1].endswith("_DELETIONS")] == [
        ("admin-of-acme", "CONFIRM_DELETIONS", world.ids["Mine"])
    ]


@pytest.mark.long
def test_an_alert_of_an_account_that_serves_others_too_is_not_cleared_for_them_s5(world: World) -> None:
    """S5: it stays until somebody who answers for all of them has dealt with it, or it is over."""
    parts = world.app._parts
    parts.secrets.put(world.integration_id, OTHER)
    for _ in range(3):
        world.app.sync("acme")
    desk = world.desk("admin", "acme")
    (alert,) = [row for row in desk.alerts() if row["kind"] == "REAUTHENTICATION_NEEDED"]
    with pytest.raises(SharedDecision):
        desk.clear_alert(alert["alert_id"])
    assert alert["alert_id"] in {row["alert_id"] for row in world.desk("admin", "globex").alerts()}
    assert world.desk("admin", "acme", "globex").clear_alert(alert["alert_id"])["cleared_at"] is not None
    desk.reconnect(world.integration_id, Secret(PASSWORD))


# --- who reads which line of the log -----------------------------------------------------------------------------------------------------


def test_a_line_of_the_log_keeps_its_readers_when_an_account_changes_hands_s23(world: World) -> None:
    """S23: what globex's admin did to a shared account stays theirs after globex has left; what acme's did is acme's all the while."""
    for tenant in ("acme", "globex"):
        world.desk("admin", tenant).reconnect(world.integration_id, Secret(PASSWORD))
    world.app.add_user("globex", "kim")
    apart = {tenant: world.lines(tenant) for tenant in ("acme", "globex")}
    for tenant, other in (("acme", "globex"), ("globex", "acme")):
        assert (f"admin-of-{tenant}", "RECONNECT", world.integration_id) in apart[tenant]
        assert not [line for line in apart[tenant] if other in line[0] + line[2] and tenant not in line[0]]
    everything = world.lines()
    world.desk("admin", "globex").disconnect("globex", "sam", world.integration_id)
    try:
        assert world.lines("acme") == apart["acme"]
        assert world.lines("globex")[1:] == apart["globex"]
        assert world.lines()[1:] == everything
        assert set(everything) >= {*apart["acme"], *apart["globex"]}
    finally:
        world.app.connect("globex", "sam", provider="icloud", account=SHARED, password=PASSWORD)


def test_a_sub_account_that_is_called_like_a_word_of_the_log_reads_none_of_it_s23(world: World) -> None:
    """S23: whom a line concerns is written with it, and not read out of its text; nor are older lines guessed at."""
    world.app.add_sub_account("DRIFT")
    (alert, *_) = [row for row in world.desk("admin", "globex").alerts() if row["kind"] == "DRIFT"]
    world.desk("admin", "globex").clear_alert(alert["alert_id"])
    with world.app._parts.database.write() as tx:
        old = {"at": tx.clock_now, "actor": "root", "action": "CONNECT", "object": "acme sam int-old", "reason": None}
        tx.append("audit_log", [old])
    assert world.lines("globex")[0] == ("admin-of-globex", "CLEAR_ALERT", f"DRIFT {alert['alert_id']}")
    assert world.lines("DRIFT") == []
    assert ("root", "CONNECT", "acme sam int-old") not in world.lines("acme")
    assert world.lines()[0] == ("root", "CONNECT", "acme sam int-old")


# --- no credential without a line --------------------------------------------------------------------------------------------------------


def test_a_password_that_cannot_be_logged_is_not_replaced_s23(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S23: the database refuses just as an account that is known is connected, or reconnected: the old password stands."""
    parts, desk = world.app._parts, world.desk("admin")
    parts.secrets.put(world.integration_id, OTHER)

    def refuses(*_: Any, **__: Any) -> None:
        raise StoreLocked(path="x", holder="y")

    before = world.lines()
    with monkeypatch.context() as patched:
        for doing in ("connect", "reconnecting"):
            patched.setattr(type(parts.accounts), doing, refuses)
        with pytest.raises(StoreInUse):
            desk.reconnect(world.integration_id, Secret(PASSWORD))
        assert parts.secrets.get(world.integration_id) == OTHER
        with pytest.raises(StoreInUse):
            desk.connect("acme", "sam", provider="icloud", account=SHARED, password=Secret(PASSWORD))
    assert (parts.secrets.get(world.integration_id), world.lines()) == (OTHER, before)
    with pytest.raises(AuthenticationRejected):
        desk.reconnect(world.integration_id, OTHER)
    assert world.lines()[0] == ("admin-of-all", "RECONNECT_FAILED", f"{world.integration_id} AUTHENTICATION_REJECTED")
    parts.secrets.put(world.integration_id, Secret(PASSWORD))
