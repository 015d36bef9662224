"""Connected accounts with their health and whom they serve, and what each calendar may be used for."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from components.choosing import choose_user
from data import Row, accounts, calendars, in_zone, people, say

MOST = 100  # accounts shown at once; those in trouble come first


def listing(headings: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
    """A table as text: nothing in it is read as markdown, and it can be read aloud."""
    with st.container(border=True):
        for column, heading in zip(st.columns(widths), headings, strict=True):
            column.markdown(f"**{say(heading)}**")
    for row in rows:
        with st.container(border=True):
            for column, text in zip(st.columns(widths), row, strict=True):
                column.text(text)


def account(row: Row, zone: str) -> tuple[str, ...]:
    """Which account, how it is, what to do, whom it serves."""
    health = [say(f"page.status.{row['status']}"), row["status_reason"] or ""]
    if row["status"] != "ok":
        health.append(say(f"page.next.{row['status']}", **row))
    serves = "\n".join(f"{user['sub_account']}/{user['user_id']}" for user in row["users"])
    name = f"{row['account_name']}\n{row['provider']}, {row['integration_id']}"
    return name, "\n".join(line for line in health if line), in_zone(row["last_success_at"], zone), serves


def calendar(row: Row, zone: str) -> tuple[str, ...]:
    """Which calendar, what it is to the user, whether it can be chosen or why not."""
    roles = "\n".join(say(f"page.role.{role}") for role in row["roles"]) or say("page.role.none")
    may = say(f"page.may.{row['access']}") if row["selectable"] else say("page.may.not", why=row["says"])
    name = f"{' '.join(row['display_name'].split())}\n{row['account_name']}, {row['calendar_id']}"
    return name, roles, may, str(row["objects"]), in_zone(row["last_synced_at"], zone)


st.title(say("page.connections"))

users = people()
zone = st.context.timezone or "UTC"
connected = accounts()
if not connected:
    st.info(say("page.nothing_connected"))
    st.text(say("page.nothing_connected_next"))
    st.stop()
ill = sum(row["status"] != "ok" for row in connected)
if ill:
    st.warning(say("page.some_ill", ill=ill, all=len(connected)), icon=":material/warning:")
else:
    st.success(say("page.all_well", all=len(connected)), icon=":material/check_circle:")
listing(
    ["page.account", "page.health", "page.last_success", "page.serves"],
    [4, 6, 3, 3],
    [account(row, zone) for row in connected[:MOST]],
)
if len(connected) > MOST:
    st.text(say("page.more_accounts", shown=MOST, all=len(connected)))

st.header(say("page.calendars"))
user = choose_user(st.container(), users)
listing(
    ["page.calendar", "page.role", "page.may", "page.objects", "page.last_synced"],
    [8, 4, 9, 3, 5],
    [calendar(row, zone) for row in calendars((user["sub_account"], user["user_id"]))],
)
st.caption(say("page.zone", zone=zone))
