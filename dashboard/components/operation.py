"""Runs and lag: what happened, and how late each account is."""

from __future__ import annotations

from collections.abc import Sequence

from components.attention import kind_of
from components.listing import listing
from components.rows import part_of
from components.spans import ago, lasting
from data import Row, in_zone, knows, number, one_line, say


def show_lag(rows: Sequence[Row]) -> None:
    """How far behind each account is, those farthest behind first."""
    texts = [
        (
            one_line(row["account_name"]),
            say(f"page.status.{row['status']}"),
            ago(row["age"]),
            say("page.health.gaps", usual=lasting(row["usual_gap"]), worst=lasting(row["worst_gap"])),
            say("page.health.of_runs", runs=number(row["runs"]), failed=number(row["failed"])),
        )
        for row in part_of(rows, "lag", 10)
    ]
    listing(["page.account", "page.health.state", "page.last_success", "page.health.rhythm", "page.health.runs"], [4, 4, 3, 5, 4], texts)


def show_runs(rows: Sequence[Row], zone: str) -> None:
    """The latest runs with what they brought, and what to do about those that failed."""
    texts = [
        (
            f"{in_zone(row['started_at'], zone)}\n{one_line(row['account_name'])}",
            _effort(row),
            say(
                "page.health.counts",
                added=row["added"] or 0,
                changed=row["changed"] or 0,
                removed=row["removed"] or 0,
                rejected=row["rejected"] or 0,
            ),
            _outcome(row),
        )
        for row in part_of(rows, "runs")
    ]
    listing(["page.health.started", "page.health.what", "page.health.brought", "page.health.outcome"], [4, 3, 4, 6], texts)


def _effort(row: Row) -> str:
    facts = {"seconds": number(row["seconds"] or 0, 1), "requests": number(row["requests"] or 0)}
    return say("page.health.run", purpose=purpose_of(row["purpose"]), **facts)


def purpose_of(code: str) -> str:
    """Why a run was made, in words."""
    key = f"page.purpose.{code}"
    return say(key) if knows(key) else code


def _outcome(row: Row) -> str:
    outcome, code = say(f"page.health.outcome.{row['outcome'] or 'running'}"), row["error_code"]
    return f"{outcome}\n{kind_of(code, code)}\n({code})" if code else outcome
