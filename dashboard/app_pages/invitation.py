"""What a person sees under the link they were sent: the guide, account and password, their calendars, and nothing else."""

from __future__ import annotations

from typing import Any

import streamlit as st
from components.configuring import configure
from components.connecting import connecting, show_guide, show_result
from components.credentials import ask_password, tell_stages
from components.frame import show_language
from components.syncing import show_synced, watch_sync
from data import in_zone, invited, one_line, say, trying

CARRY_ON, ROWS, CHOSEN = "carry_on", "invited_found", "invited_chosen"


def to_connect(link: Any) -> None:
    """Provider, guide, account and password; with success the link is used up, and what follows has a token of its own."""
    found = connecting(lambda provider, account, password, url, report: link.connect(provider, account, password, url, report=report))
    if found is not None:
        _carry_on(found["carry_on"])


def to_reconnect(link: Any) -> None:
    """The new password of an account that is known already."""
    accounts = {row["integration_id"]: row for row in link.accounts()}
    if not accounts:
        st.info(say("page.nothing_to_reconnect"))
        return
    chosen = st.selectbox(say("page.account"), list(accounts), format_func=lambda one: one_line(accounts[one]["account_name"]))
    account = accounts[chosen]
    if account["provider"] == "icloud":
        show_guide()
    password = ask_password(account["provider"], account["account_name"], say("page.reconnect"))
    if password is not None:
        with tell_stages(say("page.discovering")) as told:
            healed = trying(lambda: link.reconnect(chosen, password, report=told.stage), account["provider"])
            told.end(well=healed is not None)
        if healed is not None:
            _carry_on(healed["carry_on"])


def to_choose(link: Any) -> None:
    """Which calendars block and which one is written to; then the first sync."""
    rows = trying(link.calendars)
    if rows is None:
        return
    if st.session_state.get(CHOSEN):
        st.success(say("page.invited_done"), icon=":material/check_circle:")
        if st.session_state.pop("sync_first", False):
            watch_sync(lambda report: link.sync(report=report))
        show_synced()
        st.text(say("page.may_close"))
        return
    show_result(rows)
    if configure(link, rows, "invited", may_move=False) is not None:
        st.session_state.update({CHOSEN: True, "sync_first": True})
        st.rerun()


def _carry_on(token: Any) -> None:
    st.session_state[CARRY_ON] = token
    st.rerun()


heading, tongue = st.columns([3, 1])
heading.title(say("page.invitation"))
with tongue:
    show_language()
link = invited(st.session_state.get(CARRY_ON) or st.query_params["invite"])
st.text(say("page.invitation_for", name=one_line(link.user_name), sub_account=one_line(link.sub_account_name)))
if link.connected:
    to_choose(link)
else:
    st.caption(say("page.invitation_until", until=in_zone(link.expires_at, st.context.timezone or "UTC")))
    to_reconnect(link) if link.purpose == "reconnect" else to_connect(link)
