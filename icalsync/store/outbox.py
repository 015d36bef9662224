"""What pushing needs of the store (``ports.PushStore``): intents that are due, begun and settled, each in one transaction (P1–P18)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from icalsync.core.own import mark_of, own_fields, uids_in
from icalsync.core.paths import path_key
from icalsync.ports import Lease, PushOutcome, PushTask
from icalsync.store import appointments, drifting, drifts, due, given_up, leases, names, obstacles, own_objects, reconciling, unfinished
from icalsync.store.database import Database
from icalsync.store.drifts import Theirs
from icalsync.store.intents import DRIFT, entry_of, intending, journal_of
from icalsync.store.journal import Entry
from icalsync.store.transaction import Row, Transaction

STALE_FOR: Final = timedelta(minutes=10)
"""So long after a write a server may show the text before it (icloud.md §3.1): that is no owner who moved the event back."""
LOOK_AGAIN: Final = timedelta(minutes=2)
_OVER: Final = frozenset({"done", "failed"})


class Outbox:
    """Implements ``ports.PushStore``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def rows(self, sub_account: str | None = None, user_id: str | None = None) -> list[Row]:
        """Rows of the view ``outbox``, the oldest first: of a user, a sub-account, or all. ``UnknownSubAccount``, ``UnknownUser``."""
        with self._db.read() as tx:
            account, user = names.told(tx, sub_account, user_id)
            return tx.rows(
                "SELECT v.* FROM outbox v JOIN _kept.outbox o USING (outbox_id) "
                "WHERE v.sub_account = coalesce(?, v.sub_account) AND v.user_id = coalesce(?, v.user_id) ORDER BY o.number",
                [account, user],
            )

    def unfinished(self, sub_account: str | None, user_id: str | None, since: datetime, among: Sequence[str] | None = None) -> list[Row]:
        """What a sync that began at ``since`` left undone, by kind (``unfinished.counted``). ``UnknownSubAccount``, ``UnknownUser``.

        With ``among`` nothing of other sub-accounts. What had been given up, and is over by now, ends with that.
        """
        with self._db.read() as tx:
            account, user = names.told(tx, sub_account, user_id)
            if not given_up.over(tx):
                return unfinished.counted(tx, account, user, since, among)
        with self._db.write() as tx:
            given_up.end_over(tx)
            return unfinished.counted(tx, account, user, since, among)

    def due(self, integration_id: str, now: datetime) -> tuple[PushTask, ...]:
        """The oldest open intent of each appointment that may be tried at ``now``; parked ones whose obstacle is gone, too.

        The journal is compared first: an intent that it does not know is not sent (T5).
        """
        with self._db.read() as tx:
            if reconciling.agree(tx, self._db):
                return due.tasks(tx, integration_id, now)
        reconciling.reconcile(self._db)
        with self._db.read() as tx:
            return due.tasks(tx, integration_id, now)

    def following(self, integration_id: str, now: datetime) -> tuple[PushTask, ...]:
        """Deletions that become due once the intents before them are done: shown by a plan."""
        with self._db.read() as tx:
            return due.following(tx, integration_id, now)

    def due_integrations(self, now: datetime) -> tuple[str, ...]:
        """Accounts with something to send at ``now``."""
        with self._db.read() as tx:
            return due.integrations(tx, now)

    def begin(self, lease: Lease, task: PushTask, fingerprint: str | None) -> bool:
        """Note that it is about to be sent, here and in the journal; whether it still is what should be sent. ``LeaseLost``.

        ``fingerprint``: of the text that is sent; None for a deletion. False, and nothing is noted, where the appointment was changed or
        cancelled, its event edited, or the intent ended since it was told: then ask again what is due.
        """
        with self._db.write() as tx:
            leases.check(tx, lease)
            row, own = _row(tx, task.outbox_id), _own(tx, task)
            if row is None or own is None or not _still(tx, task, row):
                return False
            tx.execute(
                "UPDATE _kept.outbox SET state = 'sending', attempts = attempts + 1, sending_generation = ? WHERE outbox_id = ?",
                [task.generation, task.outbox_id],
            )
            if fingerprint is not None:
                own_objects.note(tx, own, fingerprint, "open")
                own_objects.change(tx, own, doubtful_since=own["doubtful_since"] or own["sending_since"], sending_since=tx.clock_now)
            entry, journal, moment = entry_of(tx, row), journal_of(tx, self._db), tx.clock_now
        journal.write("sending", [Entry(*_named(entry), task.generation)], moment, body=fingerprint)
        return True

    def settle(self, lease: Lease, outcome: PushOutcome) -> None:
        """What became of it: outbox, event, drift and alerts in one transaction. ``LeaseLost``."""
        with self._db.write() as tx:
            leases.check(tx, lease)
            row = _row(tx, outcome.outbox_id)
            if row is None:  # purged meanwhile
                return
            own = _settled_own(tx, row, outcome)
            _doubt(tx, own, row, outcome)
            _SETTLE[outcome.result](tx, own_objects.generation(tx, own["appointment_id"], own["generation"]), row, outcome)
            obstacles.follow_intents(tx, own)
            entry, journal, moment = entry_of(tx, row), journal_of(tx, self._db), tx.clock_now
        journal.write("outcome", [Entry(*_named(entry), own["generation"])], moment, result=outcome.result, body=outcome.sent)

    def apply_policies(self, lease: Lease, pulled: Sequence[str] = ()) -> int:
        """Settle the open drift of this account by its connections' policies (R11), and delete superseded events that turned up; how many.

        ``pulled``: ids of the calendars that this run found clean. ``LeaseLost``.
        """
        with self._db.read() as tx:
            key = leases.check(tx, lease)
            if not drifting.has_work(tx, key, pulled):
                return 0
        with intending(self._db) as intents:
            return drifting.apply_policies(intents, leases.check(intents.tx, lease), pulled)

    def release(self, outbox_id: str) -> None:
        """Let an intent be sent that the journal does not know: a person has said that this database is the right one (T5)."""
        reconciling.release(self._db, outbox_id)


def _named(entry: Entry) -> tuple[str, str, str, str]:
    return entry.outbox_id, entry.appointment_id, entry.calendar_id, entry.action


def _row(tx: Transaction, outbox_id: str) -> Row | None:
    return tx.row("SELECT * FROM _kept.outbox WHERE outbox_id = ?", [outbox_id])


def _own(tx: Transaction, task: PushTask) -> Row | None:
    return tx.row("SELECT * FROM _kept.own_object WHERE appointment_id = ? AND generation = ?", [task.appointment_id, task.generation])


def _still(tx: Transaction, task: PushTask, row: Row) -> bool:
    """Whether a task is still what is to be done."""
    appointment = appointments.current(tx, task.appointment_id)
    live = own_objects.live(tx, task.appointment_id)
    meant = row["generation"] if row["generation"] is not None else live and live["generation"]
    return (
        row["state"] not in _OVER
        and meant == task.generation
        and appointment is not None
        and (task.content is None or (appointment["status"] == "booked" and appointment["sequence"] == task.content.sequence))
        and drifts.unsettled(tx, task.appointment_id) is None
    )


def _settled_own(tx: Transaction, row: Row, outcome: PushOutcome) -> Row:
    """The generation that was tried: what was sent or found says which, else what was begun, else the one that is meant."""
    told = uids_in(outcome.raw) if outcome.raw is not None else frozenset()
    every = tx.rows("SELECT * FROM _kept.own_object WHERE appointment_id = ? ORDER BY live DESC, generation DESC", [row["appointment_id"]])
    begun = row["sending_generation"] if row["state"] == "sending" else None
    meant = [one for one in every if one["generation"] == row["generation"]] or every
    return next(iter([one for one in every if one["uid"] in told] or [one for one in every if one["generation"] == begun] or meant))


def _doubt(tx: Transaction, own: Row, row: Row, outcome: PushOutcome) -> None:
    """H18: a write whose outcome is not known may still arrive; that of an earlier one is not cleared by what became of this one."""
    if outcome.unknown:
        since = own["doubtful_since"] or own["sending_since"] or tx.clock_now
        own_objects.change(tx, own, doubtful_since=since, sending_since=None)
    elif row["state"] == "sending":
        own_objects.change(tx, own, sending_since=None)


def _put(tx: Transaction, row: Row, state: str, outcome: PushOutcome) -> None:
    """The intent's new state; one that ended meanwhile stays ended, and a try that was not begun counts now."""
    if row["state"] in _OVER:
        return
    tx.execute(
        "UPDATE _kept.outbox SET state = ?, last_error = ?, next_try_at = ?, parked_at = ?, attempts = attempts + ?, "
        "sending_generation = NULL WHERE outbox_id = ?",
        [
            state,
            None if outcome.result == "done" else outcome.code,
            None if state in _OVER else outcome.next_try_at,
            tx.clock_now if state == "parked" else None,
            int(row["state"] != "sending" and outcome.result != "done"),
            row["outbox_id"],
        ],
    )


def _done(tx: Transaction, own: Row, row: Row, outcome: PushOutcome) -> None:
    if row["action"] == "delete":
        # one that was really deleted had arrived; one that was not found may still arrive (H18)
        own_objects.change(tx, own, state="gone", doubtful_since=None if row["state"] == "sending" else own["doubtful_since"])
    elif outcome.raw is not None or outcome.sent is not None:
        mark = mark_of(outcome.raw, own["uid"]) if outcome.raw is not None else str(outcome.sent)
        _count_put(tx, own, row, outcome)
        own_objects.confirm(tx, own, mark, outcome.etag, tx.clock_now, answered=True)
    _put(tx, row, "done", outcome)
    given_up.superseded(tx, row)


def _count_put(tx: Transaction, own: Row, row: Row, outcome: PushOutcome) -> None:
    """P14: what the server accepted for one version of the appointment."""
    if row["state"] != "sending" or outcome.sent is None:
        return
    sequence = drifts.appointment(tx, own["appointment_id"])["sequence"]
    before = own["puts"] if own["puts_for"] == sequence else 0
    own_objects.change(tx, own, puts=before + 1, puts_for=sequence)


def _again(tx: Transaction, own: Row, row: Row, outcome: PushOutcome) -> None:
    if not outcome.unknown or outcome.code == "NOT_DELIVERED":
        _count_put(tx, own, row, outcome)
    _put(tx, row, "waiting", outcome)


def _parked(tx: Transaction, own: Row, row: Row, outcome: PushOutcome) -> None:  # noqa: ARG001  # the ways of settling share one signature
    _put(tx, row, "parked", outcome)


def _failed(tx: Transaction, own: Row, row: Row, outcome: PushOutcome) -> None:  # noqa: ARG001  # as above
    _put(tx, row, "failed", outcome)


def _next_generation(tx: Transaction, own: Row, row: Row, outcome: PushOutcome) -> None:
    """This name or UID cannot be used here (a tombstone, icloud.md §3.5): the same is written under the next one."""
    appointment = drifts.appointment(tx, row["appointment_id"])
    if own["live"] and row["generation"] is None and row["state"] not in _OVER:
        own_objects.change(tx, own, state="gone")
        planned = own_objects.plan(tx, row["appointment_id"], own["user_key"], own["calendar_key"])
        appointments.change(tx, appointment, calendar_key=own["calendar_key"], href=planned["href"])
    _put(tx, row, "waiting", outcome)


def _diverged(tx: Transaction, own: Row, row: Row, outcome: PushOutcome) -> None:
    """The owner changed it: drift, and nothing is written until that is settled."""
    raw = outcome.raw
    mark = None if raw is None else mark_of(raw, own["uid"])
    if mark is not None and _is_stale(tx, own, mark):
        later = PushOutcome(outcome.outbox_id, "again", "NOT_DELIVERED", next_try_at=tx.clock_now + LOOK_AGAIN)
        _put(tx, row, "waiting", later)
        return
    fields = None if raw is None else own_fields(raw, own["uid"])
    times = None if fields is None else (fields.starts_at, fields.ends_at)
    calendar_key, href = _place(tx, own, outcome.href)
    drifts.notice(tx, own, outcome.kind or "edited", Theirs(calendar_key, href, times, mark, raw))
    _put(tx, row, "parked", PushOutcome(outcome.outbox_id, "parked", DRIFT))


def _place(tx: Transaction, own: Row, href: str | None) -> tuple[int, str]:
    """The calendar and the place of an event: where we wrote it, or where a server says that it stands."""
    if href is None:
        return own["calendar_key"], own["href"]
    found = tx.row(
        "SELECT c.calendar_key FROM _kept.calendar c JOIN _kept.calendar o ON o.integration_key = c.integration_key "
        "WHERE o.calendar_key = ? AND starts_with(?, c.path_key || '/') ORDER BY length(c.path_key) DESC LIMIT 1",
        [own["calendar_key"], path_key(href)],
    )
    return (int(found["calendar_key"]), href) if found else (own["calendar_key"], own["href"])


def _is_stale(tx: Transaction, own: Row, mark: str) -> bool:
    """Whether it is a text of ours that was replaced only a moment ago."""
    known = own_objects.texts(tx, own).get(mark)
    fresh = own["confirmed_at"] is not None and tx.clock_now - own["confirmed_at"] < STALE_FOR
    return known is not None and known["standing"] == "past" and known["etag"] is not None and fresh


_SETTLE: Final = {
    "done": _done,
    "again": _again,
    "parked": _parked,
    "failed": _failed,
    "next_generation": _next_generation,
    "diverged": _diverged,
}
