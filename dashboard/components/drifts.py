"""A change that somebody made to an event of ours, and the three ways to settle it side by side (R11)."""

from __future__ import annotations

from typing import Any

import streamlit as st
from components.days import span_of
from data import Row, attempt, desk, in_zone, one_line, say

WAYS = ("accept", "restore", "keep")


def show_drift(row: Row, whose: str, zone: str) -> None:
    """Of ``whose`` appointment what happened, ours and theirs, and what each way would do; who may not settle proposes."""
    with st.container(border=True):
        st.text(f"{one_line(row['title'])} · {whose} · {one_line(row['calendar'])}")
        st.text(row["says"])
        ours, theirs, seen = st.columns(3)
        _side(ours, "ours", row["ours_starts_at"], row["ours_ends_at"], zone)
        _side(theirs, "theirs", row["theirs_starts_at"], row["theirs_ends_at"], zone)
        seen.caption(say("page.drift.seen"))
        seen.text(in_zone(row["first_seen_at"], zone))
        if row["settled_at"] is not None:
            st.text(say("page.drift.settled", way=say(f"page.drift.{row['settlement']}"), moment=in_zone(row["settled_at"], zone)))
            return
        for proposal in row["proposals"]:
            facts = {"way": say(f"page.drift.{proposal['settlement']}"), "moment": in_zone(proposal["proposed_at"], zone)}
            st.text(say("page.drift.proposed", who=one_line(proposal["proposed_by"]), why=one_line(proposal["reason"]), **facts))
        may = next((method for method in ("settle", "propose") if desk().may(method)), None)
        reason = ""
        if may is not None:
            reason = st.text_input(say(f"page.drift.reason_to_{may}"), key=f"reason_{row['drift_id']}", max_chars=500)
        for column, way in zip(st.columns(len(WAYS)), sorted(row["ways"], key=lambda each: WAYS.index(each["settlement"])), strict=True):
            with column, st.container(border=True):
                _way(row, way, may, reason)


def _side(place: Any, whose: str, starts: Any, ends: Any, zone: str) -> None:
    place.caption(say(f"page.drift.{whose}"))
    place.text(say("page.drift.gone") if starts is None else span_of(starts, ends, zone))


def _way(row: Row, way: Row, may: str | None, reason: str) -> None:
    settlement = way["settlement"]
    st.markdown(f"**{say(f'page.drift.{settlement}')}**")
    st.text(way["says"])
    if may is None:
        return
    button = say(f"page.drift.{may}_{settlement}")
    if not st.button(button, key=f"{may}_{settlement}_{row['drift_id']}", disabled=not way["possible"], width="stretch"):
        return
    if may == "settle":
        done = attempt(lambda desk: desk.settle(row["drift_id"], settlement, reason=reason.strip() or None))
    else:
        done = attempt(lambda desk: desk.propose(row["drift_id"], settlement, reason=reason))
    if done is not None:
        st.session_state["bookings_done"] = say("page.drift.settled_now" if may == "settle" else "page.drift.proposal_made")
        st.rerun()
