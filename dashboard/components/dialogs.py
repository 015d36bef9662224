"""Explanations that open over a page; Esc closes them, and the page stays as it was."""

from __future__ import annotations

from typing import Any

import streamlit as st
from components.explanation import Explanation, show_explanation
from data import Key, ask, say


def open_why(key: Key, at: Any, length: str) -> None:
    """Why the slot that starts at ``at`` (or at which a double booking begins, by its id) is offered or not."""
    _dialog()(lambda desk: desk.explain(*key, at, length=length))


def open_why_booked(appointment_id: str) -> None:
    """Why a booking could be made where it lies: as was known when it was made."""
    _dialog()(lambda desk: desk.explain_appointment(appointment_id))


def _dialog() -> Any:
    return st.dialog(say("page.why"), width="large", on_dismiss="rerun")(_explained)


def _explained(question: Any) -> None:
    found, address = ask(lambda desk: _with_address(desk, question(desk)))
    if st.button(say("page.why.open"), icon=":material/open_in_new:", key="open_why"):
        st.switch_page("app_pages/why.py", query_params=address)
    show_explanation(found)


def _with_address(desk: Any, found: Explanation) -> tuple[Explanation, dict[str, str]]:
    return found, desk.explain_address(found, pinned=False)
