"""The entry point: the frame around the pages. Start it with ``icalsync dashboard``."""

from __future__ import annotations

import streamlit as st

from icalsync.messages import say

st.set_page_config(page_title="icalsync", page_icon=":material/event_available:", layout="wide")
st.navigation(
    [
        st.Page("app_pages/availability.py", title=say("page.availability"), icon=":material/calendar_month:", default=True),
        st.Page("app_pages/connections.py", title=say("page.connections"), icon=":material/sync:"),
    ]
).run()
