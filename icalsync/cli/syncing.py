"""``sync``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from icalsync.cli.base import Command, opened, options
from icalsync.cli.connect import zone_of
from icalsync.cli.render import cell, print_json, show_rows, table
from icalsync.core.durations import parse_duration
from icalsync.messages import say

if TYPE_CHECKING:
    from icalsync.app import SyncReport
    from icalsync.engine.context import Progress

RUN_COLUMNS = (
    "integration_id",
    "purpose",
    "outcome",
    "added",
    "changed",
    "removed",
    "rejected",
    "pushed",
    "requests",
    "bytes",
    "error_code",
)
PLAN_COLUMNS = ("integration_id", "display_name", "way", "added", "changed", "removed", "held", "action", "appointment_id")


@click.command(cls=Command)
@click.option("--sub-account", help="Only what serves this sub-account.")
@click.option("--user", help="Only what serves this user (with --sub-account).")
@click.option("--calendar", help="Only this calendar: its id, or its name where that is unique.")
@click.option("--plan", is_flag=True, help="Ask the servers, show what would change here, change nothing.")
@click.option("--confirm-deletions", metavar="CALENDAR", multiple=True, help="Let the held removals of this calendar go.")
@click.option("--watch", is_flag=True, help="Go on syncing until SIGTERM or Ctrl-C; settings are read once, at the start.")
@click.option("--every", metavar="60s", help="With --watch: how often each account is synced (1s to 1d; 60s unless told otherwise).")
def sync(
    sub_account: str | None,
    user: str | None,
    calendar: str | None,
    plan: bool,
    confirm_deletions: tuple[str, ...],
    watch: bool,
    every: str | None,
) -> int:
    """Sync the connected calendars, each account once; with --watch again and again.

    A sync asked for by hand tries at once, however often an account has failed before; only where a host has said how long it wants to be
    left alone, that is told instead. Whoever asks while the same account is being synced waits for what comes of it.

    Exit code 1 also where something is still to be written to a linked calendar, cannot be, or was changed there and is not settled.
    """
    _check(user, sub_account, plan=plan, confirm=bool(confirm_deletions), watch=watch, every=every)
    app = opened()
    zone = zone_of(app, sub_account, user)
    if watch:
        from icalsync.cli.watching import watch as run_watch  # noqa: PLC0415  # only where somebody watches

        return run_watch(app, sub_account, user, calendar, every=parse_duration(every or "60s", what="--every"), zone=zone)
    if plan:
        show_rows(app.plan(sub_account, user, calendar), PLAN_COLUMNS, zone=zone, empty="Nothing is connected.")
        return 0
    with _progress() as report:
        done = app.sync(sub_account, user, calendar, confirm_deletions=confirm_deletions, report=report)
    _show(done, zone)
    return done.exit_code


def _check(user: str | None, sub_account: str | None, *, plan: bool, confirm: bool, watch: bool, every: str | None) -> None:
    """Options that do not go together are wrong usage: nothing is tried."""
    context = click.get_current_context()
    if user is not None and sub_account is None:
        raise click.UsageError("--user needs --sub-account", context)
    if every is not None and not watch:
        raise click.UsageError("--every needs --watch", context)
    if watch and (plan or confirm):
        raise click.UsageError("--watch goes neither with --plan nor with --confirm-deletions", context)


def _show(done: SyncReport, zone: str) -> None:
    if options().json:
        print_json(done.as_dict(), zone)
        for error in done.refused:
            click.echo(json.dumps(error, ensure_ascii=False), err=True)
        return
    if not done.runs and not done.refused:
        click.echo("Nothing is connected.")
    if done.runs:
        table(done.runs, RUN_COLUMNS, zone)
    for run in done.runs:
        if run["status_reason"]:
            click.echo(f"{run['integration_id']}: {run['status_reason']}", err=True)
        if run["next_step"]:
            click.echo(f"{run['integration_id']}: {run['error_code']}. Next step: {run['next_step']}", err=True)
    for error in done.refused:
        click.echo(f"{error['message']} {error['next_step']}", err=True)
    for row in done.attention:
        tried = f" {say('attention.next_try', at=cell(row['next_try_at'], zone), zone=zone)}" if row["next_try_at"] else ""
        click.echo(f"{row['kind']}: {row['says']}{tried}\n  Next step: {row['next_step']}")


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None] | None]:
    """Progress bars on a terminal, none in pipes."""
    if options().json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415  # only where somebody is looking
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, object] = {}

        def report(progress: Progress) -> None:
            task = tasks.get(progress.integration_id)
            if task is None:
                task = tasks[progress.integration_id] = bars.add_task(progress.integration_id, total=None)
            what = escape(progress.calendar or "calendars")  # a calendar's name is no markup
            bars.update(task, description=f"{progress.integration_id}: {what}", completed=progress.done, total=progress.total)  # type: ignore[arg-type]

        yield report


COMMANDS = (sync,)
