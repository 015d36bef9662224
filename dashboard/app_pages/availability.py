"""When a user is free, what blocks the rest, and how complete that answer is."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from components.choosing import choose_first_day, choose_user
from components.coverage import show_coverage
from components.days import Part, days_from, name_of, parts
from components.picture import show_week
from data import people, say, terms, today, week

LENGTHS = ["15m", "30m", "45m", "1h", "1h30m", "2h"]
USUAL = "30m"
WIDTHS = [2, 3, 6]


def list_of_days(free: Sequence[Part], busy: Sequence[Part], names: dict[str, str]) -> None:
    """Each day with its free slots and what blocks it, as text."""
    with st.container(border=True):
        for column, heading in zip(st.columns(WIDTHS), ("page.date", "page.free_slots", "page.busy"), strict=True):
            column.markdown(f"**{say(heading)}**")
    for day in days_from(first):
        with st.container(border=True):
            date, begins, blocks = st.columns(WIDTHS)
            date.markdown(f"**{name_of(day)}**")
            begins.text("  ".join(part.begins for part in free if part.day == day) or say("page.past" if day < now else "page.no_slot"))
            blocks.text("\n".join(block(part, names) for part in busy if part.day == day) or say("page.nothing_blocks"))


def block(part: Part, names: dict[str, str]) -> str:
    """``09:00–10:00  Busy · Patients``: when, why, and where that comes from."""
    source = part.row["source"]
    where = names.get(part.row["calendar_id"], "") if source in {"external", "coverage"} else say(f"page.source.{source}")
    return say("page.block", time=part.says, why=say(f"page.reason.{part.row['reason']}"), where=" ".join(where.split()))


st.title(say("page.availability"))

users = people()
who, when, how_long = st.columns([3, 2, 2])
user = choose_user(who, users)
key, zone = (user["sub_account"], user["user_id"]), user["time_zone"]
agreed, now = terms(key), today(zone)
first = choose_first_day(when, now)
usual = agreed.hours["slot_length"] or USUAL
lengths = LENGTHS if usual in LENGTHS else [usual, *LENGTHS]
length = how_long.selectbox(say("page.length"), lengths, index=lengths.index(usual))

answer = week(key, first, length)
show_coverage(answer, agreed, zone)
st.caption(say("page.terms", zone=zone, weekly=agreed.hours["weekly"]))
free, busy = list(parts(answer.slots, first)), list(parts(answer.busy, first))
show_week(free, busy, first)
list_of_days(free, busy, answer.names)
