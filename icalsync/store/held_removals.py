"""Removals that wait for a second proof or a person's word: since when, and the alert that says so (R13).

The hour between the two proofs has to pass. Where the machine has not been started anew since, its clock that never goes back says
whether it did. Elsewhere the wall clock's word is taken, but where no run ended for a while before: then either nobody synced, or the
clock leapt (T12), and the hour begins anew, once for each hold, so that a sync every other hour lets go at its next listing after that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from icalsync.core.paths import path_key
from icalsync.store import alerts, leases
from icalsync.store.transaction import Row, Transaction

HELD: Final = "REMOVALS_HELD"
"""The alert that stands open while removals are held of a calendar that somebody relies on."""
WITNESSED_FOR: Final = timedelta(minutes=15)
"""Where no run ended for longer than this, nobody has witnessed the time that the wall clock says has passed."""

ROWS: Final = """
    SELECT calendar_key, list({'place': path_key, 'since': first_held_at, 'boot': boot, 'ticks': ticks, 'restarted': restarted}) AS held
    FROM _kept.held_removal GROUP BY ALL
"""
"""SQL: what ``Present.since`` takes, by calendar."""


_LONGEST_GAP: Final = """
    SELECT max(ends - lag) FROM (
        SELECT ends, lag(ends) OVER (ORDER BY ends) AS lag FROM (
            SELECT ended_at AS ends FROM _kept.sync_run WHERE ended_at > $since AND ended_at < $now
            UNION ALL SELECT unnest([$since, $now]::TIMESTAMPTZ[])
        )
    )
"""


@dataclass(frozen=True, slots=True)
class Present:
    """What time it is, by each of the clocks there are."""

    now: datetime
    ticks: float | None
    boot: str | None
    leaps: frozenset[datetime]
    """Beginnings of holds since which, for a while, no run ended: the wall clock alone says that this time passed."""

    @classmethod
    def of(cls, tx: Transaction, ticks: float | None) -> Present:
        """In a transaction; ``ticks``: what the clock says that never goes back."""
        boot = leases.boot() if ticks is not None else None
        doubtful = tx.rows(
            "SELECT DISTINCT first_held_at AS since FROM _kept.held_removal "
            "WHERE NOT restarted AND (boot IS NULL OR boot IS DISTINCT FROM ?)",
            [boot],
        )
        gaps = {row["since"]: tx.value(_LONGEST_GAP, {"since": row["since"], "now": tx.clock_now}) for row in doubtful}
        leaps = frozenset(since for since, gap in gaps.items() if since < tx.clock_now and gap > WITNESSED_FOR)
        return cls(tx.clock_now, ticks, boot, leaps)

    def since(self, row: Mapping[str, Any]) -> datetime:
        """Since when a removal counts as held, UTC: the wall clock's time as far as it has passed indeed."""
        since: datetime = row["since"].astimezone(UTC)
        elapsed = self._elapsed(row)
        if elapsed is not None:
            return max(since, self.now - elapsed)
        return self.now if self._leapt(row) else since

    def _elapsed(self, row: Mapping[str, Any]) -> timedelta | None:
        """How long ago it was first held by the clock that never goes back; None where that one knows nothing of it."""
        if self.ticks is None or self.boot is None or row["boot"] != self.boot or row["ticks"] is None or row["ticks"] > self.ticks:
            return None
        return timedelta(seconds=self.ticks - row["ticks"])

    def _leapt(self, row: Mapping[str, Any]) -> bool:
        return not row["restarted"] and row["since"].astimezone(UTC) in self.leaps

    def kept(self, place: str, before: Mapping[str, Any] | None) -> Row:
        """The row of a removal that is held from now on, or still."""
        fresh = {"since": self.now, "boot": self.boot, "ticks": self.ticks, "restarted": False}
        if before is None:
            return {"place": place, **fresh}
        if self._elapsed(before) is None and self._leapt(before):
            return {"place": place, **fresh, "restarted": True}
        # what was held by a clock that has been set back since is held from now on: it must not wait until that time comes again
        return {"place": place, **{name: before[name] for name in fresh}, "since": min(before["since"], self.now)}


def keep(tx: Transaction, calendar_key: int, hrefs: Iterable[str], ticks: float | None) -> None:
    """These removals of a calendar are held, and no others."""
    before = {
        row["path_key"]: {"place": row["path_key"], "since": row["first_held_at"]}
        | {name: row[name] for name in ("boot", "ticks", "restarted")}
        for row in tx.rows("FROM _kept.held_removal WHERE calendar_key = ?", [calendar_key])
    }
    places = sorted({path_key(href) for href in hrefs})
    if not before and not places:
        return
    present = Present.of(tx, ticks)
    now = {place: present.kept(place, before.get(place)) for place in places}
    if now != before:
        tx.execute("DELETE FROM _kept.held_removal WHERE calendar_key = ?", [calendar_key])
        rows = [
            {"calendar_key": calendar_key, "path_key": place, "first_held_at": row["since"], "boot": row["boot"], "ticks": row["ticks"]}
            | {"restarted": row["restarted"]}
            for place, row in now.items()
        ]
        tx.append("held_removal", rows)
    if len(now) != len(before):
        _clear(tx, calendar_key)
    follow(tx)


def hold_on(tx: Transaction, calendar_key: int, ticks: float | None) -> bool:
    """The hour of everything that is held of a calendar begins anew; whether anything is."""
    if tx.row("FROM _kept.held_removal WHERE calendar_key = ?", [calendar_key]) is None:
        return False
    boot = leases.boot() if ticks is not None else None
    tx.execute(
        "UPDATE _kept.held_removal SET first_held_at = ?, boot = ?, ticks = ?, restarted = false WHERE calendar_key = ?",
        [tx.clock_now, boot, ticks, calendar_key],
    )
    return True


def follow(tx: Transaction) -> None:
    """After holds, roles or connections changed: the alert stands where something is held of a calendar with a role, and nowhere else."""
    rows = tx.rows(
        "SELECT c.calendar_key, c.calendar_id, c.integration_key, count(*) AS number FROM _kept.held_removal h "
        "JOIN _kept.calendar c USING (calendar_key) "
        "WHERE c.calendar_key IN (SELECT calendar_key FROM _kept.calendar_role_version WHERE known_to = 'infinity') GROUP BY ALL ORDER BY 1"
    )
    for row in rows:
        facts = {"calendar_id": row["calendar_id"], "number": row["number"]}
        alerts.raise_(tx, HELD, facts, integration_key=row["integration_key"], calendar_key=row["calendar_key"])
    held = {row["calendar_key"] for row in rows}
    for row in tx.rows("SELECT DISTINCT calendar_key FROM _kept.alert WHERE kind = ? AND cleared_at IS NULL", [HELD]):
        if row["calendar_key"] not in held:
            _clear(tx, row["calendar_key"])


def _clear(tx: Transaction, calendar_key: int) -> None:
    for row in tx.rows(
        "SELECT DISTINCT integration_key FROM _kept.alert WHERE kind = ? AND cleared_at IS NULL AND calendar_key = ?", [HELD, calendar_key]
    ):
        alerts.clear(tx, HELD, integration_key=row["integration_key"], calendar_key=calendar_key)


def forget(tx: Transaction, calendar_key: int) -> None:
    """Nothing of this calendar is held any more."""
    tx.execute("DELETE FROM _kept.held_removal WHERE calendar_key = ?", [calendar_key])
    follow(tx)
