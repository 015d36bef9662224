"""Passwords that somebody else provides, and icalsync only reads: environment variables and mounted files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from icalsync.errors import SecretDamaged
from icalsync.ports import Secret
from icalsync.secret.files import read_private

VARIABLE_PREFIX: Final = "ICALSYNC_PASSWORD_"
NAME_MAX: Final = 255
"""Bytes in a file name (POSIX systems in use)."""
READABLE_BY_OTHERS: Final = 0o007
"""Mounted files may be shared with a group, as orchestrators do; never with everybody."""


class Provider(Protocol):
    """A place that may provide a password."""

    def find(self, integration_id: str) -> Secret | None:
        """The password, or None where this place provides none."""
        ...

    def place(self, integration_id: str) -> str:
        """What a person calls the place."""
        ...


class Environment(Provider):
    """``ICALSYNC_PASSWORD_<INTEGRATION>``: the id in upper case, everything but letters and digits as ``_``."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        # Wrapped at once, so that no dump of this object or its frames shows a password (S1).
        self._values = {name: Secret(value) for name, value in environ.items() if name.startswith(VARIABLE_PREFIX) and value}

    def find(self, integration_id: str) -> Secret | None:
        """The variable's value."""
        return self._values.get(self.place(integration_id))

    def place(self, integration_id: str) -> str:
        """The variable's name."""
        return VARIABLE_PREFIX + re.sub(r"[^A-Z0-9]", "_", integration_id.upper())


class MountedFiles(Provider):
    """``secrets_dir/<integration id>``, as containers and systemd mount secrets; a final line break is not part of the password."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, integration_id: str) -> Secret | None:
        """The file's content; ``SecretFileUnsafe`` where everybody can read it, ``SecretDamaged`` where it is empty or no text."""
        if not _is_plain_name(integration_id):
            return None
        content = read_private(self._directory / integration_id, refused=READABLE_BY_OTHERS)
        if content is None:
            return None
        secret = _text(content)
        del content
        if not secret:
            raise SecretDamaged(path=self.place(integration_id), why="it holds no password")
        return secret

    def place(self, integration_id: str) -> str:
        """The file's path."""
        return str(self._directory / integration_id)


def _is_plain_name(integration_id: str) -> bool:
    """An id is opaque text; only one that names a file in the directory itself is looked up there (no path traversal)."""
    plain = integration_id not in {"", ".", ".."} and integration_id.isprintable() and not re.search(r"[/\\]", integration_id)
    return plain and len(integration_id.encode()) <= NAME_MAX


def _text(content: bytes) -> Secret:
    """Empty where the bytes are no text."""
    try:
        return Secret(content.decode("utf-8").removesuffix("\n").removesuffix("\r"))
    except UnicodeDecodeError:
        return Secret("")
