"""What somebody typed or chose outlives a run in which its fields were not drawn: the database was in use, or another page open."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

import streamlit as st
from data import say

SENDING: Final = "form_sent"


def restore(key: str, among: Container[Any] | None = None) -> None:
    """Give a field what it held when it was drawn last; where it is a choice ``among`` some, only one of those."""
    if key not in st.session_state and f"kept_{key}" in st.session_state:
        st.session_state[key] = st.session_state[f"kept_{key}"]
    if among is not None and key in st.session_state and st.session_state[key] not in among:
        del st.session_state[key]


def keep(*keys: str) -> None:
    """Remember what fields hold: Streamlit forgets it with the fields."""
    for key in keys:
        st.session_state[f"kept_{key}"] = st.session_state.get(key)


def sending(form: str, who: str, *keys: str) -> None:
    """A form is being sent by ``who``: called before the page runs, which may end before it comes to the form."""
    st.session_state[SENDING] = True
    st.session_state[_draft(form)] = who, {key: st.session_state[key] for key in keys if key in st.session_state}


def being_sent() -> bool:
    """Whether a form is being sent in this very run: then nothing in it is chosen anew."""
    return SENDING in st.session_state


def resume(form: str, who: str) -> None:
    """Where that happened, the fields hold again what was typed into them; nobody else's, though."""
    whose, typed = st.session_state.get(_draft(form), (None, {}))
    if whose == who:
        for key, value in typed.items():
            st.session_state.setdefault(key, value)


def arrived(form: str, who: str, *, sent: bool) -> bool:
    """Whether the form was sent, and arrived; one that was sent and did not is told of."""
    st.session_state.pop(SENDING, None)
    if sent:
        st.session_state.pop(_draft(form), None)
    elif st.session_state.get(_draft(form), (None,))[0] == who:
        st.warning(say("page.book.nothing_done"), icon=":material/warning:")
    return sent


def _draft(form: str) -> str:
    return f"draft_{form}"
