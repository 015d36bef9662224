"""Rows of the database as what touches a slot: the one place where an explanation's touches are made (R15)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from icalsync.core.evidence import Kind, Source, Touch
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness, Reason, Verdict
from icalsync.store.transaction import Row


def of_object(row: Row, sources: Mapping[str, Source], starts_at: datetime, ends_at: datetime, verdict: Verdict, **more: Any) -> Touch:
    """What a calendar object says: where it lies, which version says it, and since when that is known. It blocks nothing by itself."""
    given = {
        "interval": Interval(starts_at, ends_at) if starts_at < ends_at else None,
        "blocks": False,
        "known_from": row["known_from"],
        "source": sources.get(row["calendar_id"]),
        "href": row["href"],
        "uid": row["uid"],
        "recurrence_id": row.get("recurrence_id"),
        "version": row["version_key"],
        "component": row.get("component", 0),
    }
    return Touch(kind="external", starts_at=starts_at, ends_at=ends_at, verdict=verdict, **(given | more))


def of_time(row: Row, kind: Kind, *, blocks: bool, verdict: Verdict | None = None, **more: Any) -> Touch:
    """A stretch of time that is or was taken; its verdict is the row's, unless another is given."""
    return Touch(
        kind=kind,
        interval=Interval(row["starts_at"], row["ends_at"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        verdict=verdict or Verdict(Busyness(row["busyness"]), Reason(row["reason"])),
        blocks=blocks,
        known_from=row["known_from"],
        **more,
    )
