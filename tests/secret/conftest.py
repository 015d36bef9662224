"""What the secret store's tests share: settings of their own, and a keyring that lives in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import PasswordDeleteError

from icalsync.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CANARY = "canary-4f1c-no-output-may-show-this"


class MemoryKeyring(KeyringBackend):
    """A keyring as keyring's own interface defines it."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """The entry, or None."""
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it in memory."""
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget it, or say that there is none."""
        if (service, username) not in self.entries:
            raise PasswordDeleteError("no such entry")
        del self.entries[service, username]


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    """As on a server: no keyring, unless a test sets one."""
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def memory_keyring(no_keyring: None) -> MemoryKeyring:
    """As on a desktop: a real keyring."""
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    return backend


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with the database in ``data`` and the key in ``keys``, given explicitly; more by name."""

    def make(**more: Any) -> Settings:
        return load_settings({}, **{"database": tmp_path / "data" / "x.duckdb", "secret_key_file": tmp_path / "keys" / "key", **more})

    return make


@pytest.fixture
def default_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings nobody set: the key file is the default one, under a home of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return load_settings({})
