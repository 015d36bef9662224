"""The dashboard's only door into icalsync. Every call opens the database for as long as it lasts, so a running sync is never held up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

import icalsync
from icalsync.app import App
from icalsync.errors import IcalsyncError

Answer = TypeVar("Answer")


def ask(question: Callable[[App], Answer]) -> Answer:
    """The library's answer; an error ends the page with its sentence and next step, as the command line would print them."""
    try:
        return question(icalsync.open())
    except IcalsyncError as error:
        st.error(error.message)
        st.info(error.next_step)
        st.stop()
