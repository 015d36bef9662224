"""Calendar configuration: which calendar bookings are written to, which ones block, and the first sync."""

from __future__ import annotations

import streamlit as st
from components.calendars import names_of, show_all
from components.choosing import choose_user
from components.configuring import configure
from components.preview import show_preview
from components.syncing import show_synced, watch_sync
from data import Key, Row, ask, desk, end_page, people, say


class AtDesk:
    """Choosing for one user, at the reader's desk."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def preview(self, **choice: object) -> object:
        """What a choice would mean for the coming 30 days."""
        return desk().preview(*self._key, **choice)

    def choose(self, **choice: object) -> list[Row]:
        """Save exactly this choice."""
        return desk().choose(*self._key, **choice)


def just_look(rows: list[Row], key: Key) -> None:
    """What is chosen and what it means, for readers who may not change it."""
    st.info(say("page.only_admins"), icon=":material/lock:")
    linked = next((row["calendar_id"] for row in rows if "LINKED" in row["roles"]), None)
    conflicts = [row["calendar_id"] for row in rows if "CONFLICT" in row["roles"]]
    if desk().may("preview"):
        show_preview(ask(lambda desk: desk.preview(*key, linked=linked, conflicts=conflicts)), rows)


def syncing(key: Key) -> None:
    """Fetch everything now, watched."""
    st.header(say("page.first_sync"))
    st.text(say("page.first_sync_says"))
    if st.button(say("page.sync_now"), icon=":material/sync:", key="sync_now"):
        watch_sync(lambda report: desk().sync(*key, report=report))


def checking(rows: list[Row], key: Key) -> None:
    """Ask the server about one calendar, now."""
    names = names_of([row for row in rows if row["selectable"]])
    chosen = st.selectbox(say("page.check_which"), list(names), format_func=names.__getitem__, key="check_which")
    if st.button(say("page.check_now"), icon=":material/fact_check:", key="check_now"):
        watch_sync(lambda report: desk().check_calendar(*key, chosen, report=report))


st.title(say("page.configuration"))
user = choose_user(st.container(), people())
key, zone = (user["sub_account"], user["user_id"]), user["time_zone"]
rows = ask(lambda desk: desk.calendars(*key))
if not rows:
    st.info(say("page.no_calendars"))
    st.page_link("app_pages/connections.py", label=say("page.to_connections"), icon=":material/sync:")
    end_page()
if st.session_state.get("saved"):
    st.success(say("page.saved"), icon=":material/check_circle:")
if st.session_state.pop("sync_first", False):
    watch_sync(lambda report: desk().sync(*key, report=report))
st.session_state.pop("saved", None)
show_synced()
if not desk().may("choose"):
    just_look(rows, key)
elif configure(AtDesk(key), rows, "/".join(key)) is not None:
    st.session_state.update({"saved": True, "sync_first": any(row["last_synced_at"] is None for row in rows if row["selectable"])})
    st.rerun()
if desk().may("sync"):
    syncing(key)
st.header(say("page.calendars"))
show_all(rows, zone)
if desk().may("check_calendar") and any(row["selectable"] for row in rows):
    checking(rows, key)
st.caption(say("page.zone", zone=zone))
