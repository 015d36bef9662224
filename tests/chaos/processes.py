"""Processes that carry out pieces of work, and tell of each case as it begins and as it ends; none outlives whoever started it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
import time
from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final, Self

from tests.chaos.work import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from tests.chaos.work import Told, Work

LONGEST: Final = 90.0
"""Seconds for one case: many times what the slowest takes, so that one that takes longer hangs, and that is a violation (N5)."""
LATE: Final = 10.0
"""Seconds that what is under way at the end of the time gets to end by itself; then it is cut off, and counts for nothing."""
_TICK: Final = 0.5
_READY: Final = ""
"""What a process tells when its piece is done."""


class Worker:
    """One process, with what it is doing now."""

    def __init__(self, directory: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(theirs, directory), daemon=True)
        self._process.start()
        theirs.close()
        self.busy, self.doing, self.since = False, "", 0.0

    def give(self, work: Work) -> None:
        """A piece to carry out."""
        self.busy = True
        self.connection.send(work)

    def results(self) -> Iterator[Result]:
        """What it has told since; a process that died in a case is a violation."""
        try:
            while self.connection.poll():
                told = self.connection.recv()
                if isinstance(told, Result):
                    self.doing = ""
                    yield told
                else:
                    self.busy, self.doing, self.since = told != _READY, told, time.monotonic()
        except (EOFError, ConnectionResetError):
            self._process.join()
            yield Result(violations=[f"{self.doing or 'between cases'}\n    the process ended with {self._process.exitcode}"])
            self.busy, self.doing = False, ""

    @property
    def hangs(self) -> bool:
        """Whether its case takes too long."""
        return bool(self.doing) and time.monotonic() - self.since > LONGEST

    @property
    def alive(self) -> bool:
        """Whether it can be given something."""
        return self._process.is_alive()

    def end(self) -> None:
        """It ends now, with the servers it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self.connection.close()


class Workers:
    """A context manager: so many processes, and the directory they work in; nothing of either is left when it is over."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._directory = tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True)
        self._workers: list[Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._directory.cleanup()

    def carry_out(self, pieces: Iterator[Callable[[float], Work]], deadline: float) -> Iterator[Result]:
        """Piece after piece until the deadline (``time.monotonic``), and what comes of each case as soon as it is there."""
        while True:
            self._busy(pieces, deadline)
            busy = [worker for worker in self._workers if worker.busy]
            if not busy:
                return
            wait([worker.connection for worker in busy], timeout=_TICK)
            for worker in busy:
                yield from worker.results()
                if worker.hangs:
                    yield Result(violations=[f"{worker.doing}\n    does not end"])
                    self._lose(worker)
                elif worker.busy and time.monotonic() > deadline + LATE:
                    self._lose(worker)

    def _busy(self, pieces: Iterator[Callable[[float], Work]], deadline: float) -> None:
        """Everybody has something to do, as long as there is time and work."""
        for worker in [each for each in self._workers if not each.alive]:
            self._lose(worker)
        idle = [worker for worker in self._workers if not worker.busy]
        missing = self._number - len(self._workers)
        while (idle or missing) and time.monotonic() < deadline and (piece := next(pieces, None)) is not None:
            if not idle:
                missing -= 1
                idle.append(Worker(self._directory.name))
                self._workers.append(idle[-1])
            idle.pop().give(piece(deadline))

    def _lose(self, worker: Worker) -> None:
        worker.end()
        self._workers.remove(worker)


def serve(connection: Connection, directory: str) -> None:
    """The process: a group of its own, so that its servers end with it; it ends with its parent, whatever it is doing."""
    os.setpgid(0, 0)
    tempfile.tempdir = directory
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tell: Told = connection.send
    with suppress(EOFError):
        while True:
            work: Work = connection.recv()
            work(tell)
            connection.send(_READY)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os.killpg(0, signal.SIGKILL)
