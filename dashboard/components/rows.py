"""Lists whose rows can be acted on, and long lists a part at a time. Every cell is text: nothing in it is read as markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import streamlit as st
from components.listing import listing
from data import say

One = TypeVar("One")
Act = Callable[[Any], None]
"""Draws what may be done with a row into the place it has for that."""

AT_ONCE: Final = 20
"""How many rows a list shows: more take a browser longer to draw than a person to turn the page."""


def short(identifier: str) -> str:
    """The first digits of an identifier: enough to tell it from the others on a page. The whole one stands where it can be copied."""
    return identifier[:8]


def show_acts_below(headings: Sequence[str], widths: Sequence[float], rows: Sequence[Sequence[str]], acts: Sequence[Act]) -> None:
    """A list whose rows have more buttons than a column of a tablet has room for: they stand below each row's text, side by side."""
    listing(headings, widths, ())
    for row, act in zip(rows, acts, strict=True):
        with st.container(border=True):
            for column, text in zip(st.columns(widths), row, strict=True):
                column.text(text)
            act(st.container(horizontal=True, vertical_alignment="center"))


def show_rows(headings: Sequence[str], widths: Sequence[float], rows: Sequence[Sequence[str]], acts: Sequence[Act]) -> None:
    """A list with its headings (keys of sentences), and beside each row its ``acts``, in a last column of their own."""
    with st.container(border=True):
        for column, heading in zip(st.columns(widths), headings, strict=False):
            column.markdown(f"**{say(heading)}**")
    for row, act in zip(rows, acts, strict=True):
        with st.container(border=True):
            columns = st.columns(widths)
            for column, text in zip(columns, row, strict=False):
                column.text(text)
            act(columns[-1])


def part_of(rows: Sequence[One], name: str, most: int = AT_ONCE) -> Sequence[One]:
    """The rows of the part that is looked at; where there are several parts, with the way to the others above them."""
    if len(rows) <= most:
        return rows
    key, last = f"part_{name}", (len(rows) - 1) // most
    at = min(st.session_state.get(key, 0), last)
    first, end = at * most, min(len(rows), (at + 1) * most)
    with st.container(horizontal=True, vertical_alignment="center"):
        turn(key, at - 1, "earlier", ":material/chevron_left:", possible=at > 0)
        st.text(say("page.rows.shown", first=first + 1, last=end, all=len(rows)))
        turn(key, at + 1, "later", ":material/chevron_right:", possible=at < last)
    return rows[first:end]


def turn(key: str, part: int, way: str, icon: str, *, possible: bool) -> None:
    """The button to the part before or after."""
    st.button(say(f"page.rows.{way}"), icon=icon, key=f"{key}_{way}", disabled=not possible, on_click=_go, args=(key, part))


def _go(key: str, part: int) -> None:
    st.session_state[key] = part
