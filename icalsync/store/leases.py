"""One at a time per integration: a lease with a fencing number (design.md §2).

A lease ends when it is given back, when its holder's process is gone, or when its time is over. Time is that of the machine's clock that
never goes back where holder and asker run on the same machine since the same boot, and the wall clock's elsewhere (T12).
"""

from __future__ import annotations

import contextlib
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
_DEAD: Final = frozenset({"Z", "X", "x"})
"""States of a process that ended and whose parent has not asked for it (proc(5))."""
_BEGAN: Final = 19
"""Place of a process's beginning in ``/proc/PID/stat``, counted from 0 behind its name (its field 22)."""


def acquire(tx: Transaction, integration_id: str, holder: str, seconds: float, ticks: float | None = None) -> Lease:
    """The lease, with a number higher than any before; ``AnotherSyncIsRunning`` while a fresh one is held by a living process.

    ``ticks``: what the clock says that never goes back, in seconds.
    """
    key = names.integration(tx, integration_id)["integration_key"]
    held = tx.row("SELECT * FROM _kept.lease WHERE integration_key = ?", [key])
    if held is not None and is_held(held, tx.clock_now, ticks):
        raise AnotherSyncIsRunning(integration_id=integration_id, holder=held["holder"])
    lease = Lease(integration_id, holder, int(held["fence"]) + 1 if held else 1)
    tx.execute("DELETE FROM _kept.lease WHERE integration_key = ?", [key])
    row = {"integration_key": key, "holder": holder, "fence": lease.fence, "expires_at": tx.clock_now + timedelta(seconds=seconds)}
    place = {"host": socket.gethostname(), "pid": os.getpid(), "machine": _machine(), "process": _began(os.getpid())}
    tx.append("lease", [{**row, **place, "expires_after": None if ticks is None else ticks + seconds}])
    return lease


def renew(tx: Transaction, lease: Lease, seconds: float, ticks: float | None = None) -> int:
    """Let it last so long from now on, unless it was given back; the integration's key. ``LeaseLost``."""
    key = check(tx, lease)
    tx.execute(
        "UPDATE _kept.lease SET expires_at = ?, expires_after = ? WHERE integration_key = ? AND expires_at <> ?",
        [tx.clock_now + timedelta(seconds=seconds), None if ticks is None else ticks + seconds, key, _ENDED],
    )
    return key


def release(tx: Transaction, lease: Lease) -> None:
    """It ends, whatever the clock says later; the number stays, so that the next one is higher."""
    tx.execute(
        "UPDATE _kept.lease SET expires_at = ?, expires_after = NULL FROM _kept.integration i "
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


def is_held(held: Row, now: datetime, ticks: float | None) -> bool:
    """Whether a stored lease binds: it was not given back, its time is not over, and its holder is not gone."""
    return held["expires_at"] != _ENDED and _is_fresh(held, now, ticks) and not _is_dead(held)


def _is_fresh(held: Row, now: datetime, ticks: float | None) -> bool:
    if ticks is not None and held["expires_after"] is not None and held["machine"] is not None and held["machine"] == _machine():
        return bool(ticks < held["expires_after"] <= ticks + _LONGEST.total_seconds())
    return bool(now < held["expires_at"] <= now + _LONGEST)


def _is_dead(held: Row) -> bool:
    """A process of this machine that is gone holds nothing, however far its lease reaches (a killed sync, a clock set back: T4, T12)."""
    if held["host"] != socket.gethostname() or not Path("/proc/self").exists():
        return False
    if held["machine"] is not None and held["machine"] != _machine():
        return _boot(held["machine"]) != _boot(_machine())  # before the last boot: gone. In another process space: not to be seen from here
    began = _began(held["pid"])
    return began is None or (held["process"] is not None and began != held["process"])


def _machine() -> str | None:
    """This boot of this machine, and the space its process numbers are from; None where the system does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115  # its text, no path
    except OSError:
        return None


def boot() -> str | None:
    """This boot of this machine: its clock that never goes back counts from there; None where the system does not say."""
    return _boot(_machine()) or None


def _boot(machine: str | None) -> str:
    return (machine or "").partition(" ")[0]


def _began(pid: int) -> str | None:
    """When a process began, in ticks since the boot; None where there is none of that number, or it is dead and only not yet buried."""
    with contextlib.suppress(OSError, IndexError):
        facts = Path("/proc", str(pid), "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return None if facts[0] in _DEAD else facts[_BEGAN]
    return None
