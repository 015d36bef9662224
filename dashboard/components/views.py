"""Which part of a page is shown."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from components.keeping import keep, restore
from data import say


def choose_view(page: str, views: Sequence[str]) -> str:
    """One of a page's views, for as long as nobody chooses another; their names are the sentences ``page.<page>.view_<view>``."""
    key = f"view_{page}"
    restore(key, views)
    chosen: str = st.radio(
        say(f"page.{page}.view"),
        views,
        format_func=lambda view: say(f"page.{page}.view_{view}"),
        horizontal=True,
        label_visibility="collapsed",
        key=key,
    )
    keep(key)
    return chosen


def turn_to(page: str, view: str) -> None:
    """Show that view from the next run on; for what a button does."""
    st.session_state[f"view_{page}"] = view
