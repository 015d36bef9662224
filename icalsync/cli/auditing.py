"""``double-bookings``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from icalsync.cli.base import Command, opened
from icalsync.cli.connect import zone_of
from icalsync.cli.render import incomplete, show_rows

if TYPE_CHECKING:
    from icalsync.app import App

COLUMNS = ("finding_id", "sub_account", "user_id", "starts_at", "ends_at", "first_source", "second_source", "cause", "says")


@click.command(cls=Command, name="double-bookings")
@click.argument("sub_account", metavar="[ACME", required=False)
@click.argument("user_id", metavar="[anna]]", required=False)
@click.option("--from", "start", help="Only what reaches beyond this moment; a bare date is midnight in the user's zone.")
@click.option("--to", "end", help="Only what begins before this moment.")
def double_bookings(sub_account: str | None, user_id: str | None, start: str | None, end: str | None) -> int:
    """Where somebody sits twice, each with its cause; 'icalsync explain' takes a finding's id for AT. Exit code 1 with findings."""
    from icalsync.app.exporting import records  # noqa: PLC0415  # pandas

    app = opened()
    zone = zone_of(app, sub_account, user_id)
    found = app.double_bookings(sub_account, user_id, start, end)
    rows = records(found.drop(columns=["complete", "as_of"]))
    show_rows(rows, COLUMNS, zone=zone, empty="Nobody sits twice in this time.")
    known = incomplete(_coverage(app, sub_account, user_id), zone, {})
    return 1 if rows else known


def _coverage(app: App, sub_account: str | None, user_id: str | None) -> dict[str, Any]:
    """How much of it all is known: of a user, a sub-account, or every sub-account."""
    if sub_account is not None:
        return app.coverage(sub_account, user_id)
    each = [app.coverage(row["sub_account"]) for row in app.sub_accounts()]
    moments = [one["as_of"] for one in each]
    return {
        "complete": all(one["complete"] for one in each),
        "as_of": None if None in moments else min(moments, default=None),
        "missing": [item for one in each for item in one["missing"]],
    }


COMMANDS = (double_bookings,)
