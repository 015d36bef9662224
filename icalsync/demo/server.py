"""A real CalDAV server (Radicale) on loopback, for the demo and for the tests; nothing of it stays behind."""

from __future__ import annotations

import configparser
import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Self

from icalsync.errors import DependencyMissing, ServerTimedOut, ServerUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

START_SECONDS: Final = 30.0
"""How long a server may take to answer; it needs about 0.4 s on an idle machine."""
STOP_SECONDS: Final = 5.0
ATTEMPTS: Final = 5
"""Ports tried: between choosing a free one and the server's bind, another process may take it."""

_LAUNCHER: Final = """\
import os, runpy, sys, threading
def end_with_parent():
    while os.read(0, 1):
        pass
    os._exit(0)
threading.Thread(target=end_with_parent, daemon=True).start()
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""``python -m MODULE``, which also ends when its standard input closes: then the parent is gone, however it died (SIGKILL included)."""


class Child:
    """A Python module run as a process of its own, which cannot outlive this one."""

    def __init__(self, module: str, arguments: Sequence[str], log: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RADICALE_")}
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter, with arguments made here
                [sys.executable, "-c", _LAUNCHER, module, *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the terminal is the parent's to handle
                env=environment,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has exited."""
        return self._process.poll() is not None

    def last_words(self) -> str:
        """The last line it wrote."""
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def stop(self) -> None:
        """End it and every process it started; returns when it is gone. May be called again."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it may be gone already
                self._process.stdin.close()
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: int) -> None:
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.killpg(self._process.pid, number)


def free_port() -> int:
    """A loopback port nobody listens on just now, chosen by the operating system."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_child(launch: Callable[[int], Child], answers: Callable[[int], bool]) -> tuple[Child, int]:
    """Start a server on a free port and wait until it, and no other one, answers; a port that was taken meanwhile is tried anew.

    ``ServerUnreachable`` with the last line of its log where it ends at once on every port, ``ServerTimedOut`` where it stays silent.
    """
    last_words = ""
    for _ in range(ATTEMPTS):
        port = free_port()
        child = launch(port)
        try:
            if _comes_up(child, lambda port=port: answers(port)):  # type: ignore[misc]
                return child, port
        except BaseException:
            child.stop()
            raise
        child.stop()
        last_words = child.last_words()
    raise ServerUnreachable(host="127.0.0.1", why=f"the server did not start ({last_words})")


def _comes_up(child: Child, answers: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.ended:
            return False
        if answers():
            return True
        time.sleep(0.03)
    raise ServerTimedOut(host="127.0.0.1", seconds=START_SECONDS)


def challenge_of(url: str) -> str | None:
    """The ``WWW-Authenticate`` header of a request without credentials; empty where none is asked for, None where nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, method="PROPFIND"), timeout=2):  # noqa: S310  # a loopback address made here
            return ""
    except urllib.error.HTTPError as error:
        with error:
            return str(error.headers.get("WWW-Authenticate", ""))
    except OSError:
        return None


class RadicaleServer:
    """Radicale with the given accounts, as a context manager: ``with RadicaleServer(path, {"anna": "…"}) as server: server.url``.

    Each account owns everything under ``/NAME/``. ``read_only`` names collections (``anna/holidays``) that their owner may only
    read. Config, log and storage stand in ``directory``; starting again there finds what was stored. ``DependencyMissing`` where
    Radicale is not installed.
    """

    def __init__(self, directory: Path, accounts: Mapping[str, str], *, read_only: Sequence[str] = ()) -> None:
        self.accounts = dict(accounts)
        self.directory = directory
        self.port = 0
        self._read_only = tuple(read_only)
        self._realm = f"icalsync-{secrets.token_hex(8)}"
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Where it answers: ``http://127.0.0.1:PORT/``."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int | None:
        """Its process id; None while it does not run."""
        return None if self._child is None else self._child.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        if find_spec("radicale") is None:
            raise DependencyMissing(package="radicale", extra="demo")
        self.directory.mkdir(parents=True, exist_ok=True)
        self._child, self.port = start_child(self._launch, self._answers)

    def stop(self) -> None:
        """End it; nothing happens where it does not run."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def _launch(self, port: int) -> Child:
        return Child("radicale", ["--config", str(self._write_config(port))], self.directory / "radicale.log")

    def _answers(self, port: int) -> bool:
        return self._realm in (challenge_of(f"http://127.0.0.1:{port}/") or "")  # the realm tells our server from any other

    def _write_config(self, port: int) -> Path:
        users = self.directory / "users"
        _write_private(users, "".join(f"{name}:{password}\n" for name, password in self.accounts.items()))
        rights = {"type": "owner_only"}
        if self._read_only:
            rules = self.directory / "rights"
            _write_private(rules, _rights(self._read_only))
            rights = {"type": "from_file", "file": str(rules)}
        config = configparser.RawConfigParser()
        config.read_dict(
            {
                "server": {"hosts": f"127.0.0.1:{port}"},
                "auth": {
                    "type": "htpasswd",
                    "htpasswd_filename": str(users),
                    "htpasswd_encryption": "plain",
                    "realm": self._realm,
                    "delay": "0",
                },
                "rights": rights,
                "storage": {"filesystem_folder": str(self.directory / "storage")},
                "web": {"type": "none"},
                "logging": {"level": "warning"},
            }
        )
        path = self.directory / "radicale.conf"
        with path.open("w", encoding="utf-8") as output:
            config.write(output)
        return path


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _rights(read_only: Sequence[str]) -> str:
    patterns = [re.escape(path.strip("/")).replace("{", "{{").replace("}", "}}") for path in read_only]
    rules = [f"[read-only {number}]\nuser: .+\ncollection: {pattern}(/.*)?\npermissions: rR\n" for number, pattern in enumerate(patterns)]
    owner = [
        "[root]\nuser: .+\ncollection:\npermissions: R\n",
        "[principal]\nuser: .+\ncollection: {user}\npermissions: RW\n",
        "[collections]\nuser: .+\ncollection: {user}/[^/]+\npermissions: rw\n",
    ]
    return "\n".join([*rules, *owner])
