"""Watching: every account again and again, each at its own time, until the process is asked to end (T14)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from icalsync.core.backoff import delay, spread, waits
from icalsync.engine.context import Context
from icalsync.engine.dispatch import Dispatch
from icalsync.engine.fleet import Refused, synced
from icalsync.engine.visit import Wish
from icalsync.errors import IcalsyncError, SyncStopped
from icalsync.ports import Account, Run

log = logging.getLogger(__name__)

GRACE: Final = 3.5
"""Seconds that runs get to end by themselves when the process is asked to; together with the file's own wait it stays below ten (T14)."""
TICK: Final = 0.25
"""Seconds between two looks at what is due, and at whether to stop."""
LOOK_AGAIN: Final = 5.0
"""Seconds after which the accounts are read from the store anew, at the latest."""
JITTER: Final = 0.1
"""Share of the interval by which each round of an account comes earlier or later: accounts do not march in step."""
LONGEST_LOCAL: Final = 60.0
"""Seconds: trouble of this machine (a locked database, a full disk) is looked at again after at most so long."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is watched, and how."""

    every: timedelta
    """From the beginning of one run of an account to that of its next."""
    select: Callable[[], Sequence[str] | None]
    """The accounts to watch, as they are now; None: all that serve somebody."""
    wish: Wish = field(default_factory=lambda: Wish(attended=False))
    told: Callable[[Run | Refused], None] = lambda _result: None
    """Called with each run as it ends, from the thread that watches."""
    troubled: Callable[[IcalsyncError], None] = lambda _error: None
    """Called with trouble of this machine, once until it is over or another one comes."""
    chores: Callable[[], None] = lambda: None
    """What is done beside the runs, now and then; trouble with it is tried again."""
    chores_every: timedelta = timedelta(hours=1)


CHORES: Final = "chores"
"""The key of what is done beside the runs; an account's begins with ``int-``."""


class Watch:
    """One watch over one database."""

    def __init__(self, context: Context, plan: Plan) -> None:
        self._context, self._plan = context, plan
        self._dispatch: Dispatch[Run | Refused | IcalsyncError | None] = Dispatch(context.hosts, self._work)
        self._accounts: tuple[Account, ...] = ()
        self._due: frozenset[str] = frozenset()
        """Accounts with something to send now: they do not wait for their next round."""
        self._began: dict[str, float] = {}
        self._next: dict[str, float] = {}
        """When each account's next round is, in seconds of ``time.monotonic``; so are all times here."""
        self._look_at = 0.0
        self._chores_at = 0.0
        self._prepared = False
        """Whether the chores were done once: the horizon stands before anything is read over it."""
        self._troubles: dict[str, int] = {}
        """Where this machine's own trouble is met, and how often in a row."""
        self._said: set[str] = set()

    def run(self) -> list[str]:
        """Watch until ``context.stop`` is set; what could not be waited for then: accounts whose request nobody answers, or the chores."""
        while not self._context.stop.is_set():
            self._look()
            self._start_due()
            for key, result in self._dispatch.results(TICK):
                self._ended(key, result)
        left = self._dispatch.wind_down(GRACE)
        for key, result in self._dispatch.results(0):
            self._ended(key, result)
        if left:
            log.warning("not waited for", extra={"left": left})
        return left

    # --- what is due ---------------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """The accounts as the store has them now, and what waits to be sent."""
        now = time.monotonic()
        if now < self._look_at:
            return
        try:
            self._accounts = self._context.store.accounts(self._plan.select())
            self._due = frozenset(self._context.outbox.due_integrations(self._context.clock.now()))
        except IcalsyncError as error:
            self._look_at = now + self._stumbled("the accounts", error)
            return
        self._well("the accounts")
        self._look_at = now + min(LOOK_AGAIN, self._plan.every.total_seconds() / 2)
        known = {account.integration_id for account in self._accounts}
        self._next = {key: at for key, at in self._next.items() if key in known}

    def _start_due(self) -> None:
        now = time.monotonic()
        if now >= self._chores_at and CHORES not in self._dispatch and self._dispatch.start(CHORES, CHORES):
            self._chores_at = now + self._plan.chores_every.total_seconds()
        if not self._prepared:
            return
        ready = [account for account in self._accounts if account.integration_id not in self._dispatch and self._is_due(account, now)]
        for account in sorted(ready, key=lambda each: self._next.get(each.integration_id, 0.0)):
            key = account.integration_id
            if self._dispatch.start(key, account.host):
                self._began[key], self._next[key] = now, now + self._pause()

    def _is_due(self, account: Account, now: float) -> bool:
        moment = self._context.clock.now()
        if account.standing.is_waiting(moment) or waits(account.held_until, moment):
            return False
        if account.integration_id in self._due and now - self._began.get(account.integration_id, -LOOK_AGAIN) >= LOOK_AGAIN:
            return True
        if account.integration_id not in self._next:
            self._next[account.integration_id] = now + self._first(account, moment)
        return now >= self._next[account.integration_id]

    def _first(self, account: Account, moment: datetime) -> float:
        """Seconds until an account's first round here: at once where its last run is an interval ago, else when that is over."""
        every, last = self._plan.every, account.last_started_at
        if last is None or not timedelta() <= moment - last < every:
            return 0.0
        return (every - (moment - last)).total_seconds() * (1 - JITTER * spread(account.integration_id))

    def _pause(self) -> float:
        return self._plan.every.total_seconds() * (1 + JITTER * (2 * self._context.jitter() - 1))

    # --- what comes of it ----------------------------------------------------------------------------------------------------------

    def _work(self, key: str) -> Run | Refused | IcalsyncError | None:
        """One run, or the chores; whatever goes wrong is a result, because the watch goes on."""
        try:
            if key == CHORES:
                self._plan.chores()
                return None
            return synced(self._context, key, self._plan.wish)
        except IcalsyncError as error:
            return error
        except Exception as error:
            # a mistake of ours must not end the watch over all the others; its type is logged, because its text may quote a title
            log.exception("failed unexpectedly", extra={"integration_id": key})
            return IcalsyncError(why=type(error).__name__)

    def _ended(self, key: str, result: Run | Refused | IcalsyncError | None) -> None:
        now = time.monotonic()
        self._prepared = self._prepared or key == CHORES
        if isinstance(result, IcalsyncError):
            again = now + self._stumbled(key, result)
            if key == CHORES:
                self._chores_at = again
            else:
                self._next[key] = again
            return
        self._well(key)
        if result is not None and not (isinstance(result, Refused) and isinstance(result.error, SyncStopped)):
            self._look_at = min(self._look_at, now)  # how the account stands has changed
            self._plan.told(result)

    def _stumbled(self, where: str, error: IcalsyncError) -> float:
        """This machine's own trouble: said once, and tried again soon, then less often; seconds until then."""
        times = self._troubles[where] = self._troubles.get(where, 0) + 1
        log.warning("held up", extra={"where": where, "error_code": error.code, "times": times})
        if error.code not in self._said:
            self._said.add(error.code)
            self._plan.troubled(error)
        return min(delay(times, self._context.jitter()).total_seconds() / 30, LONGEST_LOCAL)

    def _well(self, where: str) -> None:
        self._troubles.pop(where, None)
        if not self._troubles:
            self._said.clear()
