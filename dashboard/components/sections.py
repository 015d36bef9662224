"""A page of lists: what there is to tell first, and what there is not in a line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from data import say


def show_sections(sections: dict[str, tuple[Sequence[Any], Callable[[], None]]]) -> None:
    """A heading with its number and the list below it; what has nothing to list is said in one line each at the end."""
    for key, (rows, draw) in sections.items():
        if rows:
            st.header(say(f"page.health.{key}", number=len(rows)))
            draw()
    for key, (rows, _) in sections.items():
        if not rows:
            st.markdown(f":material/check_circle: {say(f'page.health.{key}_none')}")
