"""Which part of a page is shown."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from data import say


def choose_view(page: str, views: Sequence[str]) -> str:
    """One of a page's views; their names are the sentences ``page.<page>.view_<view>``."""
    chosen: str = st.radio(
        say(f"page.{page}.view"),
        views,
        format_func=lambda view: say(f"page.{page}.view_{view}"),
        horizontal=True,
        label_visibility="collapsed",
        key=f"view_{page}",
    )
    return chosen
