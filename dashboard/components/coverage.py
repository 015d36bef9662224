"""How complete and how fresh an answer is: the first thing to read on a page of answers (R12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st
from components.spans import ago
from data import Row, in_zone, knows, one_line, say

MOST: Final = 8
"""How many calendars are listed at once; those in trouble come first."""


def show_coverage(coverage: Mapping[str, Any], zone: str, unknown: str = "", nobody: str = "page.week.no_conflicts") -> None:
    """Complete and since when; or that it is not, since when, and by the policy ``unknown`` what that means for the slots.

    ``nobody`` is the sentence for where no calendar counts at all.
    """
    if not coverage["complete"]:
        st.warning(say("page.week.incomplete"), icon=":material/warning:")
        if coverage["as_of"] is not None:
            st.text(say("page.week.as_of", as_of=in_zone(coverage["as_of"], zone)))
        if unknown and any(item["state"] != "stale" for item in coverage["missing"]):
            st.text(say(f"page.unknown.{unknown}"))
    elif coverage["as_of"] is None:
        st.warning(say(nobody), icon=":material/warning:")
    else:
        st.success(say("page.complete", as_of=in_zone(coverage["as_of"], zone)), icon=":material/check_circle:")


def show_freshness(calendars: Sequence[Row]) -> None:
    """Each calendar that counts, with its age, those in trouble first; then for each account in trouble, once, what to do."""
    shown = sorted(calendars, key=lambda each: each["state"] == "ok")[:MOST]
    lines = [freshness(row) for row in shown]
    if len(calendars) > MOST:
        lines.append(say("page.week.more_calendars", number=len(calendars) - MOST))
    steps = {(row["account_name"], row["next_step"]) for row in calendars if row["state"] != "ok" and row["next_step"]}
    lines += [say("page.week.next_step", account=one_line(account), step=one_line(step)) for account, step in sorted(steps)]
    if lines:
        st.text("\n".join(lines))


def freshness(row: Row) -> str:
    """``Patients · Conflict · pulled 4 min ago``, and where it is in trouble what is wrong."""
    says = say(
        "page.week.freshness",
        calendar=one_line(row["display_name"]),
        role=say(f"page.role.{row['role'] or 'none'}"),
        when=ago(row["age"]),
    )
    if row["state"] == "ok":
        return f"✓ {says}"
    why = say(f"page.state.{row['state']}") if knows(f"page.state.{row['state']}") else one_line(row["reason"])
    return f"⚠ {says} – {why}"


def show_missing(coverage: Mapping[str, Any], names: Mapping[Any, str]) -> None:
    """Whose calendars an answer about several people misses: ``names`` by (sub-account, user id)."""
    counts: dict[tuple[str, str], int] = {}
    for item in coverage["missing"]:
        key = (names.get((item["sub_account"], item["user_id"]), item["user_id"]), item["state"])
        counts[key] = counts.get(key, 0) + 1
    for (name, state), number in sorted(counts.items())[:MOST]:
        st.text(say("page.week.missing_of", name=one_line(name), number=number, why=say(f"page.state.{state}")))
    if len(counts) > MOST:
        st.text(say("page.week.more_people", number=len(counts) - MOST))


def show_unwatched(names: Sequence[str], of: int) -> None:
    """Who of several people no calendar blocks; where that is so of all of them, the coverage says it."""
    if names and len(names) < of:
        shown = [one_line(name) for name in names[:MOST]]
        more = [say("page.week.more_people", number=len(names) - MOST)] if len(names) > MOST else []
        st.warning(say("page.heat.unwatched", number=len(names), all=of), icon=":material/warning:")
        st.text(", ".join([*shown, *more]))
