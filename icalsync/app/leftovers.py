"""What a sync leaves for later or for somebody, as people read it: an all-clear is one only where nothing waits (P16, R11)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from icalsync.app.parts import Parts
from icalsync.messages import next_step_for, say


def attention(
    parts: Parts, sub_account: str | None, user_id: str | None, since: datetime, among: tuple[str, ...] | None = None
) -> tuple[dict[str, Any], ...]:
    """What is unfinished after a sync that began at ``since``, for a user, a sub-account or all: a row per kind, the most urgent first.

    With ``among`` nothing of other sub-accounts.

    ``kind`` (``DRIFT``, ``PUSH_FAILED``, ``PUSH_PARKED``, ``PUSH_WAITING``), ``number``, ``appointments`` (how many it is about),
    ``codes`` (why), ``next_try_at`` (the earliest, or None), ``says`` and ``next_step``.
    """
    return tuple(_told(row) for row in parts.outbox.unfinished(sub_account, user_id, since, among))


def _told(row: dict[str, Any]) -> dict[str, Any]:
    why = f" ({', '.join(row['codes'])})" if row["codes"] else ""
    says = say(f"attention.{row['kind']}", number=row["number"], why=why)
    return {**row, "says": says, "next_step": next_step_for(row["kind"])}
