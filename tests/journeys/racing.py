"""A process that books one slot with ten threads at once: ``python -m tests.journeys.racing START END``. It waits for a line."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import icalsync
from icalsync.errors import IcalsyncError
from icalsync.settings import load_settings

THREADS = 10


def main() -> None:
    """How each of the ten attempts ended: an appointment's id, or an error's code."""
    start, end = sys.argv[1:3]
    app = icalsync.open(settings=load_settings(lock_wait=60.0))
    app.users("ACME")  # everything is loaded before the start
    barrier = threading.Barrier(THREADS)

    def attempt(number: int) -> str:
        barrier.wait()
        try:
            return str(app.book("ACME", "anna", start, end, title=f"Attempt {number}")["appointment_id"])
        except IcalsyncError as error:
            return error.code

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as pool:
        ended = list(pool.map(attempt, range(THREADS)))
    sys.stdout.write(json.dumps(ended) + "\n")


if __name__ == "__main__":
    main()
