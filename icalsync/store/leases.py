"""One at a time per integration: a lease with a fencing number (design.md §2)."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from icalsync.errors import AnotherSyncIsRunning, LeaseLost
from icalsync.ports import Lease
from icalsync.store import names
from icalsync.store.transaction import Row, Transaction

_ENDED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a lease that was given back expired."""
_LONGEST: Final = timedelta(days=1)
"""No lease is taken for so long: one that reaches farther was taken by a clock that has been set back since."""


def acquire(tx: Transaction, integration_id: str, holder: str, seconds: float) -> Lease:
    """The lease, with a number higher than any before; ``AnotherSyncIsRunning`` while a fresh one is held by a living process."""
    key = names.integration(tx, integration_id)["integration_key"]
    held = tx.row("SELECT * FROM _kept.lease WHERE integration_key = ?", [key])
    if held is not None and _is_fresh(held, tx.clock_now) and not _is_dead(held):
        raise AnotherSyncIsRunning(integration_id=integration_id, holder=held["holder"])
    lease = Lease(integration_id, holder, int(held["fence"]) + 1 if held else 1)
    tx.execute("DELETE FROM _kept.lease WHERE integration_key = ?", [key])
    row = {"integration_key": key, "holder": holder, "fence": lease.fence, "expires_at": tx.clock_now + timedelta(seconds=seconds)}
    tx.append("lease", [{**row, "host": socket.gethostname(), "pid": os.getpid()}])
    return lease


def release(tx: Transaction, lease: Lease) -> None:
    """It ends, whatever the clock says later; the number stays, so that the next one is higher."""
    tx.execute(
        "UPDATE _kept.lease SET expires_at = ? FROM _kept.integration i "
        "WHERE i.integration_key = lease.integration_key AND i.integration_id = ? AND fence = ? AND holder = ?",
        [_ENDED, lease.integration_id, lease.fence, lease.holder],
    )


def check(tx: Transaction, lease: Lease) -> int:
    """The integration's key where the lease is still the stored one; ``LeaseLost``."""
    found = tx.row(
        "SELECT l.integration_key FROM _kept.lease l JOIN _kept.integration i USING (integration_key) "
        "WHERE i.integration_id = ? AND l.fence = ? AND l.holder = ?",
        [lease.integration_id, lease.fence, lease.holder],
    )
    if found is None:
        raise LeaseLost(integration_id=lease.integration_id)
    return int(found["integration_key"])


def _is_fresh(held: Row, now: datetime) -> bool:
    return bool(now < held["expires_at"] <= now + _LONGEST)


def _is_dead(held: Row) -> bool:
    """A process of this machine that is gone holds nothing, however far its lease reaches (a killed sync, a clock set back: T12)."""
    if held["host"] != socket.gethostname() or not Path("/proc/self").exists():
        return False
    return not Path("/proc", str(held["pid"])).exists()
