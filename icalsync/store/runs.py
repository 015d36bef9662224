"""Runs, written down from their beginning on: ``running`` with a heartbeat, then how they ended, or ``aborted`` (design.md §4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from icalsync.ports import Beginning, CalendarRun, Counts, Lease, Purpose, Run, SoFar
from icalsync.store import leases
from icalsync.store.transaction import Row, Transaction

RUNNING: Final = "running"
ABORTED: Final = "aborted"
RUN_ABORTED: Final = "RUN_ABORTED"
_COUNTS: Final = ("added", "changed", "removed", "rejected")
_NOTHING: Final = Counts()
_END: Final = f"outcome = '{ABORTED}', ended_at = coalesce(heartbeat_at, started_at), error_code = '{RUN_ABORTED}'"
"""An aborted run ended, as far as anybody knows, when it last showed that it lives."""


def begin(tx: Transaction, integration_key: int, lease: Lease, beginning: Beginning) -> None:
    """A run's row as it begins. Whoever gets the lease knows that no earlier run lives: those without an end were aborted."""
    tx.execute(f"UPDATE _kept.sync_run SET {_END} WHERE integration_key = ? AND outcome = '{RUNNING}'", [integration_key])  # noqa: S608  # our text
    nothing = dict.fromkeys(("requests", "bytes", *_COUNTS, "pushed"), 0)
    row = {
        "run_id": beginning.run_id,
        "integration_key": integration_key,
        "purpose": str(beginning.purpose),
        "started_at": beginning.started_at,
    }
    rest = {"outcome": RUNNING, "fresh": [], "heartbeat_at": tx.clock_now, "fence": lease.fence, "whole": beginning.whole}
    tx.append("sync_run", [row | nothing | rest])


def beat(tx: Transaction, integration_key: int, lease: Lease, counts: Counts = _NOTHING, so_far: SoFar | None = None) -> None:
    """The run lives, and has just committed ``counts``; what it did ``so_far`` is there also where it is killed next."""
    sums = ", ".join(f"{name} = {name} + ?" for name in _COUNTS)
    tx.execute(
        f"UPDATE _kept.sync_run SET heartbeat_at = ?, {sums} WHERE integration_key = ? AND fence = ? AND outcome = '{RUNNING}'",  # noqa: S608  # our text
        [tx.clock_now, *(getattr(counts, name) for name in _COUNTS), integration_key, lease.fence],
    )
    _tell(tx, "integration_key = ?", integration_key, lease, so_far)


def _tell(tx: Transaction, account: str, key: int | str, lease: Lease, so_far: SoFar | None) -> None:
    """What a run that is not over has asked and sent."""
    if so_far is not None:
        tx.execute(
            f"UPDATE _kept.sync_run SET requests = ?, bytes = ?, pushed = ? WHERE {account} AND fence = ? AND outcome = '{RUNNING}'",  # noqa: S608  # our text
            [so_far.requests, so_far.bytes, so_far.pushed, key, lease.fence],
        )


def end(tx: Transaction, integration_key: int, lease: Lease, run: Run, fresh: Sequence[int]) -> None:
    """How it ended, and what it did in each calendar it asked about."""
    tx.execute("DELETE FROM _kept.sync_run WHERE integration_key = ? AND run_id = ?", [integration_key, run.run_id])
    counts = {name: getattr(run.counts, name) for name in _COUNTS}
    head = {"run_id": run.run_id, "integration_key": integration_key, "purpose": str(run.purpose), "started_at": run.started_at}
    figures = {"ended_at": run.ended_at, "requests": run.requests, "bytes": run.bytes, **counts, "pushed": run.pushed}
    tail = {"outcome": run.outcome, "error_code": run.error_code, "fresh": list(fresh)}
    more = {"heartbeat_at": run.ended_at, "fence": lease.fence, "whole": run.whole}
    tx.append("sync_run", [head | figures | tail | more])
    tx.append("sync_calendar_run", [_calendar_run(tx, run.run_id, each) for each in run.calendars])


def fresh_keys(tx: Transaction, run: Run) -> list[int]:
    """Which calendars the run found clean and up to date: kept with it, so that any moment's freshness can be told (R16)."""
    rows = tx.rows(
        "SELECT calendar_key FROM _kept.calendar WHERE calendar_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY 1", [list(run.fresh)]
    )
    return [row["calendar_key"] for row in rows]


def give_up(tx: Transaction, lease: Lease, *, asked: bool, so_far: SoFar | None = None) -> None:
    """A lease is given back: a run under it that was not recorded was aborted; one that ``asked`` nothing never was."""
    change = f"UPDATE _kept.sync_run SET {_END}" if asked else "DELETE FROM _kept.sync_run"  # noqa: S608  # our text
    account = "integration_key = (SELECT integration_key FROM _kept.integration WHERE integration_id = ?)"
    _tell(tx, account, lease.integration_id, lease, so_far)
    tx.execute(f"{change} WHERE outcome = '{RUNNING}' AND fence = ? AND {account}", [lease.fence, lease.integration_id])


def sweep(tx: Transaction, ticks: float | None) -> int:
    """Mark the runs ``aborted`` whose lease nobody holds any more; how many."""
    rows = tx.rows(
        "SELECT r.run_id, r.fence AS run_fence, l.* FROM _kept.sync_run r LEFT JOIN _kept.lease l USING (integration_key) "  # noqa: S608  # our text
        f"WHERE r.outcome = '{RUNNING}'"
    )
    gone = [row["run_id"] for row in rows if row["fence"] != row["run_fence"] or not leases.is_held(row, tx.clock_now, ticks)]
    if gone:
        tx.execute(f"UPDATE _kept.sync_run SET {_END} WHERE run_id IN (SELECT unnest(?::VARCHAR[]))", [gone])  # noqa: S608  # our text
    return len(gone)


def are_running(tx: Transaction) -> bool:
    """Whether any run is written down as ``running``."""
    return tx.row(f"SELECT 1 AS found FROM _kept.sync_run WHERE outcome = '{RUNNING}' LIMIT 1") is not None  # noqa: S608  # our text


def newest(tx: Transaction, integration_id: str, since: datetime) -> Run | None:
    """The newest recorded run over a whole account that began after a moment; not one from the future, by a clock set back since (T12)."""
    row = tx.row(
        "SELECT r.* FROM _kept.sync_run r JOIN _kept.integration i USING (integration_key) "
        "WHERE i.integration_id = ? AND r.started_at > ? AND r.started_at <= ? AND r.whole AND r.outcome IN ('ok', 'partial', 'failed') "
        "AND r.purpose <> 'connect' ORDER BY r.started_at DESC LIMIT 1",
        [integration_id, since, tx.clock_now],
    )
    return None if row is None else _run(tx, integration_id, row)


def _run(tx: Transaction, integration_id: str, row: Row) -> Run:
    status = tx.row(
        "SELECT status, reason FROM _kept.integration_status_version WHERE integration_key = ? AND known_to = 'infinity'",
        [row["integration_key"]],
    ) or {"status": "ok", "reason": None}
    fresh = tx.rows(
        "SELECT calendar_id FROM _kept.calendar WHERE calendar_key IN (SELECT unnest(?::INTEGER[])) ORDER BY calendar_key", [row["fresh"]]
    )
    calendars = tx.rows(
        "SELECT * FROM _kept.sync_calendar_run r JOIN _kept.calendar c USING (calendar_key) WHERE run_id = ?", [row["run_id"]]
    )
    return Run(
        run_id=row["run_id"],
        integration_id=integration_id,
        purpose=Purpose(row["purpose"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        requests=row["requests"],
        bytes=row["bytes"],
        counts=_counts(row),
        pushed=row["pushed"],
        outcome=row["outcome"],
        error_code=row["error_code"],
        status=status["status"],
        status_reason=status["reason"],
        calendars=tuple(
            CalendarRun(each["calendar_id"], each["requests"], each["bytes"], _counts(each), each["outcome"], each["error_code"])
            for each in calendars
        ),
        fresh=tuple(each["calendar_id"] for each in fresh),
        whole=row["whole"],
    )


def _counts(row: Row) -> Counts:
    return Counts(**{name: row[name] for name in _COUNTS})


def _calendar_run(tx: Transaction, run_id: str, each: CalendarRun) -> Row:
    counts = {name: getattr(each.counts, name) for name in _COUNTS}
    key = tx.value("SELECT calendar_key FROM _kept.calendar WHERE calendar_id = ?", [each.calendar_id])
    head = {"run_id": run_id, "calendar_key": key, "requests": each.requests, "bytes": each.bytes}
    return head | counts | {"outcome": each.outcome, "error_code": each.error_code}
