"""``demo``."""

from __future__ import annotations

from pathlib import Path

import click

from icalsync.cli.base import Command


@click.command(cls=Command)
@click.option("--no-dashboard", is_flag=True, help="End after printing.")
@click.option("--directory", type=click.Path(path_type=Path), help="Where the demo keeps its server's calendars and its database.")
def demo(no_dashboard: bool, directory: Path | None) -> int:
    """A real CalDAV server on this machine, two sample sub-accounts, one sync, and who is free tomorrow."""
    from icalsync.demo.run import run  # noqa: PLC0415  # loads the whole library

    return run(directory=directory, dashboard=not no_dashboard, say=click.echo)


COMMANDS = (demo,)
