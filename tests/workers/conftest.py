"""Readers with processes of their own, ended after each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from icalsync.workers.process import Workers
from icalsync.workers.reader import BoundedReader

MISBEHAVING = "tests.workers.misbehaving:read"


@pytest.fixture
def workers():
    """Processes that misbehave when an object asks for it."""
    one = Workers(MISBEHAVING)
    yield one
    one.close()


@pytest.fixture
def reader(workers):
    """A reader with a third of a second and 60 MB per object."""
    return BoundedReader(seconds=0.3, memory=60_000_000, workers=workers)


def group(leader: int) -> list[int]:
    """The living processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[:3]
        except OSError:  # it ended while we looked
            continue
        if int(pgrp) == leader and state not in "ZX":
            found.append(int(stat.parent.name))
    return found
