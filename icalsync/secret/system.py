"""The operating system's keyring, where there is a real one (library ``keyring``).

Never the plain-text or prompting back ends of ``keyrings.alt`` and ``keyrings.cryptfile`` (the latter asks on standard input, which
ends a service), never ``fail`` or ``null``, and of a chain only its first real member.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import keyring
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringError, KeyringLocked

from icalsync.errors import SecretNotFound, SecretStoreUnavailable
from icalsync.ports import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keyring.backend import KeyringBackend

REFUSED: Final = ("keyring.backends.fail", "keyring.backends.null", "keyring.backends.chainer", "keyrings.alt", "keyrings.cryptfile")


def real_backend() -> KeyringBackend | None:
    """The keyring to use, or None where there is none that keeps secrets; ``SecretStoreUnavailable`` where one is set up wrongly."""
    try:
        backend = keyring.get_keyring()
    except (ImportError, AttributeError, ValueError, RuntimeError, TypeError, KeyringError) as error:
        why = f"the keyring that is set up (PYTHON_KEYRING_BACKEND or keyringrc.cfg) cannot be used: {type(error).__name__}"
    else:
        members = list(backend.backends) if isinstance(backend, ChainerBackend) else [backend]
        return next((member for member in members if _is_real(member)), None)
    raise SecretStoreUnavailable(why=why)


def _is_real(backend: KeyringBackend) -> bool:
    modules = [kind.__module__ for kind in type(backend).__mro__]
    return not any(module == refused or module.startswith(refused + ".") for module in modules for refused in REFUSED)


class KeyringSecrets:
    """One keyring (``ports.SecretStore``). Entries bear the database's path, so that two databases never share one."""

    def __init__(self, backend: KeyringBackend, database: Path) -> None:
        self._backend = backend
        self._service = f"icalsync {database.resolve()}"

    def get(self, integration_id: str) -> Secret:
        """The password; ``SecretNotFound``, ``SecretStoreUnavailable``."""
        found: list[Secret] = []

        def read() -> None:
            value = self._backend.get_password(self._service, integration_id)
            if value is not None:
                found.append(Secret(value))

        self._ask(read)
        if not found:
            raise SecretNotFound(integration_id=integration_id)
        return found[0]

    def put(self, integration_id: str, secret: Secret) -> None:
        """Store or replace it; ``SecretStoreUnavailable``."""
        self._ask(lambda: self._backend.set_password(self._service, integration_id, secret.reveal()))

    def delete(self, integration_id: str) -> None:
        """Forget it; nothing happens where there is none."""

        def forget() -> None:
            if self._backend.get_password(self._service, integration_id) is not None:
                self._backend.delete_password(self._service, integration_id)

        self._ask(forget)

    def _ask(self, question: Callable[[], None]) -> None:
        """Ask the keyring. Its exception is not chained: the frames under it hold the password (S1)."""
        try:
            question()
        except KeyringLocked:
            why = "the keyring is locked"
        except Exception as error:  # noqa: BLE001  # back ends are other people's code, and raise what they like
            why = f"the keyring {self._backend.name} failed ({type(error).__name__})"
        else:
            return
        raise SecretStoreUnavailable(why=why)
