"""``export``."""

from __future__ import annotations

from pathlib import Path

import click

from icalsync.cli.answers import calendar_names
from icalsync.cli.base import Command, opened
from icalsync.cli.connect import zone_of
from icalsync.cli.render import incomplete, show_row

_OF_A_USER = ("sub_account", "user_id", "start", "end")


@click.command(cls=Command)
@click.argument("view", metavar="VIEW")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="A .csv, .parquet, .json or .ics file, or a directory."
)
@click.option("--where", help="An SQL condition over the view's columns, such as \"user_id = 'anna'\".")
@click.option("--format", "form", type=click.Choice(["csv", "parquet", "json", "ics"]), help="The format, where the name does not say it.")
@click.option("--dialect", type=click.Choice(["plain", "excel-de"]), default="plain", help="excel-de: CSV that a German Excel opens.")
@click.option("--sub-account", help="For 'export busy' as .ics: whose …")
@click.option("--user", "user_id", help="… busy time.")
@click.option("--from", "start", help="From here …")
@click.option("--to", "end", help="… to here.")
def export(view: str, output: Path, where: str | None, form: str | None, dialect: str, **one_user: str | None) -> int:
    """Write a public view to a file; instants are in UTC. Or a user's busy time as iCalendar, without titles.

    Busy time that is not known for sure ends with exit code 1.

    \b
    icalsync export busy -o busy.csv --where "user_id = 'anna'" --dialect excel-de
    icalsync export busy -o anna.ics --sub-account ACME --user anna --from 2026-11-01 --to 2026-12-01
    """
    context = click.get_current_context()
    if form == "ics" or (form is None and output.suffix.lower() == ".ics"):
        if view != "busy" or where is not None or dialect != "plain" or None in one_user.values():
            raise click.UsageError("iCalendar is for 'export busy' with --sub-account, --user, --from and --to", context)
        sub_account, user_id, start, end = (one_user[name] or "" for name in _OF_A_USER)
        app = opened()
        done = app.export_free_busy(sub_account, user_id, start, end, output)
        show_row(done, f"Wrote the busy time of {done['user_id']} to {done['output']}.")
        names = calendar_names(app, sub_account, [user_id])
        return incomplete(app.coverage(sub_account, user_id, start, end), zone_of(app, sub_account, user_id), names)
    given = next((name for name in _OF_A_USER if one_user[name] is not None), None)
    if given is not None:
        raise click.UsageError("--sub-account, --user, --from and --to are for .ics; use --where", context)
    done = opened().export(view, output, where=where, form=form, dialect=dialect)
    show_row(done, f"Wrote {done['rows']} rows of {view} to {done['output']}.")
    return 0


COMMANDS = (export,)
