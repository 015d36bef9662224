"""``dashboard``."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from icalsync.cli.base import Command
from icalsync.errors import DependencyMissing

FLAGS: Final = (
    "--server.headless=true",
    "--server.address=127.0.0.1",  # S13: others reach it through a proxy that a person sets up, or not at all
    "--server.enableCORS=true",  # S12: with the next one, what keeps a foreign page from driving this one
    "--server.enableXsrfProtection=true",
    "--server.maxUploadSize=1",
    "--browser.gatherUsageStats=false",
    "--client.showErrorDetails=none",  # S22: no traceback reaches a user
    "--client.toolbarMode=minimal",
    "--server.fileWatcherType=none",
)


@click.command(cls=Command)
@click.option("--port", default=8501, show_default=True, help="The port on 127.0.0.1.")
def dashboard(port: int) -> int:
    """Open the dashboard for this database on this machine; Ctrl-C ends it."""
    entry = entry_point()
    if find_spec("streamlit") is None or entry is None:
        raise DependencyMissing(package="streamlit", extra="dashboard")
    click.echo(f"The dashboard: http://127.0.0.1:{port} (Ctrl-C ends it)", err=True)
    command = [sys.executable, "-m", "streamlit", "run", str(entry), f"--server.port={port}", *FLAGS]
    with subprocess.Popen(command) as process:  # noqa: S603  # our own interpreter
        try:
            return 1 if process.wait() else 0
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            return 0


def entry_point() -> Path | None:
    """``app.py``: in an installed wheel it is ``icalsync_dashboard``, in a checkout it stands beside the library."""
    found = find_spec("icalsync_dashboard")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "app.py"
    beside = Path(__file__).parents[2] / "dashboard" / "app.py"
    return beside if beside.is_file() else None


COMMANDS = (dashboard,)
