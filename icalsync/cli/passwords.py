"""Where a password comes from: standard input, ``ICALSYNC_PASSWORD`` or a prompt; never an argument (others could read it)."""

from __future__ import annotations

import os
import sys

import click

from icalsync.errors import PasswordMissing
from icalsync.messages import guide
from icalsync.ports import Secret

VARIABLE = "ICALSYNC_PASSWORD"


def read_password(*, from_stdin: bool, app_specific: bool) -> Secret:
    """The password; ``PasswordMissing`` where nobody can be asked. For iCloud the prompt comes with the guide (R2)."""
    if from_stdin:
        return Secret(sys.stdin.readline().rstrip("\r\n"))
    if VARIABLE in os.environ:
        return Secret(os.environ[VARIABLE])
    if not sys.stdin.isatty():
        raise PasswordMissing
    if app_specific:
        click.echo("iCloud needs an app-specific password:", err=True)
        for number, step in enumerate(guide(), 1):
            click.echo(f"  {number}. {step}", err=True)
    return Secret(click.prompt("Password", hide_input=True, err=True))
