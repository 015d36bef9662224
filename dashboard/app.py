"""The entry point: the frame around the pages. Start it with ``icalsync dashboard``."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from app_pages.signing_in import show_sign_in
from components.frame import show_language, show_pages, show_reader, show_way_out
from components.links import leave_link
from components.window import tell_window
from data import choose_language, desk, framed, say, sign_in_way, signed_in

# An icon of our own: Streamlit fetches those it knows by name from another host.
ICON = Path(__file__).with_name("icon.svg").read_text(encoding="utf-8")
SIDEBAR = 256  # pixels: a tablet held upright shows a page beside it
# By section: the file of each page, whose title is ``page.<file>``, and its sign.
PAGES = {
    "calendar": {"availability": "calendar_month", "why": "help", "bookings": "event_available", "double_bookings": "event_busy"},
    "settings": {"connections": "sync", "configuration": "tune"},
    "operation": {"health": "monitor_heart"},
}


def page(name: str, sign: str) -> st.Page:
    """A page with its title in the reader's language; its address stays the same in all."""
    return st.Page(f"app_pages/{name}.py", title=say(f"page.{name}"), icon=f":material/{sign}:", default=name == "availability")


def frame() -> None:
    """Who opens an invitation sees its page and nothing else; who has to sign in, that form; everybody else the page they chose."""
    if "invite" in st.query_params:
        tell_window()
        st.navigation([st.Page("app_pages/invitation.py", title=say("page.invitation"))], position="hidden").run()
        return
    entered = signed_in()
    sections = {say(f"page.section.{section}"): [page(*each) for each in pages.items()] for section, pages in PAGES.items()}
    # All pages stand in it before signing in, too, so that the address of one leads there afterwards. Its own list of them, with
    # sections, is none to a screen reader (axe: list, listitem), so the frame draws one.
    chosen = st.navigation(sections, position="hidden")
    by_provider = sign_in_way() == "oidc"
    if not entered:
        tell_window("remember" if by_provider else "stay")
        show_sign_in()
        return
    tell_window("return" if by_provider else "stay")
    with st.sidebar:
        show_pages(sections)
        show_language()
        who = st.container()
        show_way_out()
    with who:
        show_reader(desk().reader)
    if chosen.url_path != "why":
        leave_link()
    chosen.run()


st.set_page_config(page_icon=ICON, layout="wide", initial_sidebar_state=SIDEBAR)
choose_language()
with framed():
    frame()
