"""What pulling needs of the store (``ports.PullStore``): each call is one short opening of the file and one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from icalsync.core.interval import Interval
from icalsync.core.paths import path_key
from icalsync.errors import AnotherPrincipal, LeaseLost, UnknownCalendar
from icalsync.ports import (
    Account,
    Beginning,
    CalendarState,
    Clock,
    Collection,
    Counts,
    Discovered,
    Elsewhere,
    Finish,
    IntegrationState,
    Lease,
    PullBatch,
    Run,
    SoFar,
)
from icalsync.store import (
    absences,
    discovery,
    held_removals,
    leases,
    moved_calendars,
    names,
    objects,
    obstacles,
    runs,
    standings,
    stored_objects,
)
from icalsync.store.database import Database
from icalsync.store.held_removals import Present
from icalsync.store.horizon import stored_horizon
from icalsync.store.transaction import Row, Transaction

DEFAULT_BACK: Final = timedelta(days=30)
DEFAULT_AHEAD: Final = timedelta(days=400)

_CALENDARS: Final = f"""
    SELECT c.calendar_key, c.calendar_id, v.href, v.display_name, v.not_selectable_reason, v.in_home, v.reports, v.color, v.access, s.state,
        y.sync_token, y.listed_ctag, y.listed_token, y.reconciled_at, y.pulled_at, r.roles, h.held,
        w.calendar_key IS NOT NULL AS holds_ours
    FROM _kept.calendar c
    JOIN _kept.calendar_version v ON v.calendar_key = c.calendar_key AND v.known_to = 'infinity'
    JOIN _kept.calendar_state_version s ON s.calendar_key = c.calendar_key AND s.known_to = 'infinity'
    JOIN _kept.calendar_sync y ON y.calendar_key = c.calendar_key
    LEFT JOIN (
        SELECT calendar_key, list(DISTINCT role) AS roles FROM _kept.calendar_role_version WHERE known_to = 'infinity' GROUP BY ALL
    ) r ON r.calendar_key = c.calendar_key
    LEFT JOIN ({held_removals.ROWS}) h ON h.calendar_key = c.calendar_key
    LEFT JOIN (
        SELECT DISTINCT calendar_key FROM _kept.own_object
        WHERE state IN ('present', 'returned', 'found') OR sending_since IS NOT NULL OR doubtful_since IS NOT NULL
    ) w ON w.calendar_key = c.calendar_key
    WHERE c.integration_key = ? ORDER BY c.calendar_key
"""  # noqa: S608  # our own text


class Pulls:
    """Implements ``ports.PullStore``."""

    def __init__(
        self,
        db: Database,
        *,
        back: timedelta = DEFAULT_BACK,
        ahead: timedelta = DEFAULT_AHEAD,
        clock: Clock | None = None,
        lease: float = 300.0,
    ) -> None:
        """``back`` and ``ahead``: the horizon around the present day, until a wider one was asked for.

        ``clock`` tells the ticks that never go back, for leases; without it they end by the wall clock alone. ``lease``: seconds that each
        commit renews a lease for.
        """
        self._db = db
        self._back, self._ahead = back, ahead
        self._clock, self._seconds = clock, lease

    def _ticks(self) -> float | None:
        return None if self._clock is None else self._clock.monotonic()

    def acquire(self, integration_id: str, holder: str, seconds: float, beginning: Beginning | None = None) -> Lease:
        """Take the lease, and with ``beginning`` write the run down; ``AnotherSyncIsRunning`` where a fresh one is held.

        ``UnknownIntegration``.
        """
        with self._db.write() as tx:
            lease = leases.acquire(tx, integration_id, holder, seconds, self._ticks())
            if beginning is not None:
                runs.begin(tx, leases.check(tx, lease), lease, beginning)
            return lease

    def renew(self, lease: Lease, seconds: float) -> None:
        """Hold it for so long from now on, and let the run's heartbeat be seen; ``LeaseLost``."""
        with self._db.write() as tx:
            runs.beat(tx, leases.renew(tx, lease, seconds, self._ticks()), lease)

    def release(self, lease: Lease, *, asked: bool = True, so_far: SoFar | None = None) -> None:
        """Give it back; nothing happens where it was lost. A run that was not recorded is ``aborted``, with what it had done ``so_far``.

        Not ``asked``: it never was.
        """
        with self._db.write() as tx:
            leases.release(tx, lease)
            runs.give_up(tx, lease, asked=asked, so_far=so_far)

    def elsewhere(self, integration_id: str, since: datetime) -> Elsewhere:
        """Whether the lease is held, and the newest run over the whole account that began after ``since``."""
        with self._db.read() as tx:
            held = tx.row(
                "SELECT l.* FROM _kept.lease l JOIN _kept.integration i USING (integration_key) WHERE integration_id = ?", [integration_id]
            )
            return Elsewhere(held is not None and leases.is_held(held, tx.clock_now, self._ticks()), runs.newest(tx, integration_id, since))

    def accounts(self, integration_ids: Sequence[str] | None = None) -> tuple[Account, ...]:
        """The accounts that serve somebody, all or those named, with when they may be asked next."""
        with self._db.read() as tx:
            return standings.accounts(tx, integration_ids)

    def sweep(self) -> int:
        """Mark the runs ``aborted`` whose process is gone; how many."""
        with self._db.read() as tx:
            if not runs.are_running(tx):
                return 0
        with self._db.write() as tx:
            return runs.sweep(tx, self._ticks())

    def load(self, integration_id: str) -> IntegrationState:
        """Where a run starts from. ``UnknownIntegration``."""
        with self._db.read() as tx:
            known = names.integration(tx, integration_id)
            key = known["integration_key"]
            homes = tx.rows("SELECT href FROM _kept.home WHERE integration_key = ? ORDER BY position", [key])
            rows, present = tx.rows(_CALENDARS, [key]), Present.of(tx, self._ticks())
            return IntegrationState(
                integration_id=integration_id,
                provider=known["provider"],
                url=known["url"],
                account=known["account"],
                principal=known["principal"],
                homes=tuple(row["href"] for row in homes),
                discovered_at=tx.value("SELECT discovered_at FROM _kept.integration_freshness WHERE integration_key = ?", [key]),
                calendars=tuple(_state(row, present) for row in rows),
                window=stored_horizon(tx) or self._first_window(tx.clock_now),
                standing=standings.load(tx, key),
                host=standings.host_of(known["url"]),
                held_until=standings.held_until(tx, standings.host_of(known["url"])),
            )

    def _first_window(self, now: datetime) -> Interval:
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return Interval(today - self._back, today + self._ahead)

    def etags(self, calendar_id: str) -> Mapping[str, str | None]:
        """Stored href → ETag: quarantined objects and those without events too, so that nothing unchanged is fetched again."""
        with self._db.read() as tx:
            key = _calendar_key(tx, calendar_id)
            rows = tx.rows("SELECT href, etag FROM _kept.object_version WHERE calendar_key = ? AND known_to = 'infinity'", [key])
            return {row["href"]: row["etag"] for row in rows}

    def odd(self, calendar_id: str, most: int) -> frozenset[str]:
        """Hrefs of stored objects that could not be read, and of those that were odd but understood: at most so many of each.

        Others on each day where there are more.
        """
        with self._db.read() as tx:
            return stored_objects.odd(tx, _calendar_key(tx, calendar_id), most)

    def save_discovery(self, lease: Lease, found: Discovered) -> None:
        """Addresses, homes, collections. ``AnotherPrincipal``, ``LeaseLost``."""
        with self._db.write() as tx:
            key = leases.check(tx, lease)
            if path_key(found.principal) != names.integration(tx, lease.integration_id)["principal_key"]:
                raise AnotherPrincipal(integration_id=lease.integration_id)
            discovery.save(tx, key, found)

    def save_listing(self, lease: Lease, collections: Sequence[Collection]) -> None:
        """Collections of the homes, as a home listing told them. ``LeaseLost``."""
        with self._db.write() as tx:
            discovery.save_listing(tx, leases.check(tx, lease), collections)

    def commit(self, lease: Lease, batch: PullBatch) -> Counts:
        """Rows and, with ``finish``, the token they lead to, in one transaction.

        ``LeaseLost``, and nothing is kept, where the lease or the starting token is no longer the stored one, or the expanded horizon
        has grown beyond the batch's window.
        """
        with self._db.write() as tx:
            account = leases.renew(tx, lease, self._seconds, self._ticks())
            key = _calendar_key(tx, batch.calendar_id)
            token = tx.value("SELECT sync_token FROM _kept.calendar_sync WHERE calendar_key = ?", [key])
            if token != batch.started_from or not _covers(tx, batch.window):
                raise LeaseLost(integration_id=lease.integration_id)
            counts = objects.write(tx, key, batch.writes)
            if batch.finish is not None:
                counts += objects.remove(tx, key, batch.finish.removals)
                _finish(tx, key, batch.finish, self._ticks())
            runs.beat(tx, account, lease, counts, batch.so_far)
            return counts

    def mark_calendar(self, lease: Lease, calendar_id: str, state: str, reason: str | None) -> None:
        """``failing`` or ``access_lost`` from now on; a calendar that was never pulled stays ``never_pulled``."""
        with self._db.write() as tx:
            leases.check(tx, lease)
            key = _calendar_key(tx, calendar_id)
            pulled = tx.value("SELECT pulled_at FROM _kept.calendar_sync WHERE calendar_key = ?", [key]) is not None
            if pulled or state == "access_lost":
                discovery.set_state(tx, key, state, reason)

    def record(self, lease: Lease, run: Run) -> None:
        """The run, its calendars, the integration's status and the freshness times. ``LeaseLost``."""
        with self._db.write() as tx:
            key = leases.check(tx, lease)
            fresh = runs.fresh_keys(tx, run)
            runs.end(tx, key, lease, run, fresh)
            standings.keep(tx, key, run)
            if run.outcome == "ok":
                tx.execute("UPDATE _kept.integration_freshness SET last_success_at = ? WHERE integration_key = ?", [run.ended_at, key])
            _freshen(tx, run, fresh)
            moved_calendars.follow(tx, key)
            absences.forget(tx, key)
            objects.judge_anew(tx, key)
            obstacles.follow_status(tx, key, run.status, run.error_code)


def _state(row: Row, present: Present) -> CalendarState:
    return CalendarState(
        calendar_id=row["calendar_id"],
        href=row["href"],
        display_name=row["display_name"],
        selectable=row["not_selectable_reason"] is None,
        in_home=row["in_home"],
        sync_token=row["sync_token"],
        listed_ctag=row["listed_ctag"],
        listed_token=row["listed_token"],
        reports=None if row["reports"] is None else frozenset(row["reports"]),
        state=row["state"],
        reconciled_at=row["reconciled_at"],
        color=row["color"],
        access=row["access"],
        not_selectable_reason=row["not_selectable_reason"],
        roles=frozenset(row["roles"] or ()),
        holds_ours=row["holds_ours"],
        pulled_at=row["pulled_at"],
        held={each["place"]: present.since(each) for each in row["held"] or ()},
    )


def _covers(tx: Transaction, window: Interval) -> bool:
    horizon = stored_horizon(tx)
    if horizon is None:
        tx.execute("UPDATE _kept.meta SET horizon_from = ?, horizon_to = ?", [window.start, window.end])
        return True
    return window.contains(horizon)


def _calendar_key(tx: Transaction, calendar_id: str) -> int:
    key = tx.value("SELECT calendar_key FROM _kept.calendar WHERE calendar_id = ?", [calendar_id])
    if key is None:
        raise UnknownCalendar(name=calendar_id)
    return int(key)


def _finish(tx: Transaction, key: int, finish: Finish, ticks: float | None) -> None:
    tx.execute(
        "UPDATE _kept.calendar_sync SET sync_token = ?, listed_ctag = ?, listed_token = ?, pulled_at = ?, "
        "reconciled_at = CASE WHEN ? THEN ? ELSE reconciled_at END WHERE calendar_key = ?",
        [finish.sync_token, finish.listed_ctag, finish.listed_token, tx.clock_now, finish.full, tx.clock_now, key],
    )
    held_removals.keep(tx, key, finish.held, ticks)
    discovery.set_state(tx, key, "ok", None)
    absences.returned(tx, key)


def _freshen(tx: Transaction, run: Run, fresh: list[int]) -> None:
    """Calendars found clean and up to date; one that was failing, and had been pulled before, is well again."""
    if not fresh:
        return
    inside = "calendar_key IN (SELECT unnest(?::INTEGER[]))"
    tx.execute(f"UPDATE _kept.calendar_freshness SET last_synced_at = ? WHERE {inside}", [run.ended_at, fresh])  # noqa: S608  # our own text
    ill = tx.rows(
        "SELECT s.calendar_key FROM _kept.calendar_state_version s JOIN _kept.calendar_sync y USING (calendar_key) "  # noqa: S608  # our own text
        f"WHERE s.known_to = 'infinity' AND s.state IN ('failing', 'access_lost') AND y.pulled_at IS NOT NULL AND s.{inside}",
        [fresh],
    )
    for row in ill:
        discovery.set_state(tx, row["calendar_key"], "ok", None)
