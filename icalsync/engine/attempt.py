"""One intent, tried once: read what is there, decide, write under a condition, and say what became of it.

Nothing is ever written unread (P2): after a crash, a timeout or an answer that was lost, the object on the server is the only witness.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from icalsync.core.backoff import delay
from icalsync.core.push import (
    Adopt,
    DeleteIfMatch,
    Diverged,
    Found,
    NextGeneration,
    PutIfMatch,
    PutNew,
    Refuse,
    Settled,
    Step,
    Wait,
    after_refusal,
    decide,
)
from icalsync.core.writing import fields_of
from icalsync.engine.context import Context
from icalsync.engine.pace import PACE
from icalsync.errors import (
    AccessDenied,
    AuthenticationRejected,
    CalendarGone,
    CertificateInvalid,
    ObjectRefused,
    PreconditionFailed,
    ServerBusy,
    ServerError,
    UidConflict,
)
from icalsync.ports import CalendarServer, Fetched, Lease, PushOutcome, PushTask

log = logging.getLogger(__name__)

MOST_STEPS: Final = 4
"""Decisions within one attempt: each refusal is followed by one more reading; then the row waits for the next run."""
MOST_ATTEMPTS: Final = 20
"""After so many tries, over days, an intent is given up and shown to people (P16)."""
QUOTA: Final = 507
LOCKED: Final = 423
UNAVAILABLE: Final = 503
FULL_FOR: Final = timedelta(days=1)
"""How long a full account is left alone before it is tried again (H21)."""
DENIED_FOR: Final = timedelta(minutes=15)
"""How long a calendar that refuses what its listing grants is left alone (H3, H10)."""
LOOK_AGAIN: Final = timedelta(minutes=2)

Write = PutNew | PutIfMatch | DeleteIfMatch


@dataclass(frozen=True, slots=True)
class Result:
    """What one try brought."""

    outcome: PushOutcome
    wrote: bool = False
    """Whether a write was sent, whatever became of it: then the calendar is pulled again."""
    error: ServerError | None = None
    """What the server did not do, or did not say."""
    stops: bool = False
    """Whether that is the account's trouble, so that no other intent need be tried now."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One intent and what trying it takes."""

    context: Context
    server: CalendarServer
    lease: Lease
    task: PushTask
    host: str
    """What the server's pace is kept by."""

    def run(self) -> Result | None:
        """Read, decide and do; None where the appointment was changed meanwhile, so that nothing was sent.

        Trouble with the server is a result, not an exception. ``LeaseLost`` and the store's errors are raised.
        """
        if not self.task.writable:
            return Result(PushOutcome(self.task.outbox_id, "parked", self.task.obstacle))
        try:
            step = decide(self.task, found_in(self.server.read(self.task.href)), self.context.clock.now())
            for tried in range(1, MOST_STEPS + 1):
                if not isinstance(step, Write):
                    return Result(self._concluded(step), wrote=tried > 1)
                after = self._carried_out(step)
                if after is None or isinstance(after, Result):
                    return after
                step = after
        except ServerError as error:
            # from reading: nothing was sent that may have been done
            return self._trouble(error, sent=False)
        now = self.context.clock.now()
        return Result(PushOutcome(self.task.outbox_id, "again", PreconditionFailed.code, next_try_at=now + LOOK_AGAIN), wrote=True)

    def _carried_out(self, step: Write) -> Result | Step | None:
        """Write, once; the next decision where it was refused and something else stands there now."""
        PACE.wait(self.host, lambda seconds: self.context.pause(seconds, self.lease.integration_id))
        # committed before anything is sent: whoever comes after a crash knows that there may be something to find (P1)
        if not self.context.outbox.begin(self.lease, self.task, self._fingerprint(step)):
            return None
        try:
            etag = self._write(step)
        except (PreconditionFailed, UidConflict) as refused:
            return self._again(refused)
        except ServerError as error:
            return self._trouble(error, sent=True)
        return self._confirmed(step, etag)

    def _fingerprint(self, step: Write) -> str | None:
        if isinstance(step, DeleteIfMatch) or self.task.content is None:
            return None
        return fields_of(self.task.content).fingerprint

    def _write(self, step: Write) -> str | None:
        match step:
            case PutNew():
                return self.server.create(step.href, step.raw)
            case PutIfMatch():
                return self.server.replace(step.href, step.raw, step.etag)
            case DeleteIfMatch():
                self.server.remove(step.href, step.etag)
                return None

    def _again(self, refused: PreconditionFailed | UidConflict) -> Step:
        """H9, H11: what stands there now decides; for a UID that stands elsewhere, what stands there."""
        elsewhere = refused.facts.get("href") if isinstance(refused, UidConflict) else None
        found = found_in(self.server.read(elsewhere or self.task.href))
        return after_refusal(self.task, refused.code, found, self.context.clock.now())

    def _confirmed(self, step: Write, etag: str | None) -> Result:
        """Written. Without an ETag, and where an older event is to be deleted next, it is read back first (H35, R4)."""
        done = PushOutcome(self.task.outbox_id, "done", etag=etag, sent=self._fingerprint(step))
        if isinstance(step, DeleteIfMatch):
            return Result(done, wrote=True)
        if etag is not None and self.task.generation == 1:
            return Result(PushOutcome(done.outbox_id, "done", etag=etag, raw=step.raw, sent=done.sent), wrote=True)
        try:
            found = self.server.read(step.href)
        except ServerError as error:
            return self._trouble(error, sent=True)
        if found is None:
            # accepted, and not to be seen yet: nothing is concluded from that (icloud.md §3.1)
            return Result(PushOutcome(done.outbox_id, "again", "NOT_DELIVERED", unknown=True, next_try_at=self._later()), wrote=True)
        return Result(PushOutcome(done.outbox_id, "done", etag=found.etag, raw=found.raw, sent=done.sent), wrote=True)

    def _concluded(self, step: Step) -> PushOutcome:
        """The outcome of a decision that writes nothing."""
        outbox_id, now = self.task.outbox_id, self.context.clock.now()
        match step:
            case Adopt():
                sent = None if self.task.content is None else fields_of(self.task.content).fingerprint
                return PushOutcome(outbox_id, "done", etag=step.etag, raw=step.raw, sent=sent)
            case Settled():
                return PushOutcome(outbox_id, "done")
            case Diverged():
                return PushOutcome(outbox_id, "diverged", "DRIFT", raw=step.raw, kind=step.kind)
            case NextGeneration():
                return PushOutcome(outbox_id, "next_generation", step.why)
            case Wait():
                return PushOutcome(outbox_id, "again", step.why, unknown=self.task.doubtful_since is not None, next_try_at=now + LOOK_AGAIN)
            case Refuse():
                return PushOutcome(outbox_id, "parked" if step.parked else "failed", step.code)
        raise TypeError(step)  # pragma: no cover  # the union is whole

    # --- trouble ---------------------------------------------------------------------------------------------------------------

    def _trouble(self, error: ServerError, *, sent: bool) -> Result:
        """What an error means for this intent, and whether it is the account's. ``sent``: a write had gone out."""
        log.info("push not done", extra={"outbox_id": self.task.outbox_id, "action": self.task.action, "error_code": error.code})
        outcome, stops = self._judged(error, sent=sent)
        return Result(outcome, wrote=sent, error=error, stops=stops)

    def _judged(self, error: ServerError, *, sent: bool) -> tuple[PushOutcome, bool]:
        outbox_id, status = self.task.outbox_id, error.facts.get("status")
        if isinstance(error, ObjectRefused) and status != QUOTA:
            return PushOutcome(outbox_id, "failed", error.code), False
        parked = self._parked_until(error)
        if parked is not None:
            return PushOutcome(outbox_id, "parked", error.code, next_try_at=parked), isinstance(error, AuthenticationRejected)
        # locked (423) is this object alone; 429 and 503 are everybody's (H13, H15)
        stops = isinstance(error, CertificateInvalid) or (isinstance(error, ServerBusy) and status != LOCKED)
        # a timeout, a connection that broke, a 5xx, a redirect: it may have been done (H18); 429 and 423 say that it was not
        refused = isinstance(error, CertificateInvalid) or (isinstance(error, ServerBusy) and status != UNAVAILABLE)
        return self._waits(error, unknown=sent and not refused), stops

    def _parked_until(self, error: ServerError) -> datetime | None:
        """For what only a person mends: when it is tried again all the same."""
        match error:
            case AuthenticationRejected():
                # it goes out with the first run that gets in again
                return self.context.clock.now()
            case AccessDenied() | CalendarGone():
                return self._later(DENIED_FOR)
            case ObjectRefused():
                return self.context.clock.now() + FULL_FOR
            case _:
                return None

    def _waits(self, error: ServerError, *, unknown: bool) -> PushOutcome:
        if self.task.attempts + 1 >= MOST_ATTEMPTS:
            return PushOutcome(self.task.outbox_id, "failed", error.code, unknown=unknown)
        asked = error.facts.get("retry_after")
        at_least = timedelta(seconds=float(asked)) if isinstance(asked, int | float) else timedelta()
        return PushOutcome(self.task.outbox_id, "again", error.code, unknown=unknown, next_try_at=self._later(at_least))

    def _later(self, at_least: timedelta = timedelta()) -> datetime:
        pause = delay(self.task.attempts + 1, random.random())  # noqa: S311  # spreads retries, guards nothing
        return self.context.clock.now() + max(pause, at_least)


def found_in(fetched: Fetched | None) -> Found | None:
    """What a GET brought, as deciding takes it."""
    return None if fetched is None else Found(fetched.href, fetched.etag, fetched.raw)
