"""``invite``."""

from __future__ import annotations

import click

from icalsync.cli.base import Command, opened
from icalsync.cli.connect import zone_of
from icalsync.cli.dashboard import USUAL_PORTS
from icalsync.cli.render import cell, remark, show_row
from icalsync.messages import say


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
@click.option("--reconnect", is_flag=True, help="To give an account that is connected its new password.")
@click.option("--integration", metavar="INTEGRATION", help="With --reconnect: which account; without it any of the user's.")
def invite(sub_account: str, user_id: str, reconnect: bool, integration: str | None) -> None:
    """Make a link under which the person alone enters account and password, and picks calendars.

    It works once, for 72 h (ICALSYNC_INVITATION_LASTS), and is shown only now. An older link for the same user and purpose ends.
    """
    if integration is not None and not reconnect:
        raise click.UsageError("--integration goes with --reconnect")
    app = opened()
    row = app.invite(sub_account, user_id, purpose="reconnect" if reconnect else "connect", integration_id=integration)
    zone = zone_of(app, row["sub_account"], row["user_id"])
    show_row(row, row["link"] or f"http://127.0.0.1:{USUAL_PORTS[0]}/{row['path']}", zone=zone)
    remark(say("cli.invited", moment=cell(row["expires_at"], zone), zone=zone))
    if row["link"] is None:
        remark(say("cli.no_dashboard_url"))


COMMANDS = (invite,)
