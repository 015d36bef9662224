"""What a person sees under the link they were sent: the guide, account and password, their calendars, and nothing else."""

from __future__ import annotations

from typing import Any

import streamlit as st
from components.attempting import attempt_runs, begin_attempt, came_off, watch_attempt
from components.connecting import connecting, show_guide
from components.credentials import ask_password
from components.frame import show_language
from components.going_on import to_choose
from data import in_zone, invited, one_line, say

CARRY_ON = "carry_on"


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
        begin_attempt(lambda told: link.reconnect(chosen, password, report=told), f"{account['provider']}.reconnect")
    healed = watch_attempt()
    if healed is not None:
        _carry_on(healed["carry_on"])


def _carry_on(token: Any) -> None:
    """From now on the page's address is that of going on, for an hour: who loads it anew goes on choosing."""
    st.session_state[CARRY_ON] = token
    st.query_params["invite"] = token.reveal()
    st.rerun()


heading, tongue = st.columns([3, 1])
heading.title(say("page.invitation"))
with tongue:
    show_language()
if attempt_runs():  # a click meanwhile: the link may be used up any moment, so what comes of it is waited for
    watch_attempt()
if (found := came_off()) is not None:  # the link is used up by now
    _carry_on(found["carry_on"])
link = invited(st.session_state.get(CARRY_ON) or st.query_params["invite"])
st.text(say("page.invitation_for", name=one_line(link.user_name), sub_account=one_line(link.sub_account_name)))
if link.connected:
    to_choose(link)
else:
    st.caption(say("page.invitation_until", until=in_zone(link.expires_at, st.context.timezone or "UTC")))
    to_reconnect(link) if link.purpose == "reconnect" else to_connect(link)
