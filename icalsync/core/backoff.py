"""When to try again: after how many failures, after what a server asked for, and after how long a password counts as dead. Pure.

Jitter is an argument, a number in [0, 1): accounts that failed together must not come back together (P17).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

FIRST: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(hours=5)
"""The range of a pause after a failure (icloud.md §1.3: what clients that live with iCloud do)."""
SHORTEST_ASKED: Final = timedelta(seconds=1)
LONGEST_ASKED: Final = timedelta(hours=1)
"""What a server may ask for by ``Retry-After`` (H16): less and more than that is cut."""
REJECTIONS: Final = 3
REJECTED_FOR: Final = timedelta(minutes=15)
"""Apple rejects good passwords now and then, for up to a quarter of an hour (H1, icloud.md §1.3): so many times in a row, over so long,
and the password counts as dead."""
DEAD_EVERY: Final = timedelta(days=1)
"""How often a dead password is tried all the same: carefully, because Apple locks accounts that are tried too often."""
_LONGEST_WAIT: Final = DEAD_EVERY + timedelta(hours=1)
"""Nobody waits longer: a later moment was noted by a clock that has been set back since (T12)."""


class Trouble(StrEnum):
    """What kept a run from its work."""

    REJECTED = "rejected"
    """The server does not accept account and password, its root included."""
    NO_PASSWORD = "no_password"  # noqa: S105  # a kind of trouble
    """There is none stored to try."""
    BUSY = "busy"
    """The server asks for patience (429, 503, or a 401 below a root that still answers: H5)."""
    UNREACHABLE = "unreachable"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account's past runs mean for the next one. The default is that of an account that is well."""

    status: str = "ok"
    """``ok``, ``throttled``, ``unreachable``, ``reauthentication_needed``, ``failing``."""
    failures: int = 0
    """Runs in a row that failed."""
    rejections: int = 0
    """Runs in a row whose password was rejected."""
    first_rejected_at: datetime | None = None
    next_try_at: datetime | None = None
    """Before it nobody but a person asks the server; None: at any time."""

    def is_dead(self, now: datetime) -> bool:
        """Whether the password counts as dead: rejected often enough, over long enough (H1)."""
        since = self.first_rejected_at
        return since is not None and self.rejections >= REJECTIONS and now - since >= REJECTED_FOR

    def is_waiting(self, now: datetime) -> bool:
        """Whether its next try still lies ahead."""
        return waits(self.next_try_at, now)


WELL: Final = Standing()


def delay(failures: int, jitter: float) -> timedelta:
    """The pause after so many failures in a row: from 30–60 s, doubled each time, up to 2.5–5 h; the jitter picks within."""
    low: timedelta = min(FIRST * float(2 ** min(max(failures, 1) - 1, 30)), LONGEST / 2)
    return low + low * min(max(jitter, 0.0), 1.0)


def clamped(seconds: float) -> timedelta:
    """What a server asked for, as it is granted: between a second and an hour (H16)."""
    return min(max(timedelta(seconds=min(max(seconds, 0.0), LONGEST_ASKED.total_seconds())), SHORTEST_ASKED), LONGEST_ASKED)


def waits(until: datetime | None, now: datetime) -> bool:
    """Whether ``until`` lies ahead, and not so far that only a clock that has been set back since can have noted it (T12)."""
    return until is not None and now < until <= now + _LONGEST_WAIT


def after(
    before: Standing, trouble: Trouble, now: datetime, jitter: float, *, asked: float | None = None, confirmed: bool = False
) -> Standing:
    """The standing after a run that failed.

    ``asked``: seconds the server asked for. ``confirmed``: a person is looking, and the rejection was checked more than once in this
    run; then the state says at once that the password is needed, and is tried on at the usual pace until it counts as dead (H1).
    """
    failures = before.failures + 1
    pause = delay(failures, jitter) if asked is None else clamped(asked)
    standing = Standing(_status(trouble), failures, next_try_at=now + pause)
    if trouble in {Trouble.UNREACHABLE, Trouble.OTHER}:
        # says nothing about the password: what was known of it still holds
        status = _NEEDED if before.is_dead(now) else standing.status
        return replace(standing, status=status, rejections=before.rejections, first_rejected_at=before.first_rejected_at)
    if trouble is not Trouble.REJECTED:
        return standing
    since = before.first_rejected_at
    rejected = replace(standing, rejections=before.rejections + 1, first_rejected_at=since if since is not None and since <= now else now)
    if rejected.is_dead(now):
        return replace(rejected, status=_NEEDED, next_try_at=now + DEAD_EVERY * (1 - jitter / 24))
    believed = confirmed or before.status == _NEEDED
    return replace(rejected, status=_NEEDED if believed else _status(Trouble.BUSY))


_NEEDED: Final = "reauthentication_needed"


def _status(trouble: Trouble) -> str:
    match trouble:
        case Trouble.REJECTED | Trouble.NO_PASSWORD:
            return _NEEDED
        case Trouble.BUSY:
            return "throttled"
        case Trouble.UNREACHABLE:
            return "unreachable"
        case Trouble.OTHER:
            return "failing"


def spread(identity: str) -> float:
    """A number in [0, 1) that is always the same for the same thing: what is done daily is done at a time of its own."""
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:6], "big") / 2**48


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: ``burst`` at once, then ``rate`` a second (P17). Times are seconds of a clock that never goes back."""

    burst: float
    rate: float
    left: float
    at: float

    def take(self, now: float) -> Bucket | None:
        """The bucket with one token less, or None where there is none yet."""
        left = min(self.burst, self.left + max(0.0, now - self.at) * self.rate)
        return replace(self, left=left - 1.0, at=now) if left >= 1.0 else None
