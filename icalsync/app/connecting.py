"""Connecting accounts (R1, R9): nothing is stored before discovery has succeeded."""

from __future__ import annotations

import logging
import secrets as random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from icalsync.app.parts import Parts
from icalsync.core.credentials import app_specific
from icalsync.core.paths import path_key
from icalsync.core.providers import PROVIDERS, Provider
from icalsync.engine.run import Wish, sync_integration
from icalsync.errors import (
    AnotherPrincipal,
    AnotherSyncIsRunning,
    IcalsyncError,
    InvalidInput,
    PasswordForm,
    SecretError,
    StoreError,
    UnknownIntegration,
)
from icalsync.ports import STAGES as DISCOVERY
from icalsync.ports import Counts, Discovered, Lease, Login, Purpose, Run, Secret, Traffic
from icalsync.store.accounts import anybody
from icalsync.store.invitations import Allowed

log = logging.getLogger(__name__)

RECORD_WAIT: Final = 10.0
PAUSE: Final = 0.1
STAGES: Final = ("form", *DISCOVERY, "saving", "done")
"""What connecting consists of, in order."""
Told = Callable[[str], None]


def _quiet(_stage: str) -> None:
    """For callers who show no progress."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a discovery brought, and what it cost."""

    discovered: Discovered
    traffic: Traffic
    started: datetime


def connect(
    parts: Parts,
    *,
    sub_account: str,
    user_id: str,
    provider: str,
    account: str,
    password: Secret,
    url: str | None,
    told: Told = _quiet,
    allowed: Allowed = anybody,
) -> dict[str, Any]:
    """Connect an account for a user: ``integration_id``, ``new`` and its ``calendars`` (rows of the view).

    An account already known gets one more connection, and the password replaces the old one for all (design.md §3). ``told`` hears each of
    ``STAGES`` as it begins.
    Raises ``InvalidInput``, ``PasswordForm``, ``UrlRefused``, the ``ServerError`` and the ``SecretError`` tree.
    """
    told("form")
    user = parts.people.user(sub_account, user_id)
    spec = _provider(provider)
    login = Login(spec.name, _address(parts, spec, url), _account(account), checked_password(spec, password))
    found = _discover(parts, login, told)
    told("saving")
    origin = found.discovered.origin if spec.origin_is_identity else ""
    known = parts.accounts.find(spec.name, origin, found.discovered.principal)
    integration_id = known or f"int-{random.token_hex(5)}"
    with _kept_if_saved(parts, integration_id, login.password):
        new = parts.accounts.connect(
            integration_id=integration_id,
            provider=spec.name,
            url=login.url,
            found=found.discovered,
            account=login.account,
            sub_account=user["sub_account"],
            user_id=user["user_id"],
            actor=parts.actor,
            allowed=allowed,
        )
    _record(parts, integration_id, found)
    told("done")
    calendars = [row for row in parts.accounts.calendars(sub_account, user_id) if row["integration_id"] == integration_id]
    return {"integration_id": integration_id, "new": new, "calendars": calendars}


@contextmanager
def _kept_if_saved(parts: Parts, integration_id: str, password: Secret) -> Iterator[None]:
    """A password is kept with what is written about it, or the one before is: no change without its line in the log, no orphan (R1)."""
    try:
        before = parts.secrets.get(integration_id)
    except SecretError:  # none, or none that could be used
        before = None
    parts.secrets.put(integration_id, password)
    try:
        yield
    except BaseException:
        if before is None:
            parts.secrets.delete(integration_id)
        else:
            parts.secrets.put(integration_id, before)
        raise


def reconnect(parts: Parts, integration_id: str, password: Secret, told: Told = _quiet, allowed: Allowed = anybody) -> dict[str, Any]:
    """Replace an integration's password once for all it serves, and pull it at once; the row of the view ``integrations``.

    Raises ``UnknownIntegration``, ``PasswordForm``, ``AuthenticationRejected``, ``AnotherPrincipal``.
    """
    told("form")
    stored = parts.accounts.integration(integration_id)
    if integration_id not in parts.accounts.serving():
        # its password went with its last connection, and must not come back without one
        raise UnknownIntegration(name=integration_id)
    try:
        _replace(parts, stored, password, told, allowed)
    except StoreError:
        raise
    except IcalsyncError as error:
        with suppress(StoreError):  # what is to be told is why it failed; nothing was changed that would need its line
            about = parts.belonging.owners("integration_id", integration_id) or ()
            parts.audit.note(parts.actor, "RECONNECT_FAILED", f"{integration_id} {error.code}", about=about)
        raise
    sync_integration(parts.context(), integration_id, Wish(purpose=Purpose.CONNECT, rediscover=True))
    told("done")
    return next(row for row in parts.accounts.integrations() if row["integration_id"] == integration_id)


def _replace(parts: Parts, stored: dict[str, Any], password: Secret, told: Told, allowed: Allowed) -> None:
    """The new password in the place of the old one, once a discovery with it has arrived where the old one led."""
    integration_id, spec = stored["integration_id"], _provider(stored["provider"])
    login = Login(spec.name, stored["url"], stored["account"], checked_password(spec, password))
    found = _discover(parts, login, told)
    told("saving")
    if path_key(found.discovered.principal) != path_key(stored["principal"]):
        # P18: another account's calendars must never slip under this integration's name
        raise AnotherPrincipal(integration_id=integration_id)
    parts.accounts.reconnecting(integration_id, actor=parts.actor, allowed=allowed)
    parts.secrets.put(integration_id, login.password)


def disconnect(parts: Parts, *, sub_account: str, user_id: str, integration_id: str, purge: bool) -> dict[str, Any]:
    """End one connection; the integration and its secret go with the last one."""
    last = parts.accounts.disconnect(sub_account, user_id, integration_id, purge=purge, actor=parts.actor)
    if last:
        parts.secrets.delete(integration_id)
    return {"sub_account": sub_account, "user_id": user_id, "integration_id": integration_id, "last": last, "purged": purge}


def checked_password(spec: Provider, password: Secret) -> Secret:
    """R1: the app-specific form where the provider wants it, before any request; else only that there is one."""
    text = password.reveal()
    if not spec.app_specific_password:
        if not text:
            raise InvalidInput(what="the password", value="", why="it is empty")
        return password
    dashed = app_specific(text)
    if dashed is None:
        raise PasswordForm
    return Secret(dashed)


def _provider(name: str) -> Provider:
    if name not in PROVIDERS:
        raise InvalidInput(what="the provider", value=name, why=f"known are {', '.join(PROVIDERS)}")
    return PROVIDERS[name]


def _account(account: str) -> str:
    if not account.strip():
        raise InvalidInput(what="the account name", value=account, why="it is empty")
    return account.strip()


def _address(parts: Parts, spec: Provider, url: str | None) -> str:
    if spec.name == "icloud":
        if url:
            raise InvalidInput(what="--url", value=url, why="the provider icloud has its own address (ICALSYNC_ICLOUD_URL)")
        return parts.settings.icloud_url
    if not url or not url.strip():
        raise InvalidInput(what="--url", value=url or "", why=f"the provider {spec.name} needs the server's address")
    return url.strip()


def _discover(parts: Parts, login: Login, told: Told) -> _Found:
    started = parts.clock.now()
    with parts.door.open(login) as server:
        return _Found(server.discover(told), server.traffic, started)


def _lease(parts: Parts, integration_id: str) -> Lease | None:
    """The right to write the run down, waited for a little: the connection stands whether or not somebody is syncing the account."""
    deadline = parts.clock.monotonic() + RECORD_WAIT
    for _ in range(int(RECORD_WAIT / PAUSE)):
        try:
            return parts.pulls.acquire(integration_id, parts.actor, 30)
        except AnotherSyncIsRunning:
            if parts.clock.monotonic() >= deadline:
                break
            time.sleep(PAUSE)
    return None


def _record(parts: Parts, integration_id: str, found: _Found) -> None:
    """The discovery as a run of its own (design.md §7)."""
    lease = _lease(parts, integration_id)
    if lease is None:
        log.info("connection made beside a running sync; its discovery is not recorded", extra={"integration_id": integration_id})
        return
    try:
        parts.pulls.record(
            lease,
            Run(
                run_id=uuid4().hex,
                integration_id=integration_id,
                purpose=Purpose.CONNECT,
                started_at=found.started,
                ended_at=parts.clock.now(),
                requests=found.traffic.requests,
                bytes=found.traffic.bytes,
                counts=Counts(),
                pushed=0,
                outcome="ok",
                error_code=None,
                status="ok",
                status_reason=None,
            ),
        )
    finally:
        parts.pulls.release(lease)
