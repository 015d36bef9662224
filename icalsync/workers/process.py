"""Reading processes as this process sees them: started when needed, shared by its threads, never outliving it."""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from icalsync.errors import ReaderUnavailable
from icalsync.workers.pipe import READY, pack, receive, send, unpack_answer

READ_OBJECT: Final = "icalsync.core.reading:read_object"
START_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 0.5
"""How long an idle process may take to see that its pipe is closed; one that still reads then is killed."""
KEPT: Final = 2
"""Idle processes kept for the next object; more are ended when they are given back."""

_HERE: Final = str(Path(__file__).resolve().parents[2])


class Ended(Exception):
    """The process ended, and not by the object it was reading, as far as anybody can tell."""


class Worker:
    """One reading process."""

    def __init__(self, reads: str = READ_OBJECT) -> None:
        """``reads``: ``module:function`` of what reads an object. ``ReaderUnavailable`` where it does not start."""
        try:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                [sys.executable, "-P", "-m", "icalsync.workers.child", reads],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=_environment(),
                process_group=0,  # an interrupt typed at the terminal is for us: a reader it killed would look like a bad object
            )
        except OSError as error:
            raise ReaderUnavailable(why=error.strerror or type(error).__name__) from error
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        waiting = select.poll()
        waiting.register(self._outgoing, select.POLLIN)
        if not waiting.poll(START_SECONDS * 1000):
            raise ReaderUnavailable(why=f"it does not answer within {START_SECONDS:g} s")
        hello = receive(self._outgoing)
        if hello is None or unpack_answer(hello) != READY:
            raise ReaderUnavailable(why=f"it ends at once with status {self._process.wait()}")

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its process group."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it was closed, was killed, or went because there was nothing to do."""
        return self._process.poll() is not None

    @property
    def _incoming(self) -> int:
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        return self._process.stdin.fileno()

    @property
    def _outgoing(self) -> int:
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        return self._process.stdout.fileno()

    def ask(self, job: bytes) -> Any:
        """The answer to a packed job; ``Ended``."""
        try:
            send(self._incoming, job)
            answer = receive(self._outgoing)
        except BrokenPipeError:
            raise Ended from None
        if answer is None:
            raise Ended
        try:
            return unpack_answer(answer)
        except (pickle.UnpicklingError, EOFError) as error:
            raise Ended from error

    def close(self) -> None:
        """End it, whatever it is doing."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # not yet waited for, so the number is still its own
            self._process.wait()


def _environment() -> dict[str, str]:
    """Without our settings, keys and passwords, which no reader needs (S1).

    With the places this process imports from, but not the current directory, whose files are nobody's choice.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ICALSYNC_")}
    places = dict.fromkeys([_HERE, *(str(Path(place).resolve()) for place in sys.path if place)])
    return inherited | {"PYTHONPATH": os.pathsep.join(places)}


class Workers:
    """The reading processes of this process: as many as threads read at the same time, so nobody waits for anybody's object."""

    def __init__(self, reads: str = READ_OBJECT) -> None:
        self._reads = reads
        self._idle: list[Worker] = []
        self._owner = os.getpid()
        atexit.register(self.close)

    def ask(self, *job: Any) -> Any:
        """The answer to ``job`` from whoever is idle, or from a new process; ``Ended``, ``ReaderUnavailable``."""
        packed = pack(job)
        with self._one() as worker:
            return worker.ask(packed)

    @contextlib.contextmanager
    def _one(self) -> Iterator[Worker]:
        worker = self._take()
        try:
            yield worker
        except BaseException:  # an answer may still be under way, and would be taken for the next object's
            worker.close()
            raise
        if len(self._idle) < KEPT:
            self._idle.append(worker)
        else:
            worker.close()

    def _take(self) -> Worker:
        if self._owner != os.getpid():  # a fork of ours: the pipes are its parent's
            self._owner, self._idle = os.getpid(), []
        with contextlib.suppress(IndexError):  # nobody is idle
            while (worker := self._idle.pop()).ended:
                worker.close()
            return worker
        return Worker(self._reads)

    @property
    def pids(self) -> list[int]:
        """The idle ones."""
        return [worker.pid for worker in list(self._idle)]

    def close(self) -> None:
        """End those that are idle; reading again starts new ones."""
        if self._owner != os.getpid():
            return
        with contextlib.suppress(IndexError):  # that was the last
            while True:
                self._idle.pop().close()


SHARED: Final = Workers()
"""Readers hold nothing of anybody's, so all of a process share them; none is started before it is needed."""
