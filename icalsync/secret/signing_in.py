"""Passwords and tokens of readers: what is kept of them proves them, and gives nothing away. The only door to ``argon2``."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from typing import TYPE_CHECKING, Final

from icalsync.errors import DependencyMissing, InvalidInput
from icalsync.ports import Secret

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST: Final = 12
LONGEST: Final = 1024
"""Nobody types more; and hashing what somebody sends must not take the machine's time."""


def checked(password: Secret) -> Secret:
    """A password that may be used for signing in; ``InvalidInput`` without the password in it."""
    length = len(password.reveal())
    if not SHORTEST <= length <= LONGEST:
        raise InvalidInput(what="the password", value="•••", why=f"it needs {SHORTEST} to {LONGEST} characters")
    return password


def hashed(password: Secret) -> str:
    """What is kept of a password: argon2id with a salt of its own (RFC 9106). ``DependencyMissing`` without the extra ``dashboard``."""
    return _hasher().hash(password.reveal())


def matches(kept: str | None, password: Secret) -> bool:
    """Whether this is the password. Where there is none to compare with, it takes as long all the same (S11)."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415  # an optional part

    text = password.reveal()
    if len(text) > LONGEST:
        return False
    try:
        return _hasher().verify(kept or _nobodys(), text) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> Secret:
    """256 random bits, fit for an address."""
    return Secret(secrets.token_urlsafe(32))


def fingerprint(token: Secret | str) -> str:
    """What is kept of a token; as it is random itself, one round of SHA-256 is enough."""
    text = token.reveal() if isinstance(token, Secret) else token
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher  # noqa: PLC0415  # an optional part
    except ImportError:
        raise DependencyMissing(package="argon2-cffi", extra="dashboard") from None
    return PasswordHasher()


@cache
def _nobodys() -> str:
    """The hash of a password that nobody knows."""
    return _hasher().hash(secrets.token_urlsafe(32))
