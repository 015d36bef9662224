"""What a person chooses. It stays chosen from page to page and when a page is loaded anew, because the page's address says it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import streamlit as st
from data import Key, Row, one_line, say
from streamlit.delta_generator import DeltaGenerator

FARTHEST: Final = timedelta(days=731)
"""How far from the present day a page goes."""


def choose_user(place: DeltaGenerator, users: Sequence[Row]) -> Row:
    """One of the users; the address names the chosen one (``?user=ACME/anna``)."""
    by_key: dict[Key, Row] = {(user["sub_account"], user["user_id"]): user for user in users}
    sub_account, _, user_id = st.query_params.get("user", "").partition("/")
    wanted = st.session_state.get("user"), st.session_state.get("kept_user"), (sub_account, user_id)
    # Set at each run: on another page the same key is another widget, and would begin with the first user.
    st.session_state["user"] = next((key for key in wanted if key in by_key), next(iter(by_key)))
    key = place.selectbox(say("page.user"), list(by_key), format_func=lambda key: called(by_key[key]), key="user")
    st.session_state["kept_user"] = key
    st.query_params["user"] = "/".join(key)
    return by_key[key]


def called(user: Row) -> str:
    """``Anna Berger (ACME/anna)``, on one line."""
    return f"{one_line(user['name'])} ({user['sub_account']}/{user['user_id']})"


def choose_first_day(place: DeltaGenerator, now: date) -> date:
    """The first of the days a page shows; ``now`` unless the address says another (``?from=2026-11-23``)."""
    earliest, latest = now - FARTHEST, now + FARTHEST
    kept = st.session_state.get("first") or st.session_state.get("kept_first") or _date(st.query_params.get("from", "")) or now
    st.session_state["first"] = min(max(kept, earliest), latest)
    label = say("page.week_from")
    first: date = place.date_input(label, min_value=earliest, max_value=latest, format=say("page.date_format"), key="first") or now
    st.session_state["kept_first"] = first
    if first != now:
        st.query_params["from"] = first.isoformat()
    elif "from" in st.query_params:
        del st.query_params["from"]
    return first


def _date(text: str) -> date | None:
    """A date from the page's address, where anybody may have typed anything."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
