"""Settling drift: the appointment takes theirs, ours is written again, or both stand (R11). What each way means, the core decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast, get_args

from icalsync.core import drift as core_drift
from icalsync.core.drift import CancelHere, Impossible, LeaveBoth, LetGo, Resolution, Seen, SendAgain, Settlement, Take
from icalsync.core.own import own_fields
from icalsync.core.paths import path_key
from icalsync.errors import InvalidInput, NotFound
from icalsync.messages import say
from icalsync.ports import PushAction
from icalsync.store import appointments, drifts, given_up, names, objects, own_objects
from icalsync.store.audit import POLICY, audit
from icalsync.store.belonging import owners
from icalsync.store.database import Database
from icalsync.store.intents import Intents, intending
from icalsync.store.own_objects import FOUND
from icalsync.store.transaction import Row, Transaction

_BY_POLICY: Final = """
    SELECT d.*, n.remote_change_policy FROM _kept.drift d
    JOIN _kept.own_object o ON o.appointment_id = d.appointment_id AND o.generation = d.generation
    JOIN _kept.calendar c ON c.calendar_key = d.calendar_key
    JOIN _kept.connection_version n ON n.user_key = o.user_key AND n.integration_key = c.integration_key AND n.known_to = 'infinity'
    WHERE d.settled_at IS NULL AND c.integration_key = ? AND n.remote_change_policy <> 'flag' ORDER BY d.first_seen_at, d.drift_id
"""
_RETURNED: Final = """
    SELECT o.* FROM _kept.own_object o JOIN _kept.calendar c USING (calendar_key)
    WHERE o.state IN ('returned', 'found') AND c.integration_key = ? ORDER BY o.appointment_id, o.generation
"""
_UNSEEN: Final = """
    FROM _kept.calendar_version v JOIN _kept.calendar c USING (calendar_key) JOIN _kept.calendar_sync y USING (calendar_key)
    LEFT JOIN _kept.calendar_freshness f USING (calendar_key)
    WHERE v.known_to = 'infinity' AND v.not_selectable_reason IS NULL AND y.pulled_at IS NOT NULL AND c.integration_key = ?
    AND c.calendar_id NOT IN (SELECT unnest(?::VARCHAR[])) AND coalesce(f.last_synced_at, '-infinity'::TIMESTAMPTZ) < ?
"""


class Drifts:
    """What people made of our events in their calendars."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def rows(self, sub_account: str | None = None, user_id: str | None = None, open_only: bool = True) -> list[Row]:
        """Rows of the view ``drift``, the oldest first: of a user, a sub-account, or all. ``UnknownSubAccount``, ``UnknownUser``."""
        with self._db.read() as tx:
            account, user = names.told(tx, sub_account, user_id)
            return tx.rows(
                "FROM drift WHERE (NOT ? OR settled_at IS NULL) AND sub_account = coalesce(?, sub_account) "
                "AND user_id = coalesce(?, user_id) ORDER BY first_seen_at, drift_id",
                [open_only, account, user],
            )

    def resolve(self, drift_id: str, settlement: str, *, actor: str, reason: str | None = None) -> Row:
        """Settle one, in one transaction: ``accept`` takes theirs, ``restore`` writes ours again, ``keep`` lets both stand.

        The row of the view ``drift``; who decided stands in ``audit_log``. ``NotFound``; ``InvalidInput`` where it is settled already, or
        where no appointment can take what the event has become.
        """
        if settlement not in get_args(Settlement):
            raise InvalidInput(what="the settlement", value=settlement, why="choose one of " + ", ".join(get_args(Settlement)))
        with intending(self._db) as intents:
            found = intents.tx.row("SELECT * FROM _kept.drift WHERE drift_id = ?", [drift_id])
            if found is None:
                raise NotFound(kind="drift", name=drift_id)
            if found["settled_at"] is not None:
                raise InvalidInput(what="the drift", value=drift_id, why=f"it is settled already ({found['settlement']})")
            settle(intents, found, cast("Settlement", settlement), actor=actor, reason=reason)
            return intents.tx.rows("FROM drift WHERE drift_id = ?", [drift_id])[0]


def apply_policies(intents: Intents, integration_key: int, pulled: Sequence[str]) -> int:
    """Settle what a connection's policy settles, and delete superseded events of ours that turned up; how many.

    A deletion waits until every calendar of the account was looked at since: it may have been a move (C19).
    """
    tx, done = intents.tx, 0
    for own in tx.rows(_RETURNED, [integration_key]):
        wanted = _wanted(tx, own)
        if wanted is not None:
            intents.add(own["appointment_id"], own["calendar_key"], *wanted)
            done += 1
    for drift in tx.rows(_BY_POLICY, [integration_key]):
        if _is_certain(tx, drift, integration_key, pulled) and _is_possible(tx, drift):
            policy = cast("Settlement", drift["remote_change_policy"])
            settle(intents, drift, policy, actor=POLICY, reason=f"remote changes: {policy}")
            done += 1
    return done


def has_work(tx: Transaction, integration_key: int, pulled: Sequence[str]) -> bool:
    """Whether ``apply_policies`` would find something to do (R17)."""
    if any(_wanted(tx, own) is not None for own in tx.rows(_RETURNED, [integration_key])):
        return True
    waiting = tx.rows(_BY_POLICY, [integration_key])
    return any(_is_certain(tx, drift, integration_key, pulled) and _is_possible(tx, drift) for drift in waiting)


def _wanted(tx: Transaction, own: Row) -> tuple[PushAction, int | None] | None:
    """What an event that turned up again still needs, and of which generation: one that stands for no appointment any more is deleted.

    The other kind came back with a purged account: it is compared with its appointment once.
    """
    if own["state"] == FOUND:
        if drifts.was_intended(tx, own):
            return None
        return ("delete" if drifts.appointment(tx, own["appointment_id"])["status"] == "cancelled" else "update"), None
    return None if drifts.awaits_deletion(tx, own) else ("delete", own["generation"])


def _is_certain(tx: Transaction, drift: Row, integration_key: int, pulled: Sequence[str]) -> bool:
    """A deletion is one when the event is nowhere else, and is no cleaning up after the appointment was held."""
    if drift["kind"] != "deleted":
        return True
    over = drifts.appointment(tx, drift["appointment_id"])["ends_at"] <= tx.clock_now
    return not over and tx.row(_UNSEEN, [integration_key, list(pulled), drift["first_seen_at"]]) is None


def _is_possible(tx: Transaction, drift: Row) -> bool:
    """What no rule can settle stays open for a person."""
    return not isinstance(_resolved(tx, drift, cast("Settlement", drift["remote_change_policy"])), Impossible)


def _resolved(tx: Transaction, drift: Row, settlement: Settlement) -> Resolution:
    """What the core makes of it."""
    own = own_objects.generation(tx, drift["appointment_id"], drift["generation"])
    cancelled = drifts.appointment(tx, drift["appointment_id"])["status"] == "cancelled"
    return core_drift.resolve(
        Seen(drift["kind"], _fields(tx, drift, own), drift["fingerprint"]), settlement, over=cancelled or not own["live"]
    )


def settle(intents: Intents, drift: Row, settlement: Settlement, *, actor: str, reason: str | None) -> None:
    """Carry out what the core makes of a settlement. ``InvalidInput`` where it cannot be settled so."""
    tx = intents.tx
    resolution = _resolved(tx, drift, settlement)
    if isinstance(resolution, Impossible):
        raise InvalidInput(what="the settlement", value=settlement, why=say(f"drift.{resolution.code}"))
    drifts.settled(tx, drift, settlement)
    own = own_objects.generation(tx, drift["appointment_id"], drift["generation"])
    _carry_out(_Case(intents, drift, own, drifts.appointment(tx, drift["appointment_id"])), resolution)
    if own["live"] and not isinstance(resolution, SendAgain):
        given_up.end(tx, drift["appointment_id"], "LET_GO")
    audit(tx, actor, "SETTLE_DRIFT", f"{drift['drift_id']} {settlement}", reason, about=owners(tx, "drift_id", drift["drift_id"]))
    if drift["kind"] != "deleted":
        objects.renew(tx, drift["calendar_key"], path_key(drift["href"]))


class _Case:
    """One drift and all it is about."""

    def __init__(self, intents: Intents, drift: Row, own: Row, appointment: Row) -> None:
        self.intents, self.tx, self.drift, self.own, self.appointment = intents, intents.tx, drift, own, appointment
        self.cancelled: Final = appointment["status"] == "cancelled"
        self.open: Final = intents.open_rows(appointment["appointment_id"])

    def follow_place(self) -> None:
        """The event is where its owner put it: later writes go there."""
        place = {"calendar_key": self.drift["calendar_key"], "href": self.drift["href"]}
        own_objects.change(self.tx, self.own, **place, path_key=path_key(self.drift["href"]))
        if self.own["live"]:
            self.appointment = appointments.change(self.tx, self.appointment, **place)
            for row in self.open:
                if row["generation"] is None:
                    self.tx.execute(
                        "UPDATE _kept.outbox SET calendar_key = ? WHERE outbox_id = ?", [place["calendar_key"], row["outbox_id"]]
                    )

    def let_go(self) -> None:
        """The event is its owner's from now on, like any other."""
        own_objects.change(self.tx, self.own, state="detached")
        self.intents.end([row for row in self.open if row["generation"] in {None, self.own["generation"]}], "LET_GO")


def _carry_out(case: _Case, resolution: Resolution) -> None:
    match resolution:
        case Take(starts_at=starts_at, ends_at=ends_at):
            _take(case, starts_at, ends_at)
        case CancelHere():
            _cancel_here(case)
        case SendAgain():
            _send_again(case, resolution)
        case LeaveBoth():
            _leave_both(case)
        case LetGo():
            case.let_go()


def _take(case: _Case, starts_at: Any, ends_at: Any) -> None:
    """Theirs holds. An appointment that we cancelled stays so, and its event becomes theirs altogether."""
    reinstated = case.cancelled and case.appointment["changed_by"] == "calendar"
    if not case.own["live"] or (case.cancelled and not reinstated):
        case.let_go()
        return
    case.follow_place()
    own_objects.confirm(case.tx, case.own, case.drift["fingerprint"], None, case.tx.clock_now)
    if case.drift["kind"] == "moved" and not reinstated:
        return  # the text is ours, so what is on its way to it may go on
    case.intents.end(case.open, "LET_GO")
    appointments.take(case.tx, case.appointment, starts_at, ends_at, title=_title(case))


def _title(case: _Case) -> str | None:
    """The title they gave it, where ours stood in the event."""
    fields = _fields(case.tx, case.drift, case.own)
    detail = appointments.detail_of(case.tx, case.appointment["user_key"])
    if fields is None or detail == "reference" or fields.summary in {"", " ".join(case.appointment["title"].split())}:
        return None
    return str(fields.summary)


def _cancel_here(case: _Case) -> None:
    case.intents.end(case.open, "LET_GO")
    own_objects.change(case.tx, case.own, state="gone" if case.drift["kind"] == "deleted" else "detached")
    if case.own["live"] and not case.cancelled:
        appointments.cancel(case.tx, case.appointment, by="calendar")


def _send_again(case: _Case, how: SendAgain) -> None:
    elsewhere = (case.own["calendar_key"], case.own["path_key"]) != (case.drift["calendar_key"], path_key(case.drift["href"]))
    mark = case.drift["fingerprint"]
    if mark is not None and case.drift["kind"] == "edited":
        own_objects.note(case.tx, case.own, mark, "overwrite")
    if case.cancelled or not case.own["live"]:
        _delete_again(case)
    elif how.next_generation or elsewhere:
        _make_anew(case, delete_other=how.delete_other or elsewhere)
    elif not case.open:
        case.intents.add(case.appointment["appointment_id"], case.own["calendar_key"], "update")


def _delete_again(case: _Case) -> None:
    """It should not be there at all."""
    if case.drift["kind"] == "deleted":
        own_objects.change(case.tx, case.own, state="gone")
        return
    case.follow_place()
    if case.own["state"] == "gone":
        own_objects.change(case.tx, case.own, state="present")
    if not drifts.awaits_deletion(case.tx, case.own):
        case.intents.add(case.appointment["appointment_id"], case.drift["calendar_key"], "delete", case.own["generation"])


def _make_anew(case: _Case, *, delete_other: bool) -> None:
    """Under the next identity where it was; what lies elsewhere is deleted when that stands."""
    home = case.own["calendar_key"]
    own_objects.change(case.tx, case.own, state=case.own["state"] if delete_other else "gone")
    if delete_other:
        place = {"calendar_key": case.drift["calendar_key"], "href": case.drift["href"], "path_key": path_key(case.drift["href"])}
        own_objects.change(case.tx, case.own, **place)
    case.intents.end([row for row in case.open if row["generation"] is None], "MADE_ANEW")
    appointments.write_anew(case.intents, case.appointment, home)
    if delete_other:
        case.intents.add(case.appointment["appointment_id"], case.drift["calendar_key"], "delete", case.own["generation"])


def _leave_both(case: _Case) -> None:
    if case.drift["kind"] == "deleted":
        case.intents.end(case.open, "LET_GO")
        own_objects.change(case.tx, case.own, state="gone")
        return
    case.follow_place()
    if case.drift["kind"] == "edited":
        case.intents.end(case.open, "LET_GO")
        own_objects.keep(case.tx, case.own, case.drift["fingerprint"])


def _fields(tx: Transaction, drift: Row, own: Row) -> Any:
    if drift["fingerprint"] is None:
        return None
    raw = tx.value("SELECT raw FROM _kept.drift_text WHERE drift_id = ? AND fingerprint = ?", [drift["drift_id"], drift["fingerprint"]])
    return None if raw is None else own_fields(bytes(raw), own["uid"])
