"""Where a password comes from: standard input, ``ICALSYNC_PASSWORD`` or a prompt; never an argument (others could read it)."""

from __future__ import annotations

import os
import sys

import click

from icalsync.errors import InvalidInput, PasswordMissing
from icalsync.messages import guide
from icalsync.ports import Secret

VARIABLE = "ICALSYNC_PASSWORD"


def read_password(*, from_stdin: bool, app_specific: bool) -> Secret:
    """The password; ``PasswordMissing`` where nobody can be asked. For iCloud the prompt comes with the guide (R2)."""
    if from_stdin:
        return _from_stdin()
    if VARIABLE in os.environ:
        return Secret(os.environ[VARIABLE])
    if not sys.stdin.isatty():
        raise PasswordMissing
    if app_specific:
        click.echo("iCloud needs an app-specific password:", err=True)
        for number, step in enumerate(guide(), 1):
            click.echo(f"  {number}. {step}", err=True)
    return Secret(click.prompt("Password", hide_input=True, err=True))


def read_new_password(*, from_stdin: bool) -> Secret:
    """A password that somebody chooses, typed twice at a terminal; never from the environment. ``PasswordMissing``."""
    if from_stdin:
        return _from_stdin()
    if not sys.stdin.isatty():
        raise PasswordMissing
    return Secret(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _from_stdin() -> Secret:
    try:
        line = sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        line = ""
        readable = False
    else:
        # bytes that are no text arrive as lone surrogates
        readable = not any("\ud800" <= letter <= "\udfff" for letter in line)
    if not readable:
        raise InvalidInput(what="the password", value="•••", why="it is not UTF-8 text")
    return Secret(line)
