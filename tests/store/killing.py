"""Processes that are killed in the middle of their work: each forked from one that is warm, because starting one takes a second."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


class Killing:
    """What ``tests.store.child`` can do, cut short."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._orders = cast("IO[str]", process.stdin)
        self._said = cast("IO[str]", process.stdout)

    def after(self, seconds: float, *words: object) -> list[str]:
        """Let a child do that, kill it so many seconds after it was ready, and give what it said meanwhile."""
        self._orders.write(" ".join(map(str, words)) + "\n")
        self._orders.flush()
        child = int(self._line())
        assert self._line() == "ready"
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        return list(iter(self._line, "ended"))

    def _line(self) -> str:
        line = self._said.readline()
        assert line.endswith("\n"), "the warm process has ended"
        return line.rstrip("\n")


@contextmanager
def killing(directory: Path) -> Iterator[Killing]:
    """Children that work in a directory; what is left of them ends with the block."""
    words = [sys.executable, "-m", "tests.store.child", "warm", str(directory)]
    process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield Killing(process)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
