"""The warm parent whose children are killed, stopped and continued, as the tests hold it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tests.crash.worker import End

ROOT: Final = Path(__file__).parents[2]
_GRACE: Final = 10.0
"""Seconds for it to end by itself when its input does."""


class Warm:
    """``python -m MODULE DIRECTORY URL``, which reads one order per line."""

    def __init__(self, module: str, directory: Path, url: str) -> None:
        words = [sys.executable, "-m", module, str(directory), url]
        # a group of its own: a child that a failed test left stopped or working ends with it
        self._process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)

    def said(self, order: dict[str, Any]) -> End:
        """Let it be carried out, and say how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return End(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """It ends when its input does, or at once where a child keeps it; nothing of it is left."""
        with suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=_GRACE)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
