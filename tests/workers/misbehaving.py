"""Readers that do what no object should be able to make one do; the reading process loads them by their names."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from icalsync.core.model import Rejected
from icalsync.core.reading import read_object

STARTS, ENDS = datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 10, tzinfo=UTC)


def read(raw, window, limits=None):
    """The first word after ``RRULE`` says what happens; where parsing alone is asked for (``limits``), the time is told."""
    word, _, rest = raw.removeprefix(b"RRULE ").decode("utf-8", "replace").partition(" ")
    deed = DEEDS.get(word)
    if deed is None:
        return read_object(raw, window, *([limits] if limits else []))
    if limits is not None:
        return Rejected("BUDGET", "told", "uid-of-it", STARTS, ENDS)
    return deed(rest) or Rejected("DONE", word)


def _burn(_):
    while True:
        pass


def _burn_in_c(_):
    sum(itertools.repeat(1))


def _take_at_once(size):
    return Rejected("TAKEN", str(len(bytes(int(size)))))


def _take_bit_by_bit(_):
    kept = []
    while True:
        kept.append(bytes(100_000))


def _nest(_):
    def deeper():
        return deeper()

    return deeper()


def _end(_):
    os.kill(os.getpid(), signal.SIGSEGV)


def _be_killed(_):
    os.kill(os.getpid(), signal.SIGKILL)


def _be_killed_once(marker):
    if not Path(marker).exists():
        Path(marker).touch()
        os.killpg(0, signal.SIGKILL)


def _chatter(_):
    sys.stdout.write("a library talks")
    sys.stdout.flush()


def _show_files(_):
    targets = [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.exists()]
    return Rejected("FILES", " ".join(targets))


def _show_environment(_):
    return Rejected("NAMES", " ".join(os.environ))


DEEDS = {
    "burn": _burn,
    "burn-in-c": _burn_in_c,
    "take": _take_at_once,
    "grow": _take_bit_by_bit,
    "nest": _nest,
    "end": _end,
    "killed": _be_killed,
    "killed-once": _be_killed_once,
    "chatter": _chatter,
    "files": _show_files,
    "environment": _show_environment,
}


def read_briefly(raw, window, limits=None):
    """``read`` in a process that waits a moment only for the next object."""
    sys.modules["__main__"].IDLE_SECONDS = 0.05
    return read(raw, window, limits)
