"""``alerts``: what needs somebody's attention."""

from __future__ import annotations

import click

from icalsync.cli.base import Command, opened
from icalsync.cli.connect import zone_of
from icalsync.cli.render import show_row, show_rows

COLUMNS = ("alert_id", "kind", "sub_account", "user_id", "integration_id", "calendar_id", "raised_at", "says")


@click.command(cls=Command)
@click.argument("sub_account", metavar="[ACME", required=False)
@click.argument("user_id", metavar="[anna]]", required=False)
@click.option("--all", "everything", is_flag=True, help="Also what has cleared.")
@click.option("--clear", "alert_id", metavar="ID", help="Say that this one has been dealt with; it is logged.")
def alerts(sub_account: str | None, user_id: str | None, everything: bool, alert_id: str | None) -> int:
    """What is wrong and what to do about it; exit code 1 where something is. Most alerts clear by themselves when it is mended."""
    app = opened()
    if alert_id is not None:
        row = app.clear_alert(alert_id)
        zone = zone_of(app, row["sub_account"], row["user_id"])
        show_row(row, f"Cleared {row['alert_id']} ({row['kind']}).", zone=zone)
        return 0
    rows = app.alerts(sub_account, user_id, cleared=everything)
    columns = (*COLUMNS, "cleared_at") if everything else COLUMNS
    show_rows(rows, columns, zone=zone_of(app, sub_account, user_id), empty="Nothing needs attention.")
    return 1 if any(row["cleared_at"] is None for row in rows) else 0


COMMANDS = (alerts,)
