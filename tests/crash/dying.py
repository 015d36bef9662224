"""A reader on a machine that has no memory left; the reading process loads it by its name."""

from __future__ import annotations

import os
import signal


def read(*_: object) -> None:
    """The kernel ends the process."""
    os.kill(os.getpid(), signal.SIGKILL)
