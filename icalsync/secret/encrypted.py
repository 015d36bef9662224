"""Passwords in a file beside the database, each locked with AES-256-GCM and bound to its integration (S16-S18).

The file is JSON: ``{"version": 1, "records": {integration_id: {"key", "nonce", "data"}}}``. Every record has a nonce of 96 random
bits (NIST SP 800-38D §8.2.2) and the id of its key; version, key id, integration and field are authenticated data, so that a record
copied to another integration, or relabelled, does not open.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Final, TypedDict, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from icalsync.errors import SecretDamaged, SecretKeyWrong, SecretNotFound, SecretStoreUnavailable
from icalsync.ports import Secret
from icalsync.secret.files import locked, read_private, replace_private
from icalsync.secret.keys import Key, KeyChain, distinct
from icalsync.settings import Settings

VERSION: Final = 1
NONCE_BYTES: Final = 12
FIELD: Final = "password"


class Record(TypedDict):
    """One locked password: the id of its key, its nonce and its ciphertext (both base64)."""

    key: str
    nonce: str
    data: str


class EncryptedSecrets:
    """The encrypted store (``ports.SecretStore``)."""

    def __init__(self, settings: Settings) -> None:
        self._path: Final = settings.secrets_file
        self._keys: Final = KeyChain(settings)
        self._lock_wait: Final = settings.lock_wait

    def holds(self, integration_id: str) -> bool:
        """Whether there is a record for it; needs no key."""
        return integration_id in self._read()

    def get(self, integration_id: str) -> Secret:
        """The password; ``SecretNotFound``, ``SecretKeyMissing``, ``SecretKeyWrong``, ``SecretDamaged``."""
        record = self._read().get(integration_id)
        if record is None:
            raise SecretNotFound(integration_id=integration_id)
        return self._open(integration_id, record, distinct(self._keys.opening()))

    def put(self, integration_id: str, secret: Secret) -> None:
        """Store or replace it; refused while the file holds a record that no present key opens (``SecretKeyWrong``)."""
        with self._changing():
            records = self._read()
            keys = self._keys.locking(secrets_exist=bool(records))
            self._refuse_unknown_keys(records, distinct(keys))
            records[integration_id] = _lock(integration_id, secret, keys[0])
            self._write(records)

    def delete(self, integration_id: str) -> None:
        """Forget it; needs no key, and nothing happens where there is none."""
        if not self.holds(integration_id):
            return
        with self._changing():
            records = self._read()
            if records.pop(integration_id, None) is not None:
                self._write(records)

    def rotate(self) -> int:
        """Lock every password anew under the first key, all or none; how many there are."""
        with self._changing():
            records = self._read()
            if records:
                keys = self._keys.locking(secrets_exist=True)
                by_id = distinct(keys)
                self._write({name: _lock(name, self._open(name, record, by_id), keys[0]) for name, record in records.items()})
            return len(records)

    def _changing(self) -> AbstractContextManager[None]:
        return locked(self._path.with_name(self._path.name + ".lock"), self._lock_wait)

    def _read(self) -> dict[str, Record]:
        content = read_private(self._path)
        if content is None:
            return {}
        records = _records_in(content)
        del content
        if records is None:
            raise SecretDamaged(path=str(self._path), why="it cannot be read")
        return records

    def _write(self, records: dict[str, Record]) -> None:
        try:
            replace_private(self._path, json.dumps({"version": VERSION, "records": records}, indent=1).encode())
        except OSError as error:
            why = str(error.strerror)
        else:
            return
        raise SecretStoreUnavailable(why=f"{self._path} cannot be written: {why}")

    def _open(self, integration_id: str, record: Record, keys: Mapping[str, Key]) -> Secret:
        key = keys.get(record["key"])
        if key is None:
            raise SecretKeyWrong(path=self._keys.place, store=str(self._path))
        secret = _unlock(integration_id, record, key)
        if secret is None:
            why = f"the password of integration {integration_id} was changed, or copied from another one (S17)"
            raise SecretDamaged(path=str(self._path), why=why)
        return secret

    def _refuse_unknown_keys(self, records: Mapping[str, Record], keys: Mapping[str, Key]) -> None:
        if any(record["key"] not in keys for record in records.values()):
            raise SecretKeyWrong(path=self._keys.place, store=str(self._path))


def _bound_to(integration_id: str, key_id: str) -> bytes:
    return f"{VERSION}|{key_id}|{integration_id}|{FIELD}".encode("utf-8", "surrogatepass")


def _lock(integration_id: str, secret: Secret, key: Key) -> Record:
    nonce = os.urandom(NONCE_BYTES)
    data = AESGCM(key.reveal()).encrypt(nonce, secret.reveal().encode("utf-8", "surrogatepass"), _bound_to(integration_id, key.key_id))
    return {"key": key.key_id, "nonce": base64.b64encode(nonce).decode(), "data": base64.b64encode(data).decode()}


def _unlock(integration_id: str, record: Record, key: Key) -> Secret | None:
    try:
        nonce, data = base64.b64decode(record["nonce"], validate=True), base64.b64decode(record["data"], validate=True)
        # The plain text has no name here: it goes straight into the Secret.
        return Secret(AESGCM(key.reveal()).decrypt(nonce, data, _bound_to(integration_id, key.key_id)).decode("utf-8", "surrogatepass"))
    except (InvalidTag, ValueError):
        return None


def _records_in(content: bytes) -> dict[str, Record] | None:
    try:
        document = json.loads(content)
    except ValueError:
        return None
    if not isinstance(document, dict) or document.get("version") != VERSION or not isinstance(document.get("records"), dict):
        return None
    return cast("dict[str, Record]", document["records"]) if all(map(_is_record, document["records"].values())) else None


def _is_record(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in Record.__annotations__)
