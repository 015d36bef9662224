"""``sub-account`` and ``user``."""

from __future__ import annotations

import click

from icalsync.cli.base import Group, opened
from icalsync.cli.render import show_row, show_rows

INHERIT = "inherit"
"""The word that goes back to what the sub-account says."""


@click.group("sub-account", cls=Group)
def sub_account() -> None:
    """Sub-accounts: the tenants of the booking system."""


@sub_account.command("add")
@click.argument("name", metavar="ACME")
@click.option("--name", "display_name", help="What people call it.")
@click.option("--time-zone", default="UTC", show_default=True, help="Its zone, such as Europe/Berlin; its users inherit it.")
def add_sub_account(name: str, display_name: str | None, time_zone: str) -> None:
    """Add a sub-account."""
    row = opened().add_sub_account(name, display_name=display_name, time_zone=time_zone)
    show_row(row, f"Added sub-account {row['sub_account']} ({row['time_zone']}).")


@sub_account.command("list")
def list_sub_accounts() -> None:
    """List the sub-accounts."""
    show_rows(
        opened().sub_accounts(), ("sub_account", "name", "time_zone"), empty="There is no sub-account yet: icalsync sub-account add NAME"
    )


@click.group("user", cls=Group)
def user() -> None:
    """Users: whom can be booked."""


@user.command("add")
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
@click.option("--name", help="The person's name.")
@click.option("--email", help="The person's e-mail address; own addresses of a calendar account are set with 'icalsync addresses'.")
@click.option("--time-zone", help="The user's zone; without it the sub-account's.")
@click.option("--person", help="The same text for users who are one human.")
def add_user(sub_account: str, user_id: str, name: str | None, email: str | None, time_zone: str | None, person: str | None) -> None:
    """Add a user to a sub-account."""
    row = opened().add_user(sub_account, user_id, name=name, email=email, time_zone=time_zone, person=person)
    show_row(row, f"Added user {row['user_id']} to {row['sub_account']} ({row['time_zone']}).")


@user.command("set")
@click.argument("sub_account", metavar="ACME")
@click.argument("user_id", metavar="anna")
@click.option(
    "--time-zone", required=True, help="The user's zone from now on, such as Europe/Berlin; 'inherit' goes back to the sub-account's."
)
def set_user(sub_account: str, user_id: str, time_zone: str) -> None:
    """Change a user's time zone: all-day and floating events, opening hours and bookings without a zone are read in it from now on.

    What was answered before can still be asked for as it was known then (busy --known-at).
    """
    row = opened().set_time_zone(sub_account, user_id, None if time_zone == INHERIT else time_zone)
    show_row(row, f"{row['sub_account']}/{row['user_id']} is in {row['time_zone']}.")


@user.command("list")
@click.argument("sub_account", metavar="ACME", required=False)
def list_users(sub_account: str | None) -> None:
    """List the users of a sub-account, or all."""
    show_rows(
        opened().users(sub_account), ("sub_account", "user_id", "name", "email", "time_zone", "person"), empty="There is no user yet."
    )


COMMANDS = (sub_account, user)
