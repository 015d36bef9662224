"""Tables as text: nothing in them is read as markdown, and they can be read aloud."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from data import say


def listing(headings: Sequence[str], widths: Sequence[float], rows: Sequence[Sequence[str]]) -> None:
    """A line of headings (keys of the catalogue), and each row below it, cell by cell."""
    with st.container(border=True):
        for column, heading in zip(st.columns(widths), headings, strict=True):
            column.markdown(f"**{say(heading)}**")
    for row in rows:
        with st.container(border=True):
            for column, text in zip(st.columns(widths), row, strict=True):
                column.text(text)
