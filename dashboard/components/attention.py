"""What needs somebody, besides alerts: errors with their next step, lost rights, silence, and users nobody can book."""

from __future__ import annotations

from collections.abc import Sequence

from components.listing import listing
from components.rows import part_of
from components.spans import ago, lasting
from data import Row, in_zone, knows, one_line, say


def show_errors(rows: Sequence[Row], zone: str) -> None:
    """By kind: what it means, what to do, how often, and which accounts."""
    texts = [
        (
            f"{kind_of(row['code'], row['says'])}\n({row['code']})",
            _next(row),
            say("page.health.times", runs=row["runs"], last=in_zone(row["last_at"], zone)),
            "\n".join(one_line(each) for each in row["accounts"][:5])
            + (f"\n… {len(row['accounts']) - 5}" if len(row["accounts"]) > 5 else ""),  # noqa: PLR2004
        )
        for row in part_of(rows, "errors", 10)
    ]
    listing(["page.health.error", "page.health.next", "page.health.runs", "page.health.accounts"], [4, 5, 3, 3], texts)


def kind_of(code: str, otherwise: str) -> str:
    """What went wrong, said of all runs of a kind together."""
    key = f"page.kind.{code}"
    return say(key) if knows(key) else one_line(otherwise)


def _next(row: Row) -> str:
    key = f"page.error.{row['code']}"
    return say(key) if knows(key) else one_line(row["next_step"]) or "–"


def show_lost(rows: Sequence[Row], zone: str) -> None:
    """Calendars in use that can no longer be read, or written."""
    texts = [
        (
            f"{one_line(row['display_name'])}\n{one_line(row['account_name'])}",
            f"{row['says']}\n{row['next_step']}",
            _whom(row["users"]),
            in_zone(row["since"], zone),
        )
        for row in part_of(rows, "lost", 10)
    ]
    listing(["page.calendar", "page.health.says", "page.serves", "page.health.since"], [4, 6, 3, 3], texts)


def show_silent(rows: Sequence[Row]) -> None:
    """Accounts that used to change more often than they do now."""
    texts = [
        (
            one_line(row["account_name"]),
            row["says"],
            f"{ago(row['silent_for'])}\n{say('page.health.usual', span=lasting(row['usual_gap']))}",
            _whom(row["users"]),
        )
        for row in part_of(rows, "silent", 10)
    ]
    listing(["page.account", "page.health.says", "page.health.last_change", "page.serves"], [4, 6, 3, 3], texts)


def show_nobody(rows: Sequence[Row]) -> None:
    """Users without any availability ahead, and why."""
    texts = [(f"{one_line(row['name'])}\n{row['sub_account']}/{row['user_id']}", row["says"]) for row in part_of(rows, "nobody", 10)]
    listing(["page.user", "page.health.says"], [4, 9], texts)


def _whom(users: Sequence[Row]) -> str:
    return "\n".join(f"{each['sub_account']}/{each['user_id']}" for each in users) or "–"
