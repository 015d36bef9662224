"""The entry point: every error ends as a plain sentence or one JSON object, with its exit code; never as a traceback."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Sequence

import click

from icalsync import __version__
from icalsync.cli import (
    alerts,
    answers,
    auditing,
    booking,
    calendars,
    choices,
    connect,
    dashboard,
    demonstration,
    drift,
    explaining,
    exporting,
    heating,
    inviting,
    people,
    quarantine,
    supposing,
    syncing,
)
from icalsync.cli.base import Group
from icalsync.errors import IcalsyncError, was_interrupted
from icalsync.messages import next_step_of, say


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="icalsync")
def cli() -> None:
    """Link people's iCloud and other CalDAV calendars to a booking system, and say at any time why somebody is busy or free.

    \b
    Exit codes: 0 all done · 1 ran, with findings or a refusal · 2 wrong input, nothing tried
                3 nothing can proceed until a person does what the next step says
    """


for module in (
    demonstration,
    people,
    connect,
    calendars,
    choices,
    syncing,
    booking,
    answers,
    explaining,
    auditing,
    heating,
    supposing,
    exporting,
    quarantine,
    drift,
    alerts,
    dashboard,
    inviting,
):
    for command in module.COMMANDS:
        cli.add_command(command)


def main() -> None:
    """The command ``icalsync``."""
    _usable_streams()
    sys.exit(run(sys.argv[1:]))


def _usable_streams() -> None:
    """Streams that were closed, or cannot hold every character, must not end a command with an error of their own."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  # open as long as the process
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def run(arguments: Sequence[str]) -> int:  # noqa: C901, PLR0911  # one return per kind of ending
    """Run one command and return its exit code (design.md §5)."""
    as_json, debug = "--json" in arguments, "--debug" in arguments
    try:
        result = cli.main(args=list(arguments), prog_name="icalsync", standalone_mode=False)
    except IcalsyncError as error:
        if debug:
            traceback.print_exc()
        return _fail(error.as_dict(), error.exit_code, as_json=as_json)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        where = f"{error.ctx.command_path}: " if isinstance(error, click.UsageError) and error.ctx else ""
        facts = {"why": where + error.format_message()}
        return _fail({"error": "USAGE", "message": say("USAGE", **facts), "next_step": next_step_of("USAGE")}, 2, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        return _fail(_plain("INTERRUPTED"), 1, as_json=as_json)
    except BrokenPipeError:
        # whoever read our output has gone; writing the rest would only raise again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if debug:
            traceback.print_exc()
        path = str(error.filename) if error.filename else "A file or a stream"
        return _fail(_plain("FILE_PROBLEM", path=path, why=error.strerror or type(error).__name__), 2, as_json=as_json)
    except Exception as error:  # noqa: BLE001  # the last door: whatever it is, the user gets a sentence
        if debug:
            traceback.print_exc()
        if was_interrupted(error):
            return _fail(_plain("INTERRUPTED"), 1, as_json=as_json)
        return _fail(_plain("UNEXPECTED", what=type(error).__name__), 1, as_json=as_json)
    return result if isinstance(result, int) else 0


def _plain(code: str, **facts: str) -> dict[str, str]:
    return {"error": code, "message": say(code, **facts), "next_step": next_step_of(code, **facts)}


def _fail(error: dict[str, str], exit_code: int, *, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps(error, ensure_ascii=False), err=True)
    else:
        click.echo(f"{click.style('Error:', fg='red')} {error['message']}\nNext step: {error['next_step']}", err=True)
    return exit_code
