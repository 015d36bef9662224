"""Which occurrence of a series a RECURRENCE-ID names, as an instant of one user (RFC 5545 §3.8.4.4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from icalsync.core.zones import start_of_day, to_utc

_DATE: Final = len("20261124")


def instant_of(recurrence_id: str, zone: str) -> datetime:
    """When the occurrence was to begin; floating times and dates are read in ``zone``, the user's own.

    Takes the basic form of ``model.Event.recurrence_id``: ``20261124T130000Z``, ``20261124T140000`` or ``20261124``.
    """
    if len(recurrence_id) == _DATE:
        return start_of_day(datetime.strptime(recurrence_id, "%Y%m%d").replace(tzinfo=UTC).date(), zone)
    if recurrence_id.endswith("Z"):
        return datetime.strptime(recurrence_id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return to_utc(datetime.strptime(recurrence_id, "%Y%m%dT%H%M%S"), zone)  # noqa: DTZ007  # a wall time
