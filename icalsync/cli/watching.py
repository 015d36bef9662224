"""``sync --watch``: a line per run, logs on standard error, and an end when it is asked for one."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from icalsync import logs
from icalsync.cli.base import options
from icalsync.cli.render import cell, in_zone
from icalsync.core.durations import format_duration
from icalsync.messages import say

if TYPE_CHECKING:
    from types import FrameType

    from icalsync.app import App
    from icalsync.errors import IcalsyncError

FIGURES = (("added", "+"), ("changed", "~"), ("removed", "-"))


def watch(app: App, sub_account: str | None, user: str | None, calendar: str | None, *, every: timedelta, zone: str) -> int:
    """Sync until SIGTERM or Ctrl-C; 0. Whatever hangs then is left behind."""
    logs.configure(_level(), sys.stderr)
    lines = _Lines(zone)
    with _asked_to_end() as stop:
        left = app.watch(
            sub_account,
            user,
            calendar,
            every=every,
            stop=stop,
            told=lines.run,
            troubled=lines.trouble,
            begun=lambda: lines.remark(say("watch.started", every=format_duration(every))),
        )
        lines.remark(say("watch.stopped"))
    if left:
        # a thread that waits for a server that does not answer must not keep the process; what it had in hand is undone with it
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    return 0


def _level() -> str:
    """On a terminal people read the lines, and the logs only where they ask for them."""
    if options().debug:
        return "DEBUG"
    return "WARNING" if sys.stderr.isatty() else "INFO"


@contextmanager
def _asked_to_end() -> Iterator[threading.Event]:
    """Set by SIGTERM and by the first Ctrl-C; a second Ctrl-C ends at once."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    for number in before:
        signal.signal(number, end)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Lines:
    """What is said about each run: one line, or one JSON object."""

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._troubles: dict[str, str] = {}
        """What was last said of an account's trouble: it is explained once, and named on every line."""

    def run(self, row: Mapping[str, Any]) -> None:
        """A run that ended, or an account that was not asked."""
        if options().json:
            click.echo(json.dumps(in_zone(row, self._zone), ensure_ascii=False), err="error" in row)
            return
        if "error" not in row:
            click.echo(self._line(row))
        self._explain(row)

    def _line(self, row: Mapping[str, Any]) -> str:
        figures = " ".join(f"{sign}{row[name]}" for name, sign in FIGURES)
        seconds = (row["ended_at"] - row["started_at"]).total_seconds()
        asked = f"{row['requests']} request{'' if row['requests'] == 1 else 's'}, {seconds:.1f} s"
        words = (_time(row["ended_at"], self._zone), row["integration_id"], row["purpose"], row["outcome"], figures, f"({asked})")
        return "  ".join((*words, row["error_code"])) if row["error_code"] else "  ".join(words)

    def _explain(self, row: Mapping[str, Any]) -> None:
        code = row.get("error") or row["error_code"]
        if code is None:
            self._troubles.pop(row["integration_id"], None)
        elif self._troubles.get(row["integration_id"]) != code:
            self._troubles[row["integration_id"]] = code
            said = row.get("message") or row["status_reason"] or code
            click.echo(cell(f"{row['integration_id']}: {said} Next step: {row['next_step']}", self._zone), err=True)

    def trouble(self, error: IcalsyncError) -> None:
        """Trouble of this machine, which is tried again."""
        if options().json:
            click.echo(json.dumps(error.as_dict(), ensure_ascii=False), err=True)
        else:
            click.echo(f"{say('watch.trouble', message=error.message)} {error.next_step}", err=True)

    def remark(self, sentence: str) -> None:
        """For people, beside the runs."""
        if not options().json:
            click.echo(sentence, err=True)


def _time(moment: datetime, zone: str) -> str:
    return str(in_zone(moment, zone))[11:19]
