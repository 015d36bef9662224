"""Pieces of work for one process: so many cases of the grid, or a batch of schedules, each in worlds of its own."""

from __future__ import annotations

import logging
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.chaos.schedule import Performance, schedule_of
from tests.faults.asked import READS
from tests.faults.catalogue import FAULTS, pulling
from tests.faults.sites import SERVERS
from tests.faults.trial import Trial
from tests.faults.world import make_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.world import World

logging.getLogger("icalsync").addHandler(logging.NullHandler())  # what the product logs under faults is not the report

BATCH: Final = 20
"""Schedules in one world; the batch is what can be repeated."""
CASES: Final = 24
"""Cases of the grid in one world."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the grid, by name, so that it can travel between processes."""

    server: str
    fault: str
    kind: str
    lasting: bool

    @property
    def trial(self) -> Trial:
        """What is to be tried."""
        return Trial(FAULTS[self.fault], next(kind for kind in READS if kind.value == self.kind), self.lasting)

    def __str__(self) -> str:
        return f"{self.server}/{self.fault}/{self.kind}/{'for-good' if self.lasting else 'once'}"


def grid() -> Iterator[Case]:
    """Every fault on every request it bites, once and for good, before every server."""
    for server in SERVERS:
        for fault in pulling():
            for kind in READS:
                if kind in fault.kinds:
                    yield from (Case(server, fault.name, kind.value, lasting) for lasting in (False, True))


@dataclass(slots=True)
class Result:
    """What a piece of work brought."""

    cases: int = 0
    schedules: int = 0
    violations: list[str] = field(default_factory=list)


@dataclass
class _Worlds:
    """The world in use, made anew after a violation."""

    server: str
    stack: ExitStack = field(default_factory=ExitStack)
    world: World | None = None

    def get(self) -> World:
        if self.world is None:
            directory = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
            self.world = self.stack.enter_context(make_world(self.server, directory))
        return self.world

    def renew(self) -> None:
        self.stack.close()
        self.world = None


Told = Callable[[str | Result], None]
"""Is told what begins, and then what came of it; so nothing that was found is lost where the next thing hangs."""
Work = Callable[[Told], None]


def try_cases(cases: list[Case], deadline: float, told: Told) -> None:
    """Cases of one server, until the deadline (``time.monotonic``)."""
    worlds = _Worlds(cases[0].server)
    for case in cases:
        if time.monotonic() > deadline:
            break
        told(f"case {case}")
        told(Result(cases=1, violations=_judged(worlds, f"case {case}", lambda world, case=case: case.trial.carry_out(world))))
    worlds.renew()


def play_batch(server: str, seed: str, batch: int, deadline: float, told: Told) -> None:
    """A batch of schedules, until the deadline."""
    worlds = _Worlds(server)
    for number in range(BATCH):
        if time.monotonic() > deadline:
            break
        steps = schedule_of(f"{seed}/{server}/{batch}/{number}", server)
        what = f"batch {server}/{batch}, schedule {number}: " + "; ".join(map(str, steps))
        told(what)
        told(Result(schedules=1, violations=_judged(worlds, what, lambda world, steps=steps: Performance(world).perform(steps))))
    worlds.renew()


def _judged(worlds: _Worlds, what: str, deed: Callable[[World], None]) -> list[str]:
    try:
        deed(worlds.get())
    except Exception as error:  # noqa: BLE001  # whatever comes out of the product or its judge is what is looked for here
        place = "" if isinstance(error, AssertionError) else "\n" + "".join(traceback.format_exception(error)[-4:])
        worlds.renew()
        return [f"{what}\n    {type(error).__name__}: {error}{place}"]
    return []
