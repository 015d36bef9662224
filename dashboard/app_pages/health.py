"""How things are going: what needs somebody now, runs and lag, and what cannot be read."""

from __future__ import annotations

import streamlit as st
from components.alerts import show_alerts
from components.attention import show_errors, show_lost, show_nobody, show_silent
from components.operation import show_lag, show_runs
from components.removals import show_removals
from components.sections import show_sections
from components.todo import things
from components.unreadable import lead_to_quarantine, show_quarantine
from components.views import choose_view
from data import ask, say

AHEAD = 14
"""Days ahead in which everybody should have some availability."""


def attention() -> None:
    """The most pressing first; errors that are over are history."""
    alerts, held, every, lost, silent = ask(
        lambda desk: (desk.alerts(), desk.held_removals(), desk.errors(), desk.lost_rights(), desk.silent())
    )
    unreadable, accounts, users = ask(lambda desk: (desk.quarantine(), desk.connections(), desk.people()))
    errors = [row for row in every if not row["healed"]]
    total = things(alerts, held, errors, lost, silent, unreadable)
    if total:
        st.warning(say("page.health.attention_says", number=total), icon=":material/warning:")
    else:
        st.success(say("page.health.all_well"), icon=":material/check_circle:")
    show_sections(
        {
            "alerts": (alerts, lambda: show_alerts(alerts, accounts, users, zone)),
            "removals": (held, lambda: show_removals(held, zone)),
            "errors": (errors, lambda: show_errors(errors, zone)),
            "lost": (lost, lambda: show_lost(lost, zone)),
            "silent": (silent, lambda: show_silent(silent)),
            "quarantine": (unreadable, lambda: lead_to_quarantine(unreadable)),
        }
    )


def ahead() -> None:
    """Who has no availability at all; everybody's coming days are judged for it, which takes a moment."""
    nobody = ask(lambda desk: desk.without_availability(days=AHEAD))
    show_sections({"nobody": (nobody, lambda: show_nobody(nobody))})


def history() -> None:
    """How late each account is, what ran, and which errors are over."""
    lag, runs, errors = ask(lambda desk: (desk.lag(), desk.runs(), desk.errors()))
    over = [row for row in errors if row["healed"]]
    show_sections({"lag": (lag, lambda: show_lag(lag)), "runs_of_day": (runs, lambda: show_runs(runs, zone))})
    if over:
        show_sections({"healed": (over, lambda: show_errors(over, zone))})


st.title(say("page.health"))
zone = st.context.timezone or "UTC"
if done := st.session_state.pop("health_done", None):
    st.success(done, icon=":material/check_circle:")
view = choose_view("health", ["attention", "ahead", "history", "quarantine"])
if view == "attention":
    attention()
elif view == "ahead":
    ahead()
elif view == "history":
    history()
else:
    unreadable = ask(lambda desk: desk.quarantine())
    show_sections({"quarantine": (unreadable, lambda: show_quarantine(unreadable, zone))})
st.caption(say("page.zone", zone=zone))
st.button(say("page.refresh"), icon=":material/refresh:")
