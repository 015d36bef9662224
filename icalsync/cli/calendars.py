"""``calendars``, ``link``, ``unlink``, ``conflicts``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from icalsync.cli.base import Command, opened
from icalsync.cli.connect import CALENDAR_COLUMNS, zone_of
from icalsync.cli.render import remark, show_row, show_rows
from icalsync.errors import ConfirmationNeeded, InvalidInput
from icalsync.messages import say

if TYPE_CHECKING:
    from icalsync.app import App

ROLE_COLUMNS = ("sub_account", "user_id", "calendar_id", "display_name", "role")


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
def calendars(sub_account: str, user_id: str) -> None:
    """What calendars there are, what may be chosen, and why not."""
    app = opened()
    rows = app.calendars(sub_account, user_id)
    show_rows(rows, CALENDAR_COLUMNS, zone=zone_of(app, sub_account, user_id), empty="No account is connected: icalsync connect --help")


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
@click.argument("calendar", metavar="CALENDAR")
@click.option(
    "--assume-writable", is_flag=True, help="You know that it can be written although the server does not say so; this is logged."
)
@click.option("--move", is_flag=True, help="Also move the events of future appointments there, with the next sync.")
def link(sub_account: str, user_id: str, calendar: str, assume_writable: bool, move: bool) -> None:
    """Choose the linked calendar: bookings are written there, and its events block.

    Events that were written to another calendar before stay there, unless --move: then each is written to the new one first, and
    deleted from the old one once that is done.
    """
    row = opened().link(sub_account, user_id, calendar, assume_writable=assume_writable, move=move)
    if assume_writable:
        remark(say("warn.access_unknown"))
    show_row(row, f"Linked {calendar} for {user_id}; it is a conflict calendar too.")
    if move and row["moved"]:
        remark(say("link.moved", moved=row["moved"]))
    if move and row["left"]:
        remark(say("link.left", left=row["left"]))
    if move and row["kept"]:
        remark(say("link.kept", kept=row["kept"]))


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
def unlink(sub_account: str, user_id: str) -> None:
    """End the linked calendar; what was written to it stays there."""
    row = opened().unlink(sub_account, user_id)
    if row is None:
        raise InvalidInput(what="the user", value=user_id, why="there is no linked calendar")
    show_row(row, f"Unlinked {row['calendar_id']}. {say('warn.unlink_leaves_events')}")


@click.command(cls=Command)
@click.argument("action", type=click.Choice(["add", "remove", "list"]))
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
@click.argument("names", metavar="[CALENDAR…]", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask before the linked calendar stops blocking.")
def conflicts(action: str, sub_account: str, user_id: str, names: tuple[str, ...], yes: bool) -> None:
    """Conflict calendars: whose busy events block availability."""
    app = opened()
    if action == "list":
        rows = [row for row in app.roles(sub_account, user_id) if row["role"] == "CONFLICT"]
        show_rows(rows, ROLE_COLUMNS, empty="No calendar blocks this user's availability.")
        return
    if not names:
        raise InvalidInput(what="CALENDAR", value="", why="at least one is needed")
    if action == "add":
        show_rows(app.add_conflicts(sub_account, user_id, names), ROLE_COLUMNS)
        return
    if not yes:
        _confirm(app, sub_account, user_id, names)
    show_rows(app.remove_conflicts(sub_account, user_id, names), ROLE_COLUMNS)


def _confirm(app: App, sub_account: str, user_id: str, names: tuple[str, ...]) -> None:
    """R5: taking the linked calendar off the conflict calendars is explicit, and warned about."""
    linked = {row["calendar_id"] for row in app.roles(sub_account, user_id) if row["role"] == "LINKED"}
    if linked.isdisjoint(app.calendar(sub_account, user_id, name)["calendar_id"] for name in names):
        return
    if not sys.stdin.isatty():
        raise ConfirmationNeeded(what=say("warn.linked_is_no_conflict"))
    click.confirm(say("warn.linked_is_no_conflict") + " Go on?", abort=True, err=True)


COMMANDS = (calendars, link, unlink, conflicts)
