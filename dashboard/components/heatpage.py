"""The heat map of a user, a team or a sub-account, with the coverage it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import streamlit as st
from components.coverage import show_coverage, show_missing, show_unwatched
from components.downloads import offer_download
from components.heat import by_day, by_weekday, show_heat, show_lost
from data import Row, ask, one_line, say

WEEKS: Final = (1, 2, 4, 8, 12)


def show_heat_of(user: Row, users: Sequence[Row], first: date, unknown: str) -> None:
    """Whose, over how long and by what is chosen; then coverage, the picture, and what the rest is lost to."""
    colleagues = [each for each in users if each["sub_account"] == user["sub_account"]]
    whose, span, how = st.columns([3, 2, 3])
    kinds = ["user", "team", "sub_account"]
    kind = whose.radio(say("page.heat.whose"), kinds, format_func=lambda each: say(f"page.heat.{each}"), horizontal=True, key="heat_whose")
    weeks = span.selectbox(say("page.heat.weeks"), WEEKS, index=2, key="heat_weeks")
    by = how.radio(
        say("page.heat.by"), ["weekday", "day"], format_func=lambda each: say(f"page.heat.by_{each}"), horizontal=True, key="heat_by"
    )
    chosen = {"user": [user["user_id"]], "team": _team(user, colleagues) if kind == "team" else [], "sub_account": None}[kind]
    if chosen == []:
        st.info(say("page.heat.choose"))
        return
    end = first + timedelta(weeks=weeks)
    found = ask(lambda desk: desk.heatmap(user["sub_account"], chosen, first, end))
    names = {(each["sub_account"], each["user_id"]): each["name"] for each in colleagues}
    show_coverage(
        found.coverage, found.zone, unknown, "page.week.no_conflicts" if chosen and len(chosen) == 1 else "page.heat.no_conflicts"
    )
    show_missing(found.coverage, names)
    show_unwatched([names.get(key, key[1]) for key in found.unwatched], len(colleagues) if chosen is None else len(chosen))
    st.caption(say("page.heat.says", zone=found.zone))
    frame = found.frame if by == "weekday" else found.by_day
    cells = by_weekday(frame) if by == "weekday" else by_day(frame)
    if cells.empty:
        st.info(say("heat.closed"))
        return
    offer_download(frame, f"heatmap-{user['sub_account']}-{first}")
    show_heat(cells)
    st.header(say("heat.lost"))
    show_lost(found.lost)


def _team(user: Row, colleagues: Sequence[Row]) -> list[str]:
    names = {each["user_id"]: f"{one_line(each['name'])} ({each['user_id']})" for each in colleagues}
    return st.multiselect(say("page.heat.members"), list(names), default=[user["user_id"]], format_func=names.__getitem__, key="heat_team")
