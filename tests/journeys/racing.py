"""Processes that book one slot with ten threads each, all at once: ``python -m tests.journeys.racing START END PROCESSES``.

They are forked from this process, which has loaded everything and opens no file: starting one takes a second.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import duckdb  # noqa: F401  # warm: what is loaded here is loaded once

import icalsync
import icalsync.caldav.client
import icalsync.core.reading
from icalsync.errors import IcalsyncError
from icalsync.settings import load_settings
from tests.together import together

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 10


def race(start: str, end: str, wait: Callable[[], object]) -> list[str]:
    """How each of the ten attempts ended: an appointment's id, or an error's code."""
    app = icalsync.open(settings=load_settings(lock_wait=60.0))
    app.users("ACME")  # everything is loaded before the start
    barrier = threading.Barrier(THREADS)

    def attempt(number: int) -> str:
        barrier.wait()
        try:
            return str(app.book("ACME", "anna", start, end, title=f"Attempt {number}")["appointment_id"])
        except IcalsyncError as error:
            return error.code

    wait()
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(attempt, range(THREADS)))


def main() -> None:
    """Start them; each writes one line."""
    start, end, processes = sys.argv[1:4]

    def one(wait: Callable[[], object]) -> None:
        os.write(sys.stdout.fileno(), (json.dumps(race(start, end, wait)) + "\n").encode())

    together(int(processes), one)


if __name__ == "__main__":
    main()
