"""``drift list``, ``drift resolve``: what people changed about our events in their own calendars (R11)."""

from __future__ import annotations

import click

from icalsync.cli.base import Group, opened
from icalsync.cli.connect import zone_of
from icalsync.cli.render import remark, show_row, show_rows
from icalsync.messages import say

COLUMNS = ("drift_id", "appointment_id", "kind", "ours_starts_at", "ours_ends_at", "theirs_starts_at", "theirs_ends_at", "first_seen_at")
SETTLED_COLUMNS = (*COLUMNS, "settled_at", "settlement")


@click.group("drift", cls=Group)
def drift() -> None:
    """Appointments whose event somebody edited, moved or deleted in the calendar: nothing is overwritten before it is settled."""


@drift.command("list")
@click.argument("sub_account", metavar="[ACME", required=False)
@click.argument("user_id", metavar="[anna]]", required=False)
@click.option("--all", "everything", is_flag=True, help="Also what is settled.")
def list_drift(sub_account: str | None, user_id: str | None, everything: bool) -> int:
    """What is not settled yet; exit code 1 where there is something."""
    app = opened()
    rows = app.drift(sub_account, user_id, settled=everything)
    zone = zone_of(app, sub_account, user_id)
    show_rows(rows, SETTLED_COLUMNS if everything else COLUMNS, zone=zone, empty="Every event is as it was written.")
    return 1 if any(row["settled_at"] is None for row in rows) else 0


@drift.command("resolve")
@click.argument("drift_id", metavar="ID")
@click.argument("settlement", type=click.Choice(["accept", "restore", "keep"]))
def resolve(drift_id: str, settlement: str) -> None:
    """Settle one.

    \b
    accept   the appointment becomes what the event says (deleted: it is cancelled; moved: that is its place)
    restore  the event is written again as the appointment says, with the next sync
    keep     both stay as they are, and both block
    """
    app = opened()
    row = app.resolve_drift(drift_id, settlement)
    show_row(row, f"Settled {row['drift_id']}: {settlement}.", zone=zone_of(app, row["sub_account"], row["user_id"]))
    remark(say(f"drift.{settlement}"))


COMMANDS = (drift,)
