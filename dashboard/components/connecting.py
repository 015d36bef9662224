"""Connecting an account step by step: provider, guide, account and password, discovery, what was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st
from components.attempting import attempt_runs, begin_attempt, watch_attempt
from components.calendars import show_found
from components.credentials import ask_credentials, forget_typed
from data import GUIDE_URL, Key, Row, guide, providers, say

STEP: Final = "connecting"
"""Which step is shown: ``provider``, ``guide``, ``credentials``, ``found``; absent where nobody is connecting."""
PROVIDER: Final = "connecting_provider"
CHOICE: Final = "connecting_choice"
FOUND: Final = "connecting_found"
FOR: Final = "connecting_for"
"""For whom: it stays so, whoever is looked at meanwhile."""
Connect = Callable[..., Row]
"""``connect(provider, account, password, url, report)`` of a desk or of an invitation: what was found; anything else is an error."""


def show_guide() -> None:
    """The steps to an app-specific password (R2), with the link and what most often is missing."""
    st.info(say("page.guide_why"), icon=":material/key:")
    for number, step in enumerate(guide(), 1):
        st.text(f"{number}. {step}")
    st.link_button(say("page.guide_open"), GUIDE_URL, icon=":material/open_in_new:")
    st.warning(say("page.guide_two_factor"), icon=":material/security:")
    st.caption(say("page.guide_revoked"))


def connecting(connect: Connect) -> Row | None:
    """One step of the way; the row ``connect`` gave, in the one run that follows its success."""
    known = {row["name"]: row for row in providers()}
    step, provider = st.session_state.get(STEP, "provider"), known[st.session_state.get(PROVIDER, next(iter(known)))]
    step = "credentials" if attempt_runs() else step
    st.markdown(f"**{say(f'page.step.{step}')}**")
    if step == "provider":
        _provider(known)
    elif step == "guide":
        show_guide()
        with st.container(horizontal=True):
            st.button(say("page.guide_done"), type="primary", on_click=_go, args=("credentials",))
            st.button(say("page.back"), on_click=_go, args=("provider",))
    elif step == "credentials":
        found = _credentials(provider, connect)
        st.button(say("page.back"), on_click=_go, args=("guide" if provider["app_specific_password"] else "provider",))
        return found
    return None


def show_result(rows: list[Row], *, folded: bool = False) -> None:
    """Every calendar that was found, what it may be used for, and why not; ``folded``, what cannot be chosen waits for a click."""
    usable, writable = sum(row["selectable"] for row in rows), sum(row["linkable"] for row in rows)
    st.success(say("page.connected", all=len(rows), usable=usable, writable=writable), icon=":material/check_circle:")
    if not writable:
        st.warning(say("page.none_writable"), icon=":material/warning:")
    show_found(rows, folded=folded)


def _provider(known: dict[str, Row]) -> None:
    names = list(known)
    st.radio(
        say("page.provider"),
        names,
        index=names.index(st.session_state.get(PROVIDER, names[0])),
        format_func=lambda name: say(f"page.provider.{name}"),
        captions=[say(f"page.provider_says.{name}") for name in names],
        key=CHOICE,
    )
    st.button(say("page.next"), type="primary", on_click=_go_on)


def _go_on() -> None:
    """From the provider to what it takes: the guide where it wants an app-specific password."""
    provider = st.session_state[CHOICE]
    guided = next(row["app_specific_password"] for row in providers() if row["name"] == provider)
    st.session_state.update({PROVIDER: provider, STEP: "guide" if guided else "credentials"})


def _credentials(provider: Row, connect: Connect) -> Row | None:
    typed = ask_credentials(provider["name"], needs_url=provider["needs_url"])
    if typed is not None:
        begin_attempt(lambda told: connect(provider["name"], typed.account, typed.password, typed.url, told), provider["name"])
    return watch_attempt()


def _go(step: str) -> None:
    st.session_state[STEP] = step


def begin(key: Key) -> None:
    """Somebody wants to connect an account for a user."""
    leave()
    st.session_state.update({STEP: "provider", FOR: key})


def leave() -> None:
    """Forget how far somebody came, and what they typed."""
    forget_typed()
    for key in (STEP, PROVIDER, FOUND, FOR):
        st.session_state.pop(key, None)
