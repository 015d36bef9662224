"""Forgetting on purpose (``disconnect --purge``): the only place where history is deleted."""

from __future__ import annotations

from typing import Final

from icalsync.store import appointments, left_behind
from icalsync.store.intents import Intents
from icalsync.store.transaction import Transaction

_OF_A_USER: Final = ("calendar_role_version", "calendar_reading")
_OF_A_VERSION: Final = ("raw_text", "event", "attendee", "event_participation", "occurrence")
_OF_A_CALENDAR: Final = (
    "calendar_role_version",
    "calendar_reading",
    "policy_version",
    "object_version",
    "quarantine",
    "held_removal",
    "sync_calendar_run",
    "calendar_version",
    "calendar_state_version",
    "calendar_sync",
    "calendar_freshness",
    "calendar_tombstone",
)
_OF_AN_INTEGRATION: Final = (
    "connection_version",
    "address_set_version",
    "home",
    "sync_run",
    "lease",
    "integration_status_version",
    "integration_freshness",
    "integration_login",
    "account_standing",
)


def forget(tx: Transaction, user_key: int, integration_key: int, *, wholly: bool) -> None:
    """Delete what one user's connection left behind; ``wholly``, with no connection left, everything of the integration."""
    calendars = "calendar_key IN (SELECT calendar_key FROM _kept.calendar WHERE integration_key = ?)"
    for table in _OF_A_USER:
        tx.execute(f"DELETE FROM _kept.{table} WHERE user_key = ? AND {calendars}", [user_key, integration_key])  # noqa: S608  # our names
    own = f"user_key = ? AND calendar_key IS NOT NULL AND {calendars}"
    tx.execute(f"DELETE FROM _kept.policy_version WHERE {own}", [user_key, integration_key])  # noqa: S608  # our names
    tx.execute("DELETE FROM _kept.connection_version WHERE user_key = ? AND integration_key = ?", [user_key, integration_key])
    if wholly:
        _forget_integration(tx, integration_key, calendars)


def forget_writing(intents: Intents, user_key: int, integration_key: int) -> None:
    """Where a user's appointments were written in this account, and what was still to be; the appointments themselves stay.

    That the events which stand there are ours is not forgotten (``left_behind``): connected again, none must count twice.
    """
    tx = intents.tx
    calendars = "calendar_key IN (SELECT calendar_key FROM _kept.calendar WHERE integration_key = ?)"
    mine = f"{calendars} AND appointment_id IN (SELECT appointment_id FROM _kept.appointment_version WHERE user_key = ?)"  # noqa: S608  # our names
    both = [integration_key, user_key]
    intents.forgotten(tx.rows(f"SELECT * FROM _kept.outbox WHERE {mine}", both))  # noqa: S608  # our names
    tx.execute(f"DELETE FROM _kept.drift_text WHERE drift_id IN (SELECT drift_id FROM _kept.drift WHERE {mine})", both)  # noqa: S608  # our names
    for table in ("outbox", "drift"):
        tx.execute(f"DELETE FROM _kept.{table} WHERE {mine}", both)  # noqa: S608  # our names
    left_behind.leave(tx, user_key, integration_key)
    tx.execute(f"DELETE FROM _kept.alert WHERE user_key = ? AND {calendars}", [user_key, integration_key])  # noqa: S608  # our names
    for row in tx.rows(f"SELECT * FROM _kept.appointment_version WHERE known_to = 'infinity' AND {mine}", both):  # noqa: S608  # our names
        appointments.change(tx, row, calendar_key=None, href=None)


def _forget_integration(tx: Transaction, integration_key: int, calendars: str) -> None:
    versions = f"version_key IN (SELECT version_key FROM _kept.object_version WHERE {calendars})"  # noqa: S608  # our names
    for table in _OF_A_VERSION:
        tx.execute(f"DELETE FROM _kept.{table} WHERE {versions}", [integration_key])  # noqa: S608  # our names
    for table in _OF_A_CALENDAR:
        tx.execute(f"DELETE FROM _kept.{table} WHERE {calendars}", [integration_key])  # noqa: S608  # our names
    for table in (*_OF_AN_INTEGRATION, "calendar", "integration"):
        tx.execute(f"DELETE FROM _kept.{table} WHERE integration_key = ?", [integration_key])  # noqa: S608  # our names
