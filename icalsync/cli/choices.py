"""``policy`` and ``hours``: what a sub-account or a user decided."""

from __future__ import annotations

from typing import Any

import click

from icalsync.cli.base import Command, opened, options, split_pairs
from icalsync.cli.render import print_json, table
from icalsync.errors import InvalidInput

UNSET = "inherit"
"""The word that goes back to what is inherited."""


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("words", metavar="[anna] [NAME=VALUE…]", nargs=-1)
@click.option("--calendar", help="For all_day alone: this calendar of the user's.")
def policy(sub_account: str, words: tuple[str, ...], calendar: str | None) -> None:
    """Show or set the busy policies of a user, or a sub-account's defaults.

    \b
    unanswered, tentative, travel = busy | free      all_day = as_marked | always | never
    unknown = refuse | warn                          push_detail = title | reference | full (sub-account)
    """
    plain, changes = split_pairs(words)
    app, user_id = opened(), _one_user(plain)
    if calendar is not None and (user_id is None or not changes):
        raise InvalidInput(what="--calendar", value=calendar, why="it needs a user and all_day=VALUE")
    row = app.set_policy(sub_account, user_id, changes, calendar=calendar) if changes else app.policies(sub_account, user_id)
    _show(row)
    if not options().json:
        for name, value in row["all_day_by_calendar"].items():
            click.echo(f"all_day of calendar {name}: {value}")


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("words", metavar='[anna] show | set ["Mon-Fri 09:00-17:00"]', nargs=-1)
@click.option("--buffer-before", help="Time kept free before a booking, such as 10m.")
@click.option("--buffer-after", help="Time kept free after a booking.")
@click.option("--length", "slot_length", help="The usual length of a slot.")
@click.option("--step", "slot_step", help="How far slot starts lie apart; without it the slot's length.")
@click.option("--notice", help="The shortest time between asking and a slot, such as 2h.")
@click.option("--horizon", help="How far ahead can be booked, such as 60d.")
@click.option("--daily-limit", help="Bookings a day at most.")
@click.option("--exceptions", help='Other hours on some days: "2026-12-24 closed; 2026-12-31 09:00-12:00".')
def hours(sub_account: str, words: tuple[str, ...], **fields: str | None) -> None:
    """Show or set opening hours and booking limits of a user, or a sub-account's defaults.

    \b
    icalsync hours ACME set "Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00" --buffer-before 10m
    icalsync hours ACME anna set --step 15m        ("inherit" as a value goes back to the sub-account's)
    """
    verb = next((word for word in words if word in {"set", "show"}), None)
    if verb is None:
        raise click.UsageError("say 'show' or 'set'", click.get_current_context())
    at = words.index(verb)
    app, user_id, rest = opened(), _one_user(list(words[:at])), words[at + 1 :]
    if verb == "show":
        if rest or any(fields.values()):
            raise click.UsageError("'show' takes nothing more", click.get_current_context())
        _show(app.hours(sub_account, user_id))
        return
    changes: dict[str, str | None] = {name: None if value == UNSET else value for name, value in fields.items() if value is not None}
    if rest:
        weekly = " ".join(rest)
        changes["weekly"] = None if weekly == UNSET else weekly
    if not changes:
        raise click.UsageError("'set' needs hours or an option", click.get_current_context())
    _show(app.set_hours(sub_account, user_id, changes))


def _one_user(words: list[str]) -> str | None:
    if len(words) > 1:
        raise click.UsageError(f"too many words: {' '.join(words[1:])}", click.get_current_context())
    return words[0] if words else None


def _show(row: dict[str, Any]) -> None:
    """The effective values, and where each comes from."""
    if options().json:
        print_json(row)
        return
    names = [name for name in row if f"{name}_from" in row]
    table([{"name": name, "value": row[name], "from": row[f"{name}_from"]} for name in names], ("name", "value", "from"), "UTC")


COMMANDS = (policy, hours)
