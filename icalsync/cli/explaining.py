"""``explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import click

from icalsync.cli.answers import calendar_names
from icalsync.cli.base import Command, opened, options
from icalsync.cli.connect import zone_of
from icalsync.cli.render import cell, incomplete, print_json, show_rows

if TYPE_CHECKING:
    from icalsync.app import App
    from icalsync.core.explanation import Explanation

UNSAID: Final = "asked for on the command line, without a reason"
"""What the log says where a person gave none: who asked is known all the same (R18)."""
WINDOW_COLUMNS = ("starts_at", "ends_at", "busyness", "reason", "source", "offered")


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME", required=False)
@click.argument("user_id", metavar="anna", required=False)
@click.argument("at", metavar="AT", required=False)
@click.option("--length", help="How long the slot is: 30m (unless given), 1h, 1h30m.")
@click.option("--known-at", help="As it was known at this moment; and what became known since.")
@click.option("--from", "start", help="Instead of AT: one row per stretch of equal reason, from here …")
@click.option("--to", "end", help="… to here.")
@click.option("--appointment", metavar="ID", help="Instead of AT: this booking's slot, asked and known when it was booked.")
@click.option("--reveal", is_flag=True, help="Show titles and people; this is logged.")
@click.option("--reason", help="Why they have to be seen, for the log (with --reveal).")
@click.option("--for", "reader", type=click.Choice(["customer", "staff"]), help="Plain sentences to paste into a reply.")
def explain(
    sub_account: str | None,
    user_id: str | None,
    at: str | None,
    length: str | None,
    known_at: str | None,
    start: str | None,
    end: str | None,
    appointment: str | None,
    reveal: bool,
    reason: str | None,
    reader: Literal["customer", "staff"] | None,
) -> int:
    """Why a user is busy, or why free: the slot that starts AT, its evidence, and what would change it.

    AT is a moment (a time without a zone is the user's), or the id of a double booking.

    \b
    icalsync explain ACME anna "2026-11-24 14:00" --for customer
    icalsync explain ACME anna --from 2026-11-24 --to 2026-11-25
    icalsync explain --appointment ID
    """
    reason = UNSAID if reveal and reason is None else reason
    _check([name for name, given in (("AT", at), ("--from", start), ("--appointment", appointment)) if given], user_id, start, end)
    if appointment is not None:
        _refuse(length=length, known_at=known_at)
        app = opened()
        _show(app.explain_appointment(appointment, sub_account=sub_account, user=user_id, reveal=reveal, reason=reason), reader)
        return 0
    if sub_account is None or user_id is None:
        raise click.UsageError("say whose time: icalsync explain ACME anna AT", click.get_current_context())
    if start is not None and end is not None:
        _refuse(length=length, reveal=reveal, reason=reason, reader=reader)
        return _window(opened(), sub_account, user_id, start, end, known_at)
    _show(opened().explain(sub_account, user_id, at or "", length or "30m", known_at, reveal=reveal, reason=reason), reader)
    return 0


def _check(given: list[str], user_id: str | None, start: str | None, end: str | None) -> None:
    context = click.get_current_context()
    if len(given) != 1:
        raise click.UsageError("give one of AT, --from with --to, or --appointment", context)
    if (start is None) is not (end is None):
        raise click.UsageError("--from and --to belong together", context)
    if user_id is None and given != ["--appointment"]:
        raise click.UsageError("say whose time: icalsync explain ACME anna AT", context)


def _refuse(**unfit: object) -> None:
    named = [f"--{'for' if name == 'reader' else name.replace('_', '-')}" for name, value in unfit.items() if value]
    if named:
        raise click.UsageError(f"{named[0]} does not go with this question", click.get_current_context())


def _show(explanation: Explanation, reader: str | None) -> None:
    """The whole of it as one object, or the sentences."""
    if options().json and reader is None:
        print_json(explanation.as_dict())
        return
    text = explanation.for_customer() if reader == "customer" else explanation.for_staff()
    if options().json:
        print_json({"for": reader, "says": text})
        return
    for line in text.split("\n"):
        click.echo(cell(line, explanation.zone))


def _window(app: App, sub_account: str, user_id: str, start: str, end: str, known_at: str | None) -> int:
    from icalsync.app.exporting import records  # noqa: PLC0415  # pandas

    zone = zone_of(app, sub_account, user_id)
    rows = records(app.explain_window(sub_account, user_id, start, end, known_at=known_at).drop(columns=["complete", "as_of"]))
    show_rows(rows, WINDOW_COLUMNS, zone=zone)
    names = calendar_names(app, sub_account, [user_id])
    return incomplete(app.coverage(sub_account, user_id, start, end, known_at=known_at), zone, names)


COMMANDS = (explain,)
