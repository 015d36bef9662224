"""The entry point: the frame around the pages. Start it with ``icalsync dashboard``."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from data import say

# An icon of our own: Streamlit fetches those it knows by name from another host.
st.set_page_config(page_title="icalsync", page_icon=Path(__file__).with_name("icon.svg").read_text(encoding="utf-8"), layout="wide")
st.navigation(
    [
        st.Page("app_pages/availability.py", title=say("page.availability"), icon=":material/calendar_month:", default=True),
        st.Page("app_pages/connections.py", title=say("page.connections"), icon=":material/sync:"),
    ],
    position="top",
).run()
