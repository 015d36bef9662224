"""``demo``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from icalsync.cli.base import Command, options
from icalsync.cli.render import print_json


@click.command(cls=Command)
@click.option("--no-dashboard", is_flag=True, help="End after printing.")
@click.option("--directory", type=click.Path(path_type=Path), help="Where the demo keeps its server's calendars and its database.")
def demo(no_dashboard: bool, directory: Path | None) -> int:
    """A real CalDAV server on this machine, two sample sub-accounts, one sync, and who is free tomorrow."""
    from icalsync.demo.place import default_directory  # noqa: PLC0415  # as below
    from icalsync.demo.run import run  # noqa: PLC0415  # loads the whole library

    if not options().json:
        return run(directory=directory, dashboard=not no_dashboard, say=click.echo)
    place = directory or default_directory()
    code = run(directory=place, dashboard=not no_dashboard, say=partial(click.echo, err=True))
    print_json({"directory": str(place), "exit_code": code})
    return code


COMMANDS = (demo,)
