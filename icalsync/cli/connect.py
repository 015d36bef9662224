"""``connect``, ``integrations``, ``reconnect``, ``disconnect``, ``connection``, ``addresses``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from icalsync.cli.base import Command, opened, options
from icalsync.cli.passwords import read_password
from icalsync.cli.render import print_json, show_row, show_rows, table
from icalsync.core.providers import PROVIDERS
from icalsync.errors import InvalidInput, UnknownIntegration

CALENDAR_COLUMNS = ("display_name", "calendar_id", "access", "selectable", "says", "objects", "last_synced_at")


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
@click.option("--provider", type=click.Choice(list(PROVIDERS)), required=True, help="icloud, or any other CalDAV server.")
@click.option("--account", required=True, help="The account's name; for iCloud the Apple Account's primary e-mail address.")
@click.option("--url", help="The server's address (provider caldav).")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def connect(sub_account: str, user_id: str, provider: str, account: str, url: str | None, password_stdin: bool) -> None:
    """Connect a calendar account for a user.

    The password is asked for, or comes from --password-stdin or the variable ICALSYNC_PASSWORD. iCloud needs an app-specific one.
    """
    app = opened()
    password = read_password(from_stdin=password_stdin, app_specific=PROVIDERS[provider].app_specific_password)
    done = app.connect(sub_account, user_id, provider=provider, account=account, password=password, url=url)
    if options().json:
        print_json({"integration_id": done["integration_id"], "calendars": done["calendars"]}, zone_of(app, sub_account, user_id))
        return
    click.echo(f"Connected {account} as {done['integration_id']}{'' if done['new'] else ' (already known; the password was replaced)'}.")
    table(done["calendars"], CALENDAR_COLUMNS[:5], "UTC")
    click.echo(
        f"Next: icalsync link {sub_account} {user_id} CALENDAR, icalsync conflicts add {sub_account} {user_id} CALENDAR, icalsync sync"
    )


def zone_of(app: Any, sub_account: str | None, user_id: str | None) -> str:
    """The user's zone, the sub-account's, or UTC: in which a listing shows its instants."""
    if sub_account is None:
        return "UTC"
    if user_id is None:
        rows = [row for row in app.sub_accounts() if row["sub_account"].lower() == sub_account.lower()]
    else:
        rows = [row for row in app.users(sub_account) if row["user_id"].lower() == user_id.lower()]
    return str(rows[0]["time_zone"]) if rows else "UTC"


def _zone_of_all(app: Any, users: list[Mapping[str, Any]]) -> str:
    """The zone of the one user that a row is about; of several in one sub-account that sub-account's, else UTC."""
    if len(users) == 1:
        return zone_of(app, users[0]["sub_account"], users[0]["user_id"])
    accounts = {user["sub_account"] for user in users}
    return zone_of(app, accounts.pop(), None) if len(accounts) == 1 else "UTC"


@click.command(cls=Command)
@click.argument("sub_account", metavar="[ACME", required=False)
@click.argument("user_id", metavar="[anna]]", required=False)
def integrations(sub_account: str | None, user_id: str | None) -> None:
    """List the connected accounts with their health, and whom each serves."""
    app = opened()
    columns = ("integration_id", "provider", "account_name", "status", "status_reason", "last_success_at", "serves")
    rows = app.integrations(sub_account, user_id)
    if not options().json:
        rows = [row | {"serves": serves(row)} for row in rows]
    show_rows(rows, columns, zone=zone_of(app, sub_account, user_id), empty="Nothing is connected yet: icalsync connect --help")


def serves(row: Mapping[str, Any]) -> list[str]:
    """Whom an integration serves, as people write it: ``ACME/anna``."""
    return [f"{user['sub_account']}/{user['user_id']}" for user in row["users"]]


@click.command(cls=Command)
@click.argument("integration_id", metavar="INTEGRATION")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def reconnect(integration_id: str, password_stdin: bool) -> int:
    """Replace an account's password, once for everybody it serves, and sync it."""
    app = opened()
    known = [row for row in app.integrations() if row["integration_id"] == integration_id]
    if not known:
        raise UnknownIntegration(name=integration_id)
    app_specific = PROVIDERS[known[0]["provider"]].app_specific_password
    row = app.reconnect(integration_id, read_password(from_stdin=password_stdin, app_specific=app_specific))
    show_row(row, f"Reconnected {integration_id}: {row['status']}.", zone=_zone_of_all(app, row["users"]))
    return 0 if row["status"] == "ok" else 1


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
@click.argument("integration_id", metavar="INTEGRATION")
@click.option("--purge", is_flag=True, help="Also forget what was pulled for this connection.")
def disconnect(sub_account: str, user_id: str, integration_id: str, purge: bool) -> None:
    """End a user's connection; the account's password goes with its last connection."""
    row = opened().disconnect(sub_account, user_id, integration_id, purge=purge)
    kept = "Its history was forgotten." if purge else "What was pulled stays as history."
    last = " It was the last one: the account's password was deleted." if row["last"] else ""
    show_row(row, f"Disconnected {user_id} from {integration_id}. {kept}{last}")


@click.command(cls=Command)
@click.argument("integration_id", metavar="INTEGRATION")
@click.argument("action", type=click.Choice(["add", "remove", "list"]))
@click.argument("addresses", metavar="[ADDRESS…]", nargs=-1)
def addresses(integration_id: str, action: str, addresses: tuple[str, ...]) -> None:
    """The account's own addresses: whose answer to an invitation counts."""
    app = opened()
    if action != "list" and not addresses:
        raise InvalidInput(what="ADDRESS", value="", why="at least one is needed")
    if action == "add":
        rows = app.add_addresses(integration_id, addresses)
    elif action == "remove":
        rows = app.remove_addresses(integration_id, addresses)
    else:
        rows = app.addresses(integration_id)
    show_rows(rows, ("address", "origin"), empty="No address is known for this account.")


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
@click.argument("integration_id", metavar="INTEGRATION")
@click.option(
    "--remote-changes",
    type=click.Choice(["flag", "accept", "restore"]),
    required=True,
    help="Where somebody edits or deletes our event there: a person settles it, theirs holds, or ours is written again.",
)
def connection(sub_account: str, user_id: str, integration_id: str, remote_changes: str) -> None:
    """Say what becomes of changes that are made to our events in this account."""
    app = opened()
    row = app.set_remote_changes(sub_account, user_id, integration_id, remote_changes)
    says = f"Changes made to {row['user_id']}'s events in {integration_id}: {row['remote_change_policy']}."
    show_row(row, says, zone=zone_of(app, row["sub_account"], row["user_id"]))


COMMANDS = (connect, integrations, reconnect, disconnect, connection, addresses)
