"""The permanent link of an explanation: the page's address says what is asked, and of which knowledge."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import streamlit as st
from data import Key

NAMES: Final = ("user", "at", "length", "known_at", "asked_at")
ASKED: Final = "why_asked"
"""The question of a link, as its address gave it, for as long as the reader asks nothing else."""
WRITTEN: Final = "why_written"
"""The address this page wrote itself."""
SHOWN: Final = "why_shown"
"""The user shown while a link is asked: its own, or the first one where its own is not the reader's to see."""


def follow_link() -> None:
    """Begin with what the address asks, unless it is the one this page wrote."""
    address = {name: st.query_params[name] for name in NAMES if name in st.query_params}
    if "at" not in address or address in (st.session_state.get(WRITTEN), st.session_state.get(ASKED)):
        return
    try:
        wall = datetime.fromisoformat(address["at"]).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        return  # anybody may have typed anything there; then it asks nothing
    forget_link()
    sub_account, _, user_id = address.get("user", "").partition("/")
    st.session_state[ASKED] = address
    st.session_state["user"] = (sub_account, user_id)
    st.session_state["why_day"], st.session_state["why_time"] = wall.date(), wall.time()
    st.session_state["why_length"] = address.get("length", "30m")


def link_asked(shown: Key) -> dict[str, str] | None:
    """The link's question, as long as nobody chose another user; whether its own may be seen, the library says."""
    if ASKED in st.session_state and st.session_state.setdefault(SHOWN, shown) != shown:
        forget_link()
    asked: dict[str, str] | None = st.session_state.get(ASKED)
    return asked


def forget_link() -> None:
    """The reader asks something else now."""
    st.session_state.pop(ASKED, None)
    st.session_state.pop(SHOWN, None)


def write_link(address: dict[str, str]) -> None:
    """Make the page's address the permanent link of what it shows."""
    st.session_state[WRITTEN] = address
    st.query_params.from_dict(address)
