"""Runs, lag and quarantine: what happened, how late it is, and what cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from components.attention import kind_of
from components.listing import listing
from components.rows import part_of, show_acts_below
from components.spans import ago, lasting
from data import Row, attempt, desk, in_zone, knows, number, one_line, say


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


def show_quarantine(rows: Sequence[Row], zone: str) -> None:
    """Objects that cannot be read; who may, sees their text for a reason that is logged, or has them read again."""
    shown = part_of(rows, "quarantine", 10)
    texts = [
        (
            one_line(row["display_name"]),
            f"{one_line(row['href'])}\n{row['says']}\n({row['reason']}: {one_line(row['detail'])})",
            f"{in_zone(row['first_seen_at'], zone)}\n{in_zone(row['last_seen_at'], zone)}",
        )
        for row in shown
    ]
    show_acts_below(["page.calendar", "page.health.object", "page.health.seen"], [3, 7, 4], texts, [_deeds(row) for row in shown])


def _deeds(row: Row) -> Callable[[Any], None]:
    def draw(place: Any) -> None:
        key = f"{row['calendar_id']}_{row['href']}"
        if desk().may("retry_quarantine") and place.button(say("page.health.retry"), key=f"retry_{key}"):
            _retry(row["calendar_id"])
        if not desk().may("quarantined"):
            return
        with place.popover(say("page.health.show")), st.form(f"show_{key}", border=False):
            reason = st.text_input(say("page.why.reason"), key=f"reason_{key}")
            if st.form_submit_button(say("page.health.show_now")):
                entry = attempt(lambda desk: desk.quarantined(row["calendar_id"], row["href"], reveal=True, reason=reason))
                if entry is not None:
                    st.code(_text(entry["raw"]), language=None)

    return draw


def _text(raw: Any) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)


def _retry(calendar_id: str) -> None:
    outcomes = attempt(lambda desk: desk.retry_quarantine(calendar_id))
    if outcomes is not None:
        read = sum(each["outcome"] == "healed" for each in outcomes)
        st.session_state["health_done"] = say("page.health.retried", read=read, all=len(outcomes))
        st.rerun()
