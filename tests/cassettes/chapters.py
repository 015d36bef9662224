"""The story that is recorded from every server, in chapters: one cassette each, played in this order on one database.

What a chapter expects is held in both directions: live while it is recorded, and again whenever it is replayed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from icalsync.errors import AuthenticationRejected, CalendarReadOnly, IcalsyncError, NotSelectable
from tests.cassettes.stage import SUB_ACCOUNT, UnexpectedTraffic, expect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cassettes.stage import Owner, Stage

WRONG_PASSWORD: Final = "xxxx-xxxx-xxxx-xxxx"
HOUR: Final = 3600.0


class NothingToRecord(Exception):
    """The account has nothing to show for this chapter."""


def furnish(owner: Owner) -> None:
    """What stands in the linked calendar before the story begins."""
    owner.put(1, "20270104T090000Z", "20270104T100000Z")
    owner.put(2, "20270105T090000Z", "20270105T100000Z")
    owner.put(3, "20270106T090000Z", "20270106T100000Z")


def discovery(stage: Stage) -> None:
    """From an address and a password to the principal, its home and its calendars; nothing is pulled."""
    found = stage.connect()
    linked = stage.linked()
    expect("its integration", linked["integration_id"], found["integration_id"])
    expect("access", (linked["access"], linked["selectable"]), ("write", True))
    expect("integrations", [row["status"] for row in stage.app.integrations()], ["ok"])
    stage.expect_busy()


def first_sync(stage: Stage) -> None:
    """The linked calendar is listed and its events are fetched."""
    stage.app.link(SUB_ACCOUNT, "anna", stage.linked()["calendar_id"])
    stage.sync(added=3)
    stage.expect_events(3)
    stage.expect_busy("01-04 09:00", "01-05 09:00", "01-06 09:00")


def unchanged(stage: Stage) -> None:
    """R17: nothing changed, so one request tells, and nothing is written but the run."""
    report = stage.sync()
    expect("requests", report.totals["requests"], 1)
    stage.expect_busy("01-04 09:00", "01-05 09:00", "01-06 09:00")


def change(stage: Stage) -> None:
    """An event is moved and another one made: both come by the token."""
    stage.owner.put(2, "20270105T110000Z", "20270105T120000Z")
    stage.owner.put(4, "20270107T090000Z", "20270107T100000Z")
    stage.sync(changed=1, added=1)
    stage.expect_busy("01-04 09:00", "01-05 11:00", "01-06 09:00", "01-07 09:00")


def deletion(stage: Stage) -> None:
    """R13: what the server says is gone goes."""
    stage.owner.delete(3)
    stage.sync(removed=1)
    stage.expect_events(3)
    stage.expect_busy("01-04 09:00", "01-05 11:00", "01-07 09:00")


def expired_token(stage: Stage) -> None:
    """H4, C1: the server refuses the token, and a full listing proves what is new and what is gone."""
    stage.owner.put(5, "20270108T090000Z", "20270108T100000Z")
    stage.owner.delete(4)
    stage.expire_tokens()
    report = stage.sync(added=1, removed=1)
    expect("outcome", report.runs[0]["outcome"], "ok")
    stage.door.foreign_token = False
    stage.expect_busy("01-04 09:00", "01-05 11:00", "01-08 09:00")


def read_only(stage: Stage) -> None:
    """R3: a calendar shared for reading cannot be linked, and may block."""
    shared = [row for row in stage.calendars() if row["selectable"] and row["access"] == "read"]
    if not shared:
        raise NothingToRecord("there is no calendar that may only be read")
    stage.app.unlink(SUB_ACCOUNT, "anna")
    _refused(CalendarReadOnly, lambda: stage.app.link(SUB_ACCOUNT, "anna", shared[0]["calendar_id"]))
    stage.app.link(SUB_ACCOUNT, "anna", stage.linked()["calendar_id"])
    if not stage.manners.others_are_read:
        stage.sync()
        return
    stage.app.add_conflicts(SUB_ACCOUNT, "anna", [shared[0]["calendar_id"]])
    stage.sync(added=1)
    stage.expect_busy("01-04 09:00", "01-05 11:00", "01-08 09:00", "02-01 08:00")


def subscribed(stage: Stage) -> None:
    """R10: a subscription is listed, cannot be chosen, says why, and is never asked for its events."""
    stage.owner.subscribe()
    stage.sync()
    found = [row for row in stage.calendars() if row["not_selectable_reason"] == "SUBSCRIBED"]
    if not found:
        raise NothingToRecord("there is no subscribed calendar")
    _refused(NotSelectable, lambda: stage.app.add_conflicts(SUB_ACCOUNT, "anna", [found[0]["calendar_id"]]))


def wrong_password(stage: Stage) -> None:
    """R1: the password is refused, and nothing is stored of the attempt."""
    _refused(AuthenticationRejected, lambda: stage.connect("ben", password=WRONG_PASSWORD))
    expect("integrations", [row["status"] for row in stage.app.integrations()], ["ok"])
    expect("of ben", stage.app.integrations(SUB_ACCOUNT, "ben"), [])


def throttling(stage: Stage) -> None:
    """icloud.md §1.3, H2, H15: an empty 401 below a root that answers, or a 503 with Retry-After: wait. What was known still blocks."""
    for refuse in (stage.owner.throttle, stage.owner.overload):
        refuse()
        report = stage.sync()
        expect("status", [row["status"] for row in stage.app.integrations()], ["throttled"])
        expect("exit code", report.exit_code, 1)
        stage.expect_busy("01-04 09:00", "01-05 11:00", "01-08 09:00", "02-01 08:00")
        stage.owner.recover()
        stage.advance(2 * HOUR)
        report = stage.sync()
        expect("outcome", report.runs[0]["outcome"], "ok")
        expect("status", [row["status"] for row in stage.app.integrations()], ["ok"])


CHAPTERS: Final[Mapping[str, Callable[[Stage], None]]] = {
    each.__name__: each
    for each in (
        discovery,
        first_sync,
        unchanged,
        change,
        deletion,
        expired_token,
        read_only,
        subscribed,
        wrong_password,
        throttling,
    )
}

MISSING: Final[Mapping[str, Mapping[str, str]]] = {
    "radicale": {"throttling": "it has no limit on requests"},
    "xandikos": {
        "read_only": "it grants every privilege on everything",
        "wrong_password": "over plain HTTP it checks no password",
        "throttling": "it has no limit on requests",
    },
    "lookalike": {},
    "icloud": {"throttling": "provoking it would lock a person out for minutes"},
}
"""What a server does not do, and why there is no such cassette."""


def chapters_of(server: str) -> list[str]:
    """The chapters that are recorded from a server, in order."""
    return [name for name in CHAPTERS if name not in MISSING[server]]


def _refused(kind: type[IcalsyncError], attempt: Callable[[], Any]) -> None:
    try:
        attempt()
    except kind:
        return
    raise UnexpectedTraffic(f"{kind.__name__} was not raised")
