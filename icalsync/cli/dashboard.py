"""``dashboard``."""

from __future__ import annotations

import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NoReturn

import click

from icalsync.cli.base import Command
from icalsync.errors import DependencyMissing, InvalidInput

ADDRESS: Final = "127.0.0.1"  # S13: others reach it through a proxy that a person sets up, or not at all
FLAGS: Final = (
    "--server.headless=true",
    f"--server.address={ADDRESS}",
    "--server.enableCORS=true",  # S12: with the next one, what keeps a foreign page from driving this one
    "--server.enableXsrfProtection=true",
    "--server.maxUploadSize=1",
    "--browser.gatherUsageStats=false",
    "--client.showErrorDetails=none",  # S22: no traceback reaches a user
    "--client.toolbarMode=minimal",
    "--server.fileWatcherType=none",
    "--runner.magicEnabled=false",  # only what a page draws is shown
)
USUAL_PORTS: Final = range(8501, 8521)


@click.command(cls=Command)
@click.option("--port", type=click.IntRange(1, 65535), help="The port on 127.0.0.1; without it 8501, or the next that is free.")
def dashboard(port: int | None) -> NoReturn:
    """Open the dashboard for this database on this machine; Ctrl-C ends it."""
    entry = entry_point()
    if find_spec("streamlit") is None or entry is None:
        raise DependencyMissing(package="streamlit", extra="dashboard")
    chosen = free_port(port)
    click.echo("Starting the dashboard; Ctrl-C ends it.", err=True)
    command = [sys.executable, "-m", "streamlit", "run", str(entry), f"--server.port={chosen}", *FLAGS]
    sys.stdout.flush()
    os.dup2(2, 1)  # what Streamlit tells people is no answer to a program
    os.execv(sys.executable, command)  # noqa: S606  # our own interpreter; as one process, so that whatever ends it leaves nothing behind


def entry_point() -> Path | None:
    """``app.py``: in an installed wheel it is ``icalsync_dashboard``, in a checkout it stands beside the library."""
    found = find_spec("icalsync_dashboard")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "app.py"
    beside = Path(__file__).parents[2] / "dashboard" / "app.py"
    return beside if beside.is_file() else None


def free_port(wanted: int | None) -> int:
    """The port that was asked for, or the first free one of the usual; ``InvalidInput`` where another program holds it."""
    for port in USUAL_PORTS if wanted is None else (wanted,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError as error:
                why = (error.strerror or "it cannot be used").lower()
            else:
                return port
    raise InvalidInput(what="--port", value=port, why=why)


COMMANDS = (dashboard,)
