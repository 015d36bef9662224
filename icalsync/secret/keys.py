"""The keys of the encrypted secrets: 32 random bytes each, as text, in a variable or in a file of mode 0600.

The first one locks; every one opens. So a key is rotated by putting a new line above the old one (S18).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from icalsync.errors import SecretKeyMissing, SecretKeyWrong, SecretStoreUnavailable, SettingsInvalid
from icalsync.ports import Secret
from icalsync.secret.files import create_private, read_private
from icalsync.settings import PREFIX, Settings

KEY_BYTES: Final = 32
_FORM: Final = "a key is 32 random bytes, written as base64 or hex, one key to a line"


class Key:
    """One key and its id. It does not print, pickle or compare leakily."""

    __slots__ = ("__value", "key_id")

    def __init__(self, value: bytes) -> None:
        self.__value = value
        self.key_id: Final = hashlib.sha256(b"icalsync key id\0" + value).hexdigest()[:16]

    def reveal(self) -> bytes:
        """The key itself, for the cipher alone."""
        return self.__value

    def __repr__(self) -> str:
        return f"Key({self.key_id})"

    def __reduce__(self) -> Any:
        raise TypeError("a Key cannot be pickled or copied")


def read_keys(text: Secret) -> list[Key] | None:
    """The keys in ``text``, in order, blank lines and ``#`` comments left out; None where a line is no key, or there is none."""
    keys = [_key_of(word) for line in text.reveal().splitlines() if not line.lstrip().startswith("#") for word in line.split()]
    return [key for key in keys if key] if keys and all(keys) else None


def _key_of(word: str) -> Key | None:
    try:
        if len(word) == 2 * KEY_BYTES:
            return Key(bytes.fromhex(word))
        value = base64.b64decode(word.translate(str.maketrans("-_", "+/")) + "=" * (-len(word) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None
    return Key(value) if len(value) == KEY_BYTES else None


class KeyChain:
    """Where this process's keys come from: the variable, the key file, and a former key file."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def place(self) -> str:
        """What a person calls the key in force: the variable, or the path of the file."""
        return f"{PREFIX}SECRET_KEY" if self._settings.secret_key is not None else str(self._settings.secret_key_file)

    def opening(self) -> list[Key]:
        """Every key there is, for secrets that exist; ``SecretKeyMissing`` where there is none, ``SecretKeyWrong`` for no real key."""
        keys = self._current(secrets_exist=True) + self._former(secrets_exist=True)
        if not keys:
            raise SecretKeyMissing(path=self.place, store=str(self._settings.secrets_file))
        return keys

    def locking(self, *, secrets_exist: bool) -> list[Key]:
        """The same, with the one that locks first. It is made where it is missing, but only while no encrypted secret exists."""
        keys = self._current(secrets_exist=secrets_exist)
        if not keys and secrets_exist:
            raise SecretKeyMissing(path=self.place, store=str(self._settings.secrets_file))
        return (keys or self._create()) + self._former(secrets_exist=secrets_exist)

    def _current(self, *, secrets_exist: bool) -> list[Key]:
        if self._settings.secret_key is not None:
            return self._parsed(self._settings.secret_key, self.place, secrets_exist=secrets_exist)
        return self._in_file(self._settings.secret_key_file, secrets_exist=secrets_exist)

    def _former(self, *, secrets_exist: bool) -> list[Key]:
        # the usual key file is no second key beside a variable: a wrong variable must be refused, not passed over
        both_given = self._settings.secret_key is not None and "secret_key_file" in self._settings.model_fields_set
        beside_variable = self._settings.secret_key_file if both_given else None
        paths = [path for path in (beside_variable, self._settings.secret_key_file_old) if path is not None]
        return [key for path in paths for key in self._in_file(path, secrets_exist=secrets_exist)]

    def _in_file(self, path: Path, *, secrets_exist: bool) -> list[Key]:
        content = read_private(path)
        if content is None:
            return []
        text = Secret(content.decode("ascii", "replace"))
        del content  # a traceback must not show it (S1)
        return self._parsed(text, str(path), secrets_exist=secrets_exist)

    def _parsed(self, text: Secret, place: str, *, secrets_exist: bool) -> list[Key]:
        keys = read_keys(text)
        if keys is not None:
            return keys
        if secrets_exist:
            raise SecretKeyWrong(path=place, store=str(self._settings.secrets_file))
        raise SettingsInvalid(name=place, why=_FORM)

    def _create(self) -> list[Key]:
        path = self._settings.secret_key_file
        if not self._settings.key_is_explicit and path.parent.resolve() == self._settings.database.parent.resolve():
            raise SecretStoreUnavailable(why=f"the key {path} would lie beside the database, and in its backups (S19)")
        key = Key(os.urandom(KEY_BYTES))
        try:
            create_private(path, base64.urlsafe_b64encode(key.reveal()) + b"\n")
        except FileExistsError:  # made a moment ago, for another database
            return self._in_file(path, secrets_exist=False)
        except OSError as error:
            why = str(error.strerror)
        else:
            return [key]
        raise SecretStoreUnavailable(why=f"the key file {path} cannot be made: {why}")


def distinct(keys: Iterable[Key]) -> dict[str, Key]:
    """Keys by id; of equal ones the first stays."""
    by_id: dict[str, Key] = {}
    for key in keys:
        by_id.setdefault(key.key_id, key)
    return by_id
