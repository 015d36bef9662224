"""The command behind ``make chaos``; the last line sums up, and the exit code is 1 where anything was violated."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final

from tests.chaos.processes import Workers
from tests.chaos.work import BATCH, CASES, Case, Result, grid, play_batch, try_cases
from tests.faults.sites import SERVERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.work import Work

SCHEDULES: Final = 2000
_OTHERS_EVERY: Final = 10
"""One batch in so many is played before Radicale, and one before Xandikos: they are real, and slower."""
_PROGRESS_SECONDS: Final = 30.0
_ENDLESS: Final = 1e9


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for."""

    seconds: float
    """Time for everything; 0: as long as it takes."""
    seed: str
    schedules: int
    jobs: int
    only: str


def tell(text: str) -> None:
    """A line of the report, at once: what is cut short has told what it found."""
    print(text, flush=True)  # noqa: T201  # telling is what the command is for


def wish_of(arguments: list[str]) -> Wish:
    """The command line, as data."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.0, help="time for everything, half of it for the grid; 0: as long as it takes")
    parser.add_argument("--seed", default="1", help="decides every schedule, and the order of the grid")
    parser.add_argument("--schedules", type=int, default=SCHEDULES, help="how many at most where no time is given")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--only", default="", help="one case (SERVER/FAULT/KIND/once) or one batch (SERVER/NUMBER), to see it again")
    given = parser.parse_args(arguments)
    return Wish(given.seconds, given.seed, given.schedules, given.jobs, given.only)


def cases_of(wish: Wish) -> Iterator[Callable[[float], Work]]:
    """The grid in pieces of one server each; in an order of the seed, so that a short run sees another part each time."""
    pieces = []
    for server in SERVERS:
        cases = [case for case in grid() if case.server == server]
        Random(f"{wish.seed}/{server}").shuffle(cases)  # noqa: S311  # repeatable on purpose
        pieces += [cases[start : start + CASES] for start in range(0, len(cases), CASES)]
    Random(wish.seed).shuffle(pieces)  # noqa: S311  # as above
    for piece in pieces:
        yield partial(_cases, piece)


def _cases(piece: list[Case], deadline: float) -> Work:
    return partial(try_cases, piece, deadline)


def batches_of(wish: Wish) -> Iterator[Callable[[float], Work]]:
    """Batches of schedules: without end where a time is given, else as many as were asked for."""
    number = 0
    while wish.seconds or number * BATCH < wish.schedules:
        server = {0: "radicale", 1: "xandikos"}.get(number % _OTHERS_EVERY, "icloud")
        yield partial(_batch, wish.seed, server, number)
        number += 1


def _batch(seed: str, server: str, number: int, deadline: float) -> Work:
    return partial(play_batch, server, seed, number, deadline)


class Chaos:
    """Work in processes, and what came of it."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.total = Result()
        self._told = time.monotonic()

    def do(self, workers: Workers, pieces: Iterator[Callable[[float], Work]], seconds: float) -> float:
        """Piece after piece until the time is over or nothing is left; the seconds it took."""
        began = time.monotonic()
        for result in workers.carry_out(pieces, began + (seconds or _ENDLESS)):
            self.add(result)
        return time.monotonic() - began

    def add(self, result: Result) -> None:
        """Count what a piece of work brought, and tell its violations with the command that shows each again."""
        self.total.cases += result.cases
        self.total.schedules += result.schedules
        self.total.violations += result.violations
        for violation in result.violations:
            tell(f"VIOLATION (seed {self.wish.seed}) {violation}\n    again: {self._again(violation)}")
        if time.monotonic() - self._told > _PROGRESS_SECONDS:
            self._told = time.monotonic()
            tell(self.summary())

    def _again(self, violation: str) -> str:
        which = violation.split("\n", 1)[0].split()[1].rstrip(",")
        return f"make chaos CHAOS_SEED={self.wish.seed} CHAOS_ONLY={which}"

    @property
    def exit_code(self) -> int:
        """1 where anything was violated, and where nothing was tried, because that proves nothing."""
        return 1 if self.total.violations or not self.total.cases + self.total.schedules else 0

    def summary(self) -> str:
        """What was done so far."""
        return f"cases {self.total.cases}, schedules {self.total.schedules}, violations {len(self.total.violations)}"


def only(wish: Wish) -> list[Callable[[float], Work]]:
    """The one piece that was asked for."""
    server, _, rest = wish.only.partition("/")
    if rest.isdigit():
        return [partial(_batch, wish.seed, server, int(rest))]
    found = [case for case in grid() if str(case) == wish.only]
    return [partial(_cases, found)] if found else []


def main(arguments: list[str]) -> int:
    """Everything that was wished for."""
    wish = wish_of(arguments)
    chaos = Chaos(wish)
    pieces = only(wish) if wish.only else []
    if wish.only and not pieces:
        tell(f"There is no case and no batch {wish.only!r}.")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # as Ctrl-C: whatever was started ends, too
    with Workers(wish.jobs) as workers:
        if pieces:
            chaos.do(workers, iter(pieces), 0.0)
        else:
            spent = chaos.do(workers, cases_of(wish), wish.seconds / 2)
            tell(f"{chaos.summary()}: the grid took {spent:.0f} s")
            spent = chaos.do(workers, batches_of(wish), wish.seconds and max(wish.seconds - spent, 1.0))
            tell(f"{chaos.total.schedules / max(spent, 0.001):.2f} schedules a second in {wish.jobs} processes")
    tell(f"seed {wish.seed}: {chaos.summary()}")
    return chaos.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
