"""``what-if``."""

from __future__ import annotations

import click

from icalsync.cli.answers import calendar_names
from icalsync.cli.base import Command, opened, options, split_pairs
from icalsync.cli.connect import zone_of
from icalsync.cli.render import incomplete, print_json, table
from icalsync.messages import say

USERS = ("user_id", "hours_now", "hours_then", "gained", "lost", "slots_now", "slots_then", "collisions")


@click.command(cls=Command, name="what-if")
@click.argument("sub_account", metavar="ACME")
@click.argument("user_ids", metavar="[anna…]", nargs=-1)
@click.option("--from", "start", required=True, help="First moment; a bare date is midnight in the user's zone.")
@click.option("--to", "end", required=True, help="The moment it ends before.")
@click.option("--length", default="30m", show_default=True, help="Of the slots that are counted.")
@click.option("--policy", "policies", multiple=True, metavar="NAME=VALUE", help="A policy to suppose, as 'icalsync policy' takes it.")
@click.option("--hours", multiple=True, metavar="FIELD=VALUE", help="A field of the opening hours to suppose, such as buffer_before=30m.")
def what_if(
    sub_account: str, user_ids: tuple[str, ...], start: str, end: str, length: str, policies: tuple[str, ...], hours: tuple[str, ...]
) -> int:
    """What another policy or other opening hours would change: hours, slots, and bookings they would have refused. Nothing is stored.

    \b
    icalsync what-if ACME anna --from 2026-11-01 --to 2026-12-01 --policy unanswered=free --hours buffer_before=30m
    """
    from icalsync.app.exporting import records  # noqa: PLC0415  # pandas

    supposed = _pairs(policies), _pairs(hours)
    app = opened()
    done = app.what_if(sub_account, list(user_ids) or None, start, end, policy=supposed[0], hours=supposed[1], length=length)
    zone = zone_of(app, sub_account, user_ids[0] if len(set(user_ids)) == 1 else None)
    users, slots, collisions = (records(frame) for frame in (done.frame, done.slots, done.collisions))
    if options().json:
        print_json({"users": users, "slots": slots, "collisions": collisions, "coverage": done.coverage}, zone)
        return incomplete(done.coverage, zone, {})
    rows = [row | {"hours_now": f"{row['hours_now']:.1f}", "hours_then": f"{row['hours_then']:.1f}"} for row in users]
    rows = [row | {"gained": f"{row['hours_gained']:.1f} h", "lost": f"{row['hours_lost']:.1f} h"} for row in rows]
    table(rows, USERS, zone)
    if collisions:
        click.echo(say("whatif.collisions"))
        table(collisions, ("appointment_id", "user_id", "starts_at", "ends_at", "because"), zone)
    return incomplete(done.coverage, zone, calendar_names(app, sub_account, user_ids))


def _pairs(words: tuple[str, ...]) -> dict[str, str]:
    plain, pairs = split_pairs(words)
    if plain:
        raise click.UsageError(f"NAME=VALUE is needed, not {plain[0]!r}", click.get_current_context())
    return pairs


COMMANDS = (what_if,)
