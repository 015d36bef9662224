"""When a user is free, what blocks the rest, and how complete that answer is."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st
from data import ask

from icalsync.clock import SystemClock
from icalsync.core.zones import to_zone
from icalsync.messages import say

SLOT_COLUMNS = ["starts_at", "ends_at"]
BUSY_COLUMNS = ["starts_at", "ends_at", "busyness", "reason", "source", "calendar_id"]

st.title(say("page.availability"))

users = ask(lambda app: app.users())
if not users:
    st.info(say("page.nobody"))
    st.stop()
who, when, how_long = st.columns(3)
user = who.selectbox(say("page.user"), users, format_func=lambda row: f"{row['sub_account']} – {row['name']}")
today = to_zone(SystemClock().now(), user["time_zone"]).date()
day = when.date_input(say("page.week_from"), today)
length = how_long.selectbox(say("page.length"), ["30m", "15m", "45m", "1h", "2h"])

key = user["sub_account"], user["user_id"]
end = day + timedelta(days=7)
coverage = ask(lambda app: app.coverage(*key))
if coverage["complete"]:
    st.success(say("page.complete", as_of=coverage["as_of"] and to_zone(coverage["as_of"], user["time_zone"]).strftime("%Y-%m-%d %H:%M")))
else:
    st.warning(say("warn.incomplete"))
    st.dataframe(coverage["missing"])

free, blocked = st.columns(2)
free.header(say("page.free_slots"))
slots = ask(lambda app: app.slots(*key, day, end, length=length))
free.dataframe(slots[SLOT_COLUMNS], hide_index=True)
blocked.header(say("page.busy"))
busy = ask(lambda app: app.busy(*key, day, end))
blocked.dataframe(busy[BUSY_COLUMNS], hide_index=True)
st.caption(say("page.zone", zone=user["time_zone"]))
