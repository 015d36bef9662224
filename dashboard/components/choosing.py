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


def choose_user(place: DeltaGenerator, users: Sequence[Row], asked: Key | None = None) -> Row:
    """One of the users; the address names the chosen one (``?user=ACME/anna``).

    While somebody is ``asked`` for who is not among them (a link in a ticket), nobody is chosen, and the address stays as it is.
    """
    by_key: dict[Key, Row] = {(user["sub_account"], user["user_id"]): user for user in users}
    sub_account, _, user_id = st.query_params.get("user", "").partition("/")
    chosen, kept, named = st.session_state.get("user"), st.session_state.get("kept_user"), (sub_account, user_id)
    wanted = (named, chosen, kept) if _turned("user") else (chosen, kept, named)
    stranger = asked is not None and asked not in by_key and chosen not in by_key
    # Set at each run: on another page the same key is another widget, and would begin with the first user.
    st.session_state["user"] = None if stranger else next((key for key in wanted if key in by_key), next(iter(by_key)))
    key = place.selectbox(
        say("page.user"),
        list(by_key),
        None if stranger else 0,
        lambda key: called(by_key[key]),
        key="user",
        placeholder=say("page.user_none"),
    )
    if key is None:
        sub_account, user_id = asked or named
        return {"sub_account": sub_account, "user_id": user_id, "name": "", "time_zone": "UTC"}
    st.session_state["kept_user"] = key
    if sub_account or chosen is None or kept != key:  # Back to an address that names nobody stays there
        _write("user", "/".join(key))
    return by_key[key]


def called(user: Row) -> str:
    """``Anna Berger (ACME/anna)``, on one line."""
    return f"{one_line(user['name'])} ({user['sub_account']}/{user['user_id']})"


def choose_first_day(place: DeltaGenerator, now: date) -> date:
    """The first of the days a page shows; ``now`` unless the address says another (``?from=2026-11-23``)."""
    earliest, latest = now - FARTHEST, now + FARTHEST
    chosen, kept, named = st.session_state.get("first"), st.session_state.get("kept_first"), _date(st.query_params.get("from", ""))
    # Back to an address without a day is back to the present one; from another page one comes back to the day that was chosen.
    wanted = (named or (chosen and now), chosen, kept) if _turned("from") else (chosen, kept, named)
    st.session_state["first"] = min(max(next(filter(None, wanted), now), earliest), latest)
    label = say("page.week_from")
    first: date = place.date_input(label, min_value=earliest, max_value=latest, format=say("page.date_format"), key="first") or now
    st.session_state["kept_first"] = first
    _write("from", first.isoformat() if first != now else "")
    return first


def _turned(name: str) -> bool:
    """Whether the address says something else than what this page wrote there last: by Back in the browser, or by a link."""
    return st.query_params.get(name, "") != st.session_state.get(f"written_{name}", "")


def _write(name: str, value: str) -> None:
    """Say it in the address; only what is new, because each time makes a step for Back in the browser."""
    if value and st.query_params.get(name) != value:
        st.query_params[name] = value
    elif not value and name in st.query_params:
        del st.query_params[name]
    st.session_state[f"written_{name}"] = value


def _date(text: str) -> date | None:
    """A date from the page's address, where anybody may have typed anything."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
