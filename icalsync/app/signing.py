"""Signing in to the dashboard: in which way, as whom, and for how long (S11, S13). Identity never comes from a header."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Final, Literal

from icalsync.app.parts import Parts, os_user
from icalsync.core.access import Reader, is_loopback
from icalsync.core.naming import named
from icalsync.errors import (
    NotAllowed,
    NotFound,
    PublicWithoutSignIn,
    ReaderUnknown,
    ReaderUnverified,
    SessionEnded,
    SignInLocked,
    SignInRefused,
)
from icalsync.messages import say
from icalsync.ports import Secret

log = logging.getLogger(__name__)

Way = Literal["open", "local", "oidc"]
REFUSAL_LASTS: Final = 0.5
"""Seconds that any refusal takes, whatever was wrong: it does not tell which names there are, and guessing is slow (S11)."""
_SMALL: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody is signed in. The token is shown once; only its hash is kept."""

    token: Secret
    reader: Reader
    ends_at: datetime


def way(parts: Parts, address: str | None, *, relayed: bool = False) -> Way:
    """How people sign in to a dashboard that listens at ``address`` (None: everywhere), and is ``relayed`` to others by a proxy or not.

    ``open``: nobody does, because only this machine can reach it and there are no accounts. Where it must not start:
    ``PublicWithoutSignIn``.
    """
    if parts.settings.dashboard is not None:
        return "oidc"
    if parts.readers.any():
        return "local"
    if is_loopback(address) and not relayed and parts.settings.dashboard_url is None:
        return "open"
    reached = address or parts.settings.dashboard_url or "0.0.0.0"  # noqa: S104  # said, not bound
    raise PublicWithoutSignIn(address=say("sign_in.relayed", address=reached) if relayed else reached)


def open_reader(parts: Parts, address: str | None, *, relayed: bool = False) -> Reader:
    """The user of this machine, who could open the database's file as well; ``NotAllowed`` where people have to sign in."""
    if way(parts, address, relayed=relayed) != "open":
        raise NotAllowed(role="–")
    return Reader(os_user(), "admin")


def sign_in(parts: Parts, name: str, password: Secret, source: str) -> Session:
    """Sign in with a name and a password. ``SignInRefused`` and ``SignInLocked`` tell nothing about which names there are (S11)."""
    from icalsync.secret import signing_in  # noqa: PLC0415  # argon2, which few need

    began, name = time.monotonic(), name.strip()
    attempt = parts.readers.attempt(name, "" if is_loopback(source) else source)
    right = signing_in.matches(attempt.password_hash, password)
    if right and attempt.locked_for <= timedelta():
        token = signing_in.new_token()
        ends_at = parts.clock.now() + parts.settings.session_lasts
        try:
            reader = parts.readers.begin(name, signing_in.fingerprint(token), ends_at, "" if is_loopback(source) else source)
        except NotFound:
            raise SignInRefused from None
        return Session(token, reader, ends_at)
    log.warning("sign-in refused", extra={"locked": attempt.locked_for > timedelta()})
    time.sleep(max(0.0, REFUSAL_LASTS - (time.monotonic() - began)))
    if attempt.locked_for > timedelta():
        seconds = ceil(attempt.locked_for.total_seconds())
        raise SignInLocked(wait=say("sign_in.minutes", minutes=ceil(seconds / 60)), seconds=seconds)
    raise SignInRefused


def signed_in(parts: Parts, token: Secret | str) -> Reader:
    """Whose session it is, with the role as it is now. ``SessionEnded``."""
    from icalsync.secret.signing_in import fingerprint  # noqa: PLC0415  # as above

    reader = parts.readers.session(fingerprint(token), parts.settings.session_idle)
    if reader is None or parts.settings.dashboard is not None:
        raise SessionEnded
    return reader


def sign_out(parts: Parts, token: Secret | str) -> None:
    """The session is over, for whoever has the token."""
    from icalsync.secret.signing_in import fingerprint  # noqa: PLC0415  # as above

    parts.readers.end(fingerprint(token))


def oidc_reader(parts: Parts, claims: Mapping[str, Any]) -> Reader:
    """Whom the settings make of somebody that a provider vouches for, by an e-mail address that it says is theirs.

    ``ReaderUnverified``, ``ReaderUnknown``; ``NotAllowed`` where there is no provider; ``SessionEnded`` where its word (claim ``iat``,
    seconds since 1970, which each has: OpenID Connect Core 2) is older than a session lasts, because a browser keeps it for 30 days.
    """
    email, settings = claims.get("email"), parts.settings.dashboard
    if settings is None:
        raise NotAllowed(role="–")
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        raise ReaderUnverified
    name, found = next(((each, told) for each, told in settings.readers.items() if _folded(each) == _folded(email)), (email, None))
    if found is None:
        raise ReaderUnknown(email=named(email))
    if parts.clock.now().timestamp() >= _said_at(claims) + parts.settings.session_lasts.total_seconds():
        raise SessionEnded
    return Reader(name, found.role, None if found.sub_accounts is None else frozenset(found.sub_accounts))


def _folded(address: str) -> str:
    """An address whatever its case. Of ASCII letters alone: others fold to them (the Kelvin sign to k), and are another's address."""
    return address.translate(_SMALL)


def _said_at(claims: Mapping[str, Any]) -> float:
    """When the provider gave its word: without a time, so long ago that nobody relies on it."""
    said = claims.get("iat")
    return float(said) if isinstance(said, int | float) else 0.0


def add_reader(parts: Parts, name: str, role: str, password: Secret, sub_accounts: tuple[str, ...] | None) -> dict[str, Any]:
    """Let somebody sign in, or change what they may and their password. ``InvalidInput``, ``UnknownSubAccount``, ``DependencyMissing``."""
    from icalsync.secret import signing_in  # noqa: PLC0415  # as above

    kept = signing_in.hashed(signing_in.checked(password))
    return parts.readers.put(name, role, sub_accounts, kept, actor=parts.actor)
