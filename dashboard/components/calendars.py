"""Every calendar that was found: what it may be used for, and why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st
from components.listing import listing
from data import Row, in_zone, number, one_line, say


def may_be(row: Row) -> str:
    """What a calendar may be used for, or why it may not."""
    if not row["selectable"]:
        return say("page.may.not", why=row["says"] or "")
    if row["linkable"]:
        return say("page.may.write")
    return say("page.may.assume") if row["assume"] else say("page.may.read")


def lines_of(row: Row) -> str:
    """A calendar as lists show it: its name, as its account's others are not called, and below it the account."""
    return f"{row['called']}\n{one_line(row['account_name'])}"


def names_of(rows: Sequence[Row]) -> dict[str, str]:
    """By calendar id a name that no other of them has: name and account, and the id where that is not enough."""
    short = {row["calendar_id"]: f"{row['called']} ({one_line(row['account_name'])})" for row in rows}
    often = Counter(short.values())
    return {each: name if often[name] == 1 else f"{name} {each}" for each, name in short.items()}


def show_found(rows: Sequence[Row], *, folded: bool = False) -> None:
    """What discovery found: name, account, and what may be done with it; ``folded``, what cannot be chosen waits for a click."""
    first = [row for row in rows if row["selectable"] or not folded]
    listing(["page.calendar", "page.may"], [2, 3], [(lines_of(row), may_be(row)) for row in first])
    if len(first) < len(rows):
        show_rest("page.not_choosable", [f"{row['called']}: {row['says'] or ''}" for row in rows if row not in first])


def show_rest(key: str, lines: Sequence[str]) -> None:
    """What few need, line by line, after a click."""
    if lines:
        with st.expander(say(key, number=number(len(lines)))):
            for line in lines:
                st.text(line)


def show_all(rows: Sequence[Row], zone: str) -> None:
    """All of a user's calendars with their roles, who else uses them, and how fresh they are."""
    listing(
        ["page.calendar", "page.role", "page.may", "page.content"],
        [6, 4, 7, 5],
        [(lines_of(row), _roles(row), may_be(row), _content(row, zone)) for row in rows],
    )


def _roles(row: Row) -> str:
    own = " + ".join(say(f"page.role.{role}") for role in sorted(row["roles"], reverse=True)) or say("page.role.none")
    others = [say("page.used_by", name=one_line(each["name"])) for each in row.get("used_by", ())]
    return "\n".join([own, *others, *([say("page.elsewhere")] if row.get("elsewhere") else [])])


def _content(row: Row, zone: str) -> str:
    if row["last_synced_at"] is None:
        return say("page.never_pulled") if row["selectable"] else "–"
    return say("page.content_says", objects=number(row["objects"] or 0), at=in_zone(row["last_synced_at"], zone))
