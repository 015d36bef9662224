"""What every command shares: ``--json`` and ``--debug``, the opened library, and the exit code as return value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from icalsync.app import App


@dataclass(slots=True)
class Options:
    """How to answer."""

    json: bool = False
    debug: bool = False


def options() -> Options:
    """The options of the command that is running."""
    return click.get_current_context().ensure_object(Options)


def opened() -> App:
    """The library on the database the settings name."""
    import icalsync  # noqa: PLC0415  # a command that only prints its help must not load duckdb

    return icalsync.open()


def _set(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and parameter.name is not None:
        setattr(context.ensure_object(Options), parameter.name, value)


def _shared() -> list[click.Parameter]:
    return [
        click.Option(
            ["--json"], is_flag=True, expose_value=False, callback=_set, help="Print JSON on standard output, and nothing else there."
        ),
        click.Option(["--debug"], is_flag=True, expose_value=False, callback=_set, help="Show the traceback of an unexpected error."),
    ]


class Command(click.Command):
    """A command with the shared options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _shared()


class Group(click.Group):
    """A group whose commands come in the order they were written, with the shared options before or after the command's name."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _shared()

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """In the order of design.md §5, not of the alphabet."""
        return list(self.commands)


Group.group_class = Group


def split_pairs(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Plain words, and ``NAME=VALUE`` words as a mapping."""
    plain = [word for word in words if "=" not in word]
    pairs = dict(word.split("=", 1) for word in words if "=" in word)
    return plain, {name.strip(): value.strip() for name, value in pairs.items()}
