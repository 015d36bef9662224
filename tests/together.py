"""Processes that begin at the same moment, each forked from this one: it is warm, has one thread, and opens no file."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def together(processes: int, do: Callable[[Callable[[], None]], object]) -> None:
    """Let so many of them ``do``, and wait for their ends; each calls what it is given when it is ready, and comes back when all are."""
    ready, go = os.pipe(), os.pipe()

    def wait() -> None:
        os.write(ready[1], b".")
        os.read(go[0], 1)  # its end: when the parent lets go of the other side

    for _ in range(processes):
        if os.fork() == 0:
            try:
                os.close(go[1])
                do(wait)
            except BaseException:  # noqa: BLE001  # whatever it is, the test shows it, and the process ends
                traceback.print_exc()
            finally:
                os.write(ready[1], b".")  # nobody waits for one that failed
                os._exit(0)
    for _ in range(processes):
        os.read(ready[0], 1)
    os.close(go[1])
    for _ in range(processes):
        os.wait()
