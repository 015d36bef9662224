"""``book``, ``reschedule``, ``cancel``, ``block``, ``unblock``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from icalsync.cli.base import Command, opened
from icalsync.cli.connect import zone_of
from icalsync.cli.render import cell, remark, show_row
from icalsync.messages import say

if TYPE_CHECKING:
    from icalsync.app import App

_START = click.option("--start", required=True, help="When it begins; a time without a zone is the user's.")
_END = click.option("--end", required=True, help="When it ends.")
_PUSH = click.option("--push", is_flag=True, help="Write it to the linked calendar at once, not with the next sync.")


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
@_START
@_END
@click.option("--title", required=True, help="What it is; how much of it is written to the calendar is the policy push_detail.")
@click.option("--contact-name", help="For whom it is.")
@click.option("--contact-email", help="Where they can be reached; nothing is sent there.")
@click.option("--no-check", is_flag=True, help="Book whatever stands against it; recorded as forced.")
@_PUSH
def book(sub_account: str, user_id: str, start: str, end: str, title: str, no_check: bool, push: bool, **contact: str | None) -> None:
    """Book a user's time, after asking their calendars what is new."""
    app = opened()
    row = app.book(sub_account, user_id, start, end, title=title, check=not no_check, push=push, **contact)
    _show(app, row, "Booked", asked_to_push=push)


@click.command(cls=Command)
@click.argument("appointment_id", metavar="ID")
@_START
@_END
@click.option("--no-check", is_flag=True, help="Move it whatever stands against it; recorded as forced.")
@_PUSH
def reschedule(appointment_id: str, start: str, end: str, no_check: bool, push: bool) -> None:
    """Move an appointment to another time."""
    app = opened()
    row = app.reschedule(appointment_id, start, end, check=not no_check, push=push)
    _show(app, row, "Moved", asked_to_push=push)


@click.command(cls=Command)
@click.argument("appointment_id", metavar="ID")
@_PUSH
def cancel(appointment_id: str, push: bool) -> None:
    """Cancel an appointment; its event is taken out of the calendar."""
    app = opened()
    row = app.cancel(appointment_id, push=push)
    _show(app, row, "Cancelled", asked_to_push=push)


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
@_START
@_END
@click.option("--note", help="Why; it stays in the system.")
def block(sub_account: str, user_id: str, start: str, end: str, note: str | None) -> None:
    """Block a user's time in the system; it is never written to a calendar."""
    app = opened()
    row = app.block(sub_account, user_id, start, end, note=note)
    zone = zone_of(app, row["sub_account"], row["user_id"])
    show_row(row, f"Blocked {_span(row, zone)}: {row['blocked_slot_id']}", zone=zone)


@click.command(cls=Command)
@click.argument("blocked_slot_id", metavar="ID")
def unblock(blocked_slot_id: str) -> None:
    """End a blocked slot."""
    app = opened()
    row = app.unblock(blocked_slot_id)
    zone = zone_of(app, row["sub_account"], row["user_id"])
    show_row(row, f"No longer blocked: {_span(row, zone)}", zone=zone)


def _show(app: App, row: dict[str, Any], done: str, *, asked_to_push: bool) -> None:
    zone = zone_of(app, row["sub_account"], row["user_id"])
    show_row(row, f"{done} {cell(row['title'], zone)}, {_span(row, zone)}: {row['appointment_id']}", zone=zone)
    state = row["push_state"]
    if state is None:
        remark(say("push.unlinked"))
    elif state != "pushed" and (asked_to_push or state != "waiting") and state != "removed":
        remark(say(f"push.{state}"))


def _span(row: dict[str, Any], zone: str) -> str:
    """From when to when, as people write it."""
    return f"{cell(row['starts_at'], zone)} – {cell(row['ends_at'], zone)} ({zone})"


COMMANDS = (book, reschedule, cancel, block, unblock)
