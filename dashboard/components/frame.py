"""What stands beside every page: in which language it speaks, who reads, and the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from data import LANGUAGE, LANGUAGES, choose_language, one_line, say, sign_in_way, sign_out


def show_pages(sections: Mapping[str, Sequence[Any]]) -> None:
    """The way to every page, by section."""
    for section, pages in sections.items():
        st.markdown(f"**{section}**")
        for page in pages:
            st.page_link(page)
    st.divider()


def show_language() -> None:
    """In which language everything is said; chosen once, it stays for the session."""
    names, spoken = list(LANGUAGES), choose_language()
    st.session_state[LANGUAGE] = spoken
    st.selectbox(say("page.language"), names, format_func=LANGUAGES.__getitem__, key=LANGUAGE)


def show_way_out() -> None:
    """The button that ends a session; also where an account may sign in, and has no role here."""
    if sign_in_way() != "open" and st.button(say("page.sign_out"), icon=":material/logout:"):
        sign_out()
        st.rerun()


def show_reader(reader: Any) -> None:
    """Who reads, and what they may see."""
    where = say("page.everywhere") if reader.sub_accounts is None else ", ".join(sorted(reader.sub_accounts))
    role = say("page.role_and_reach", role=say(f"page.post.{reader.role}"), where=one_line(where))
    st.caption(say("page.reader"))
    st.text(f"{one_line(reader.name)}\n{role}")
