"""Connected accounts with their health and whom they serve, and what each calendar may be used for."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from data import ask

from icalsync.messages import say

ACCOUNT_COLUMNS = ["account_name", "provider", "status", "status_reason", "last_success_at", "serves", "integration_id"]
CALENDAR_COLUMNS = ["display_name", "access", "selectable", "not_selectable_reason", "roles", "objects", "last_synced_at", "calendar_id"]

st.title(say("page.connections"))

accounts = ask(lambda app: app.integrations())
if not accounts:
    st.info(say("page.nothing_connected"))
    st.stop()
for account in accounts:
    account["serves"] = ", ".join(f"{user['sub_account']}/{user['user_id']}" for user in account["users"])
st.dataframe(pd.DataFrame(accounts).reindex(columns=ACCOUNT_COLUMNS), hide_index=True)

st.header(say("page.calendars"))
users = ask(lambda app: app.users())
chosen = st.selectbox(say("page.user"), users, format_func=lambda user: f"{user['sub_account']} – {user['name']}")
if chosen is not None:
    key = chosen["sub_account"], chosen["user_id"]
    roles: dict[str, list[str]] = {}
    for role in ask(lambda app: app.roles(*key)):
        roles.setdefault(role["calendar_id"], []).append(role["role"])
    calendars = [row | {"roles": ", ".join(sorted(roles.get(row["calendar_id"], [])))} for row in ask(lambda app: app.calendars(*key))]
    st.dataframe(pd.DataFrame(calendars).reindex(columns=CALENDAR_COLUMNS), hide_index=True)
