"""The address of an explanation: it says what is asked, and where that is not now, of which knowledge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import streamlit as st
from data import Key, Row, to_wall

NAMES: Final = ("user", "at", "length", "known_at", "asked_at")
ASKED: Final = "why_asked"
"""The question of a link, as its address gave it, for as long as the reader asks nothing else."""
WRITTEN: Final = "why_written"
"""The address this page wrote itself."""
SHOWN: Final = "why_shown"
"""The user a link is about, while it is asked; also one whom the reader may not see."""


def follow_link(users: Sequence[Row]) -> None:
    """Begin with what the address asks, unless it is the one this page wrote. A moment with a zone is shown as the user's clocks do."""
    address = {name: st.query_params[name] for name in NAMES if name in st.query_params}
    if "at" not in address or address in (st.session_state.get(WRITTEN), st.session_state.get(ASKED)):
        return
    try:
        asked = datetime.fromisoformat(address["at"])
    except ValueError:
        return  # anybody may have typed anything there; then it asks nothing
    forget_link()
    sub_account, _, user_id = address.get("user", "").partition("/")
    zone = next((user["time_zone"] for user in users if (user["sub_account"], user["user_id"]) == (sub_account, user_id)), None)
    wall = (to_wall(asked, zone) if zone and asked.tzinfo else asked).replace(tzinfo=None, second=0, microsecond=0)
    st.session_state[ASKED] = address
    st.session_state["user"] = (sub_account, user_id)
    st.session_state["why_day"], st.session_state["why_time"] = wall.date(), wall.time()
    st.session_state["why_length"] = address.get("length", "30m")


def asked_user() -> Key | None:
    """Whom the link asks about, as long as it is asked."""
    if ASKED not in st.session_state:
        return None
    sub_account, _, user_id = st.session_state[ASKED].get("user", "").partition("/")
    return sub_account, user_id


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
    """Make the page's address that of what it shows. Each writing is an entry of the browser's history, so nothing is written twice."""
    st.session_state[WRITTEN] = address
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)


def leave_link() -> None:
    """On another page the address keeps nothing of a question that was asked on this one, whichever way led there."""
    for name in NAMES[1:]:
        if name in st.query_params:
            del st.query_params[name]
