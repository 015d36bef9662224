"""``busy``, ``slots``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import click

from icalsync.cli.base import Command, opened, options
from icalsync.cli.connect import zone_of
from icalsync.cli.render import incomplete, remark, show_rows
from icalsync.messages import say

if TYPE_CHECKING:
    from icalsync.app import App

BUSY_COLUMNS = ("user_id", "starts_at", "ends_at", "busyness", "reason", "source", "calendar")


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
@click.option("--from", "start", required=True, help="First moment; a bare date is midnight in the user's zone.")
@click.option("--to", "end", required=True, help="The moment it ends before.")
@click.option("--known-at", help="As it was known at this moment.")
def busy(sub_account: str, user_id: str, start: str, end: str, known_at: str | None) -> int:
    """What blocks a user's time, and why."""
    from icalsync.app.exporting import records  # noqa: PLC0415  # pandas

    app = opened()
    zone = zone_of(app, sub_account, user_id)
    frame = app.busy(sub_account, user_id, start, end, known_at=known_at)
    rows = records(frame.drop(columns=["complete", "as_of"]))
    names = calendar_names(app, sub_account, [user_id])
    if not options().json:
        rows = [row | {"calendar": names.get(row["calendar_id"], row["calendar_id"])} for row in rows]
    show_rows(rows, BUSY_COLUMNS, zone=zone, empty="Nothing blocks this time.")
    return incomplete(app.coverage(sub_account, user_id, start, end, known_at=known_at), zone, names)


def calendar_names(app: App, sub_account: str, user_ids: Sequence[str]) -> dict[str, str]:
    """The users' calendars by id; and a remark where nothing outside the system blocks somebody's time."""
    unblocked = [user for user in user_ids if not any(role["role"] == "CONFLICT" for role in app.roles(sub_account, user))]
    if unblocked:
        remark(say("warn.no_conflict_calendar", users=", ".join(unblocked)))
    return {row["calendar_id"]: row["display_name"] for user in user_ids for row in app.calendars(sub_account, user)}


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_ids", metavar="anna [ben…]", nargs=-1, required=True)
@click.option("--from", "start", required=True, help="First moment; a bare date is midnight in the user's zone.")
@click.option("--to", "end", required=True, help="The moment it ends before.")
@click.option("--length", default="30m", show_default=True, help="How long the slot must be: 30m, 1h, 1h30m.")
@click.option("--need", default="all", show_default=True, help="all, any, or how many of the users.")
def slots(sub_account: str, user_ids: tuple[str, ...], start: str, end: str, length: str, need: str) -> int:
    """When these users can be booked."""
    from icalsync.app.exporting import records  # noqa: PLC0415  # pandas

    app = opened()
    zone = zone_of(app, sub_account, user_ids[0] if len(set(user_ids)) == 1 else None)
    frame = app.slots(sub_account, user_ids, start, end, length=length, need=_need(need))
    head, coverage = ("starts_at", "ends_at", "users"), ("complete", "as_of", "missing")
    rows = [{name: row[name] for name in head} | {"coverage": {name: row[name] for name in coverage}} for row in records(frame)]
    show_rows(rows, ("starts_at", "ends_at", "users"), zone=zone, empty="There is no slot in this time.")
    names = calendar_names(app, sub_account, user_ids)
    return incomplete(app.coverage(sub_account, user_ids, start, end), zone, names)


def _need(text: str) -> Literal["all", "any"] | int:
    if text == "all":
        return "all"
    if text == "any":
        return "any"
    if text.isdigit() and int(text) > 0:
        return int(text)
    raise click.UsageError(f"--need is all, any or a number, not {text!r}", click.get_current_context())


COMMANDS = (busy, slots)
