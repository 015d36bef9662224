"""The operating system's keyring: used where it is real, beaten by a given key, and never a place of plain text."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringLocked, PasswordSetError

from icalsync.errors import SecretKeyMissing, SecretNotFound, SecretStoreUnavailable
from icalsync.ports import Secret
from icalsync.secret import open_secret_store
from icalsync.secret.encrypted import EncryptedSecrets
from tests.secret.conftest import CANARY, MemoryKeyring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from icalsync.settings import Settings

    Make = Callable[..., Settings]


class PlainText(MemoryKeyring):
    """Stands for the back end of ``keyrings.alt`` that writes plain text."""


PlainText.__module__ = "keyrings.alt.file"


class PlainTextInDisguise(PlainText):
    """A back end of somebody's own, built on that one."""


class Chain(ChainerBackend):
    """A chain of given members, as keyring makes one of all it finds."""

    backends: list[MemoryKeyring] = []  # noqa: RUF012  # keyring's own interface: a class property

    def __init__(self, *members: MemoryKeyring) -> None:
        super().__init__()
        self.backends = list(members)


class Broken(MemoryKeyring):
    """A keyring that fails with the password in its hands."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def get_password(self, service: str, username: str) -> str | None:
        """Fail."""
        raise self._error

    def set_password(self, service: str, username: str, password: str) -> None:
        """Fail, as some do, with the password in a local variable."""
        raise self._error


def test_a_real_keyring_keeps_the_password_and_no_file_is_made(
    memory_keyring: MemoryKeyring, default_settings: Settings, tmp_path: Path
) -> None:
    """Where nobody gave a key, the desktop's keyring it is."""
    store = open_secret_store(default_settings, {})
    store.put("i1", Secret(CANARY))
    assert store.get("i1").reveal() == CANARY
    assert list(memory_keyring.entries.values()) == [CANARY]
    store.delete("i1")
    store.delete("i1")
    assert memory_keyring.entries == {}
    with pytest.raises(SecretNotFound):
        store.get("i1")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_given_key_beats_the_keyring(memory_keyring: MemoryKeyring, settings_for: Make) -> None:
    """design.md §5: by file or by variable."""
    open_secret_store(settings_for(), {}).put("i1", Secret(CANARY))
    open_secret_store(settings_for(secret_key="ab" * 32, secret_key_file=None), {})
    assert memory_keyring.entries == {}
    assert settings_for().secrets_file.exists()


def test_two_databases_never_share_an_entry(memory_keyring: MemoryKeyring, default_settings: Settings, tmp_path: Path) -> None:
    """Their integrations may bear the same id."""
    first, second = (open_secret_store(default_settings.with_database(tmp_path / name), {}) for name in ("a.duckdb", "b.duckdb"))
    first.put("i1", Secret("one"))
    second.put("i1", Secret("two"))
    second.delete("i1")
    assert first.get("i1").reveal() == "one"


@pytest.mark.parametrize(
    "backend",
    [fail.Keyring, null.Keyring, PlainText, PlainTextInDisguise, Chain, lambda: Chain(PlainText(), PlainTextInDisguise())],
    ids=["fail", "null", "plain text", "built on plain text", "empty chain", "chain of plain text"],
)
def test_a_keyring_that_keeps_no_secret_is_never_used(backend: Callable[[], MemoryKeyring], default_settings: Settings) -> None:
    """S16: the encrypted store with the default key takes its place."""
    instance = backend()
    keyring.set_keyring(instance)
    store = open_secret_store(default_settings, {})
    store.put("i1", Secret(CANARY))
    assert store.get("i1").reveal() == CANARY
    assert default_settings.secrets_file.exists()
    assert default_settings.secret_key_file.stat().st_mode & 0o777 == 0o600
    assert not getattr(instance, "entries", {})


def test_of_a_chain_the_first_real_member_is_used(default_settings: Settings) -> None:
    """And the plain-text one before it never sees the password."""
    plain, real = PlainText(), MemoryKeyring()
    keyring.set_keyring(Chain(plain, real))
    open_secret_store(default_settings, {}).put("i1", Secret(CANARY))
    assert plain.entries == {}
    assert list(real.entries.values()) == [CANARY]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (KeyringLocked("locked"), "the keyring is locked"),
        (PasswordSetError(CANARY), r"failed \(PasswordSetError\)"),
        (OSError(CANARY), r"failed \(OSError\)"),
        (LookupError(CANARY), r"failed \(LookupError\)"),
    ],
)
def test_a_failing_keyring_is_a_plain_error_and_nothing_goes_to_a_file_instead(
    default_settings: Settings, error: Exception, says: str
) -> None:
    """S1, S16: exit 3, without the keyring's own words or frames, which may hold the password."""
    keyring.set_keyring(Broken(error))
    store = open_secret_store(default_settings, {})
    for action in (lambda: store.put("i1", Secret(CANARY)), lambda: store.get("i1")):
        with pytest.raises(SecretStoreUnavailable, match=says) as raised:
            action()
        assert raised.value.exit_code == 3
        assert raised.value.__context__ is None
        assert CANARY not in str(raised.value)
    assert not default_settings.secrets_file.exists()


def test_a_keyring_that_is_set_up_wrongly_is_said_and_not_passed_over(default_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name in PYTHON_KEYRING_BACKEND that cannot be loaded."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no.such.Backend")
    with pytest.raises(SecretStoreUnavailable, match="PYTHON_KEYRING_BACKEND"):
        open_secret_store(default_settings, {}).get("i1")


def test_what_was_encrypted_while_there_was_no_keyring_is_still_found_and_moves_with_the_next_change(
    default_settings: Settings, memory_keyring: MemoryKeyring
) -> None:
    """Connected over a remote shell, used later from the desktop."""
    EncryptedSecrets(default_settings).put("i1", Secret("from the shell"))
    store = open_secret_store(default_settings, {})
    assert store.get("i1").reveal() == "from the shell"
    store.put("i1", Secret("from the desktop"))
    assert store.get("i1").reveal() == "from the desktop"
    assert json.loads(default_settings.secrets_file.read_text())["records"] == {}
    EncryptedSecrets(default_settings).put("i1", Secret("from the shell again"))
    assert store.get("i1").reveal() == "from the shell again"
    store.delete("i1")
    with pytest.raises(SecretNotFound):
        store.get("i1")


def test_an_encrypted_password_whose_key_is_lost_is_not_passed_over_for_an_older_one(
    default_settings: Settings, memory_keyring: MemoryKeyring
) -> None:
    """S18: said, with exit 3."""
    store = open_secret_store(default_settings, {})
    store.put("i1", Secret("old"))
    EncryptedSecrets(default_settings).put("i1", Secret("newer"))
    default_settings.secret_key_file.unlink()
    with pytest.raises(SecretKeyMissing):
        store.get("i1")


def test_opening_the_store_asks_no_keyring(default_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that needs no password never wakes the keyring, nor what it prompts with."""

    def asked() -> None:
        raise AssertionError("the keyring was asked")

    monkeypatch.setattr(keyring, "get_keyring", asked)
    store = open_secret_store(default_settings, {"ICALSYNC_PASSWORD_I1": CANARY})
    assert store.get("i1").reveal() == CANARY


def test_nothing_is_logged(memory_keyring: MemoryKeyring, settings_for: Make, caplog: pytest.LogCaptureFixture) -> None:
    """S1: not even at DEBUG."""
    caplog.set_level(logging.DEBUG)
    for settings in (settings_for(), settings_for(secret_key="ab" * 32)):
        store = open_secret_store(settings, {})
        store.put("i1", Secret(CANARY))
        store.get("i1")
        store.delete("i1")
    assert CANARY not in caplog.text
