"""The entry point: errors are sentences or one JSON object, never tracebacks."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from icalsync.cli import main
from icalsync.cli.render import cell, in_zone
from icalsync.errors import IcalsyncError, SchemaTooNew, UnknownUser

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def raising() -> Iterator[list[BaseException]]:
    """A command ``boom`` that raises what the test puts into the list."""
    errors: list[BaseException] = []

    @main.cli.command("boom")
    def boom() -> None:
        """Raise."""
        raise errors[0]

    yield errors
    del main.cli.commands["boom"]


def test_an_error_of_the_tree_ends_with_its_exit_code_and_next_step(
    raising: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """For people: what happened, and what to do."""
    raising.append(SchemaTooNew(path="x.duckdb", found=9, known=1))
    assert main.run(["boom"]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "newer icalsync" in shown.err
    assert "Next step: Upgrade icalsync" in shown.err


def test_with_json_an_error_is_one_object_on_standard_error(raising: list[BaseException], capsys: pytest.CaptureFixture[str]) -> None:
    """For programs: code, message, next step (design.md §5)."""
    raising.append(UnknownUser(sub_account="ACME", name="zoe"))
    assert main.run(["boom", "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert set(json.loads(shown.err)) == {"error", "message", "next_step"}


def test_an_unexpected_error_shows_no_traceback_unless_asked(raising: list[BaseException], capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback ever reaches a user; ``--debug`` shows it; the message of a foreign exception is not repeated (S1)."""
    raising.append(RuntimeError("Authorization: Basic canary"))
    assert main.run(["boom"]) == 1
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    assert "canary" not in shown
    assert "RuntimeError" in shown
    assert main.run(["boom", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_ordinary_trouble_with_a_file_is_named(raising: list[BaseException], capsys: pytest.CaptureFixture[str]) -> None:
    """What the system says, about which file, and no word of ours going wrong."""
    raising.append(PermissionError(13, "Permission denied", "private/config.toml"))
    assert main.run(["boom", "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["message"] == "private/config.toml cannot be used: Permission denied."


def test_ctrl_c_is_a_plain_line(raising: list[BaseException], capsys: pytest.CaptureFixture[str]) -> None:
    """An interrupt is no error of the program."""
    raising.append(KeyboardInterrupt())
    assert main.run(["boom"]) == 1
    assert "Stopped on request" in capsys.readouterr().err


def test_an_error_that_ctrl_c_caused_is_ctrl_c(raising: list[BaseException], capsys: pytest.CaptureFixture[str]) -> None:
    """It may come at any line, and what is then cleaned up may fail in turn."""
    error = RuntimeError("generator didn't stop")
    error.__context__ = KeyboardInterrupt()
    for each in (error, RuntimeError("Query interrupted")):
        raising[:] = [each]
        assert main.run(["boom"]) == 1
        assert "Stopped on request" in capsys.readouterr().err


def test_wrong_usage_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Usage errors too are one JSON object where JSON was asked for."""
    assert main.run(["busy", "ACME", "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["error"] == "USAGE"


def test_help_is_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command explains itself."""
    for name, command in main.cli.commands.items():
        assert main.run([name, "--help"]) == 0
        assert command.help or command.callback is None
    assert "Exit codes" not in capsys.readouterr().err


def test_every_leaf_of_the_error_tree_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    """Message, next step and a documented exit code for each class, also with its facts missing."""

    def leaves(cls: type[IcalsyncError]) -> Iterator[type[IcalsyncError]]:
        yield cls
        for child in cls.__subclasses__():
            yield from leaves(child)

    for leaf in leaves(IcalsyncError):
        error = leaf()
        assert error.message, leaf
        assert error.next_step, leaf
        assert error.exit_code in {1, 2, 3}, leaf


def test_control_characters_never_reach_the_terminal_d35() -> None:
    """D35: a display name cannot paint the screen."""
    assert "\x1b" not in cell("\x1b[2Jowned\u202e", "UTC")


def test_instants_are_shown_in_the_zone_asked_for() -> None:
    """ISO 8601 with the zone's offset, at each moment's own offset."""
    summer, winter = datetime(2027, 7, 1, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)
    assert in_zone([summer, winter, date(2027, 1, 1)], "Europe/Berlin") == [
        "2027-07-01T14:00:00+02:00",
        "2027-01-01T13:00:00+01:00",
        "2027-01-01",
    ]
