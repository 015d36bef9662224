"""Which store is used: what is given first (environment, mounted file), then the one place where icalsync keeps secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from icalsync.errors import SecretGivenElsewhere
from icalsync.ports import Secret, SecretStore
from icalsync.secret.encrypted import EncryptedSecrets
from icalsync.secret.given import Environment, MountedFiles, Provider
from icalsync.settings import Settings


def open_secret_store(settings: Settings, environ: Mapping[str, str]) -> SecretStore:
    """The secret store for these settings. Nothing is asked, read or created before the first secret is."""
    given: list[Provider] = [Environment(environ)]
    if settings.secrets_dir is not None:
        given.append(MountedFiles(settings.secrets_dir))
    return LayeredSecrets(given, settings)


class LayeredSecrets:
    """What is given, before what is kept (``ports.SecretStore``)."""

    def __init__(self, given: Sequence[Provider], settings: Settings) -> None:
        self._given = given
        self._settings = settings

    @cached_property
    def _kept(self) -> SecretStore:
        """Encrypted where a person gave the key, else the keyring where there is a real one, else encrypted with the default key file."""
        encrypted = EncryptedSecrets(self._settings)
        if self._settings.key_is_explicit:
            return encrypted
        from icalsync.secret.system import KeyringSecrets, real_backend  # noqa: PLC0415  # looking for a keyring takes its time

        backend = real_backend()
        return encrypted if backend is None else KeyringFirst(KeyringSecrets(backend, self._settings.database), encrypted)

    def get(self, integration_id: str) -> Secret:
        """The password; ``SecretNotFound`` and the other ``SecretError`` of the place that holds it."""
        for provider in self._given:
            secret = provider.find(integration_id)
            if secret is not None:
                return secret
        return self._kept.get(integration_id)

    def put(self, integration_id: str, secret: Secret) -> None:
        """Keep it; ``SecretGivenElsewhere`` where another one is given, because that one would go on being used."""
        for provider in self._given:
            present = provider.find(integration_id)
            if present is not None and present == secret:
                return
            if present is not None:
                raise SecretGivenElsewhere(integration_id=integration_id, where=provider.place(integration_id))
        self._kept.put(integration_id, secret)

    def delete(self, integration_id: str) -> None:
        """Forget what is kept; what is given stays with those who give it."""
        self._kept.delete(integration_id)


class KeyringFirst:
    """The keyring, beside passwords that were encrypted while there was none (say, on a machine reached without a desktop session).

    A password that is put into the keyring leaves the encrypted file. So one that stands in the file is the newer one.
    """

    def __init__(self, keyring: SecretStore, encrypted: EncryptedSecrets) -> None:
        self._keyring = keyring
        self._encrypted = encrypted

    def get(self, integration_id: str) -> Secret:
        """The password; the errors of the place that holds it."""
        return (self._encrypted if self._encrypted.holds(integration_id) else self._keyring).get(integration_id)

    def put(self, integration_id: str, secret: Secret) -> None:
        """Into the keyring, and out of the encrypted file."""
        self._keyring.put(integration_id, secret)
        self._encrypted.delete(integration_id)

    def delete(self, integration_id: str) -> None:
        """Out of both."""
        self._keyring.delete(integration_id)
        self._encrypted.delete(integration_id)
