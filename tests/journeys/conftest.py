"""The command line as a process, each test with its own database, key and settings."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from icalsync.cli import main
from tests import databases
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.journeys.booked import Clinic
    from tests.servers import DavServer


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document; anything else there fails the test."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, str]:
        """The error object on standard error."""
        return json.loads(self.err.strip().splitlines()[-1])


@dataclass(frozen=True)
class Cli:
    """``icalsync`` run as its users run it."""

    directory: Path
    environment: dict[str, str]
    as_process: bool = True

    def __call__(self, *arguments: str, code: int | None = 0, stdin: str | None = None, **variables: str) -> Answer:
        """Run one command; its exit code must be ``code`` (None: any)."""
        run = self._process if self.as_process else self._in_process
        answer = run(arguments, stdin, self.environment | variables)
        assert "Traceback" not in answer.err, answer.err
        assert PASSWORD not in answer.out + answer.err
        if code is not None:
            assert answer.code == code, f"{arguments}: {answer}"
        return answer

    def _process(self, arguments: tuple[str, ...], stdin: str | None, environment: dict[str, str]) -> Answer:
        databases.let_go()
        done = subprocess.run(
            [sys.executable, "-m", "icalsync", *arguments],
            env=environment,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def _in_process(self, arguments: tuple[str, ...], stdin: str | None, environment: dict[str, str]) -> Answer:
        """The same entry point without the second that loading takes: for the many small cases."""
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            for name in [name for name in os.environ if name.startswith("ICALSYNC_")]:
                patch.delenv(name)
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr("sys.stdin", io.StringIO(stdin or ""))
            code = main.run(arguments)
        return Answer(code, out.getvalue(), err.getvalue())

    def json(self, *arguments: str, code: int | None = 0, **options: Any) -> Any:
        """The JSON a command prints."""
        return self(*arguments, "--json", code=code, **options).json

    def moved(self, directory: Path) -> Cli:
        """The same with another directory for itself."""
        return replace(self, directory=directory, environment=self.environment | settings_in(directory))

    @property
    def database(self) -> Path:
        """Where the database lies."""
        return self.directory / "data" / "clinic.duckdb"


def settings_in(directory: Path) -> dict[str, str]:
    """Where everything lies of a command line that has this directory for itself."""
    return {
        "HOME": str(directory / "home"),
        "XDG_CONFIG_HOME": str(directory / "home" / "config"),
        "XDG_DATA_HOME": str(directory / "home" / "data"),
        "ICALSYNC_DATABASE": str(directory / "data" / "clinic.duckdb"),
        "ICALSYNC_SECRET_KEY_FILE": str(directory / "keys" / "secret.key"),
        "ICALSYNC_ALLOW_PRIVATE_HOSTS": "true",
    }


@pytest.fixture
def cli(tmp_path: Path, request: pytest.FixtureRequest) -> Cli:
    """The command line, with nothing set up yet; in this process where the module says ``IN_PROCESS``."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ICALSYNC_")}
    return Cli(tmp_path, inherited | settings_in(tmp_path), as_process=not getattr(request.module, "IN_PROCESS", False))


@pytest.fixture
def clinic(cli: Cli) -> Cli:
    """A sub-account with one user."""
    return with_anna(cli)


def with_anna(cli: Cli) -> Cli:
    """Add a sub-account with one user."""
    cli("sub-account", "add", "ACME", "--name", "Acme Clinic", "--time-zone", "Europe/Berlin")
    cli("user", "add", "ACME", "anna", "--name", "Anna Adler", "--email", "anna@example.org")
    return cli


def connect(cli: Cli, server: DavServer, sub_account: str = "ACME", user: str = "anna", *, account: str | None = None) -> dict[str, Any]:
    """Connect a server's account for a user."""
    name = account or server.account.name
    arguments = ("connect", sub_account, user, "--provider", "caldav", "--url", server.url, "--account", name, "--password-stdin")
    return cli.json(*arguments, stdin=PASSWORD + "\n")


@contextmanager
def booked_on(kind: str, cli: Cli, request: pytest.FixtureRequest) -> Iterator[Clinic]:
    """The clinic with a linked calendar on one kind of server."""
    from tests.journeys.booked import clinic_on  # noqa: PLC0415  # it takes its words from here

    with clinic_on(kind, cli, request) as booked:
        yield booked


@pytest.fixture(params=["radicale", *(pytest.param(name, marks=pytest.mark.long) for name in ("xandikos", "icloud"))])
def everywhere(request: pytest.FixtureRequest, cli: Cli) -> Iterator[Clinic]:
    """The clinic on each server in turn."""
    with booked_on(request.param, cli, request) as booked:
        yield booked


@pytest.fixture(params=["radicale", pytest.param("icloud", marks=pytest.mark.long)])
def booked(request: pytest.FixtureRequest, cli: Cli) -> Iterator[Clinic]:
    """The clinic on Radicale and on the look-alike."""
    with booked_on(request.param, cli, request) as booked:
        yield booked


@pytest.fixture
def on_radicale(request: pytest.FixtureRequest, cli: Cli) -> Iterator[Clinic]:
    """The clinic on Radicale."""
    with booked_on("radicale", cli, request) as booked:
        yield booked


@pytest.fixture
def on_icloud(request: pytest.FixtureRequest, cli: Cli) -> Iterator[Clinic]:
    """The clinic on the look-alike."""
    with booked_on("icloud", cli, request) as booked:
        yield booked
