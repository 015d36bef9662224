"""Account and password, checked as they are typed. A password leaves the session's state in the moment it is used (S4)."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

import streamlit as st
from components.attempting import attempt_runs, forget_attempt
from data import Secret, choose_language, say, troubles

ACCOUNT, URL = "typed_account", "typed_url"
TIMES = "typed_times"
"""How many passwords were used in this session: each is typed into a field of its own, and a field that is gone keeps nothing."""
_taken: ContextVar[Secret | None] = ContextVar("taken", default=None)
"""The password for the one run of the page that follows the click; no other place holds it."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person entered, in the right form."""

    account: str
    password: Secret
    url: str | None


def forget_typed() -> None:
    """Begin with empty fields: what was typed for one account, and what came of it, never stands in the form of another."""
    forget_attempt()
    st.session_state[TIMES] = st.session_state.get(TIMES, 0) + 1
    for key in (ACCOUNT, URL):
        st.session_state.pop(key, None)


def ask_credentials(provider: str, *, needs_url: bool) -> Typed | None:
    """Fields for an account; what was entered, once the button was clicked and the form is right."""
    choose_language()
    url = st.text_input(say("page.url"), key=URL, live=True, placeholder="https://", autocomplete="off") if needs_url else None
    _trouble(provider, "url", url=url)
    account = st.text_input(say(f"page.account_of.{provider}"), key=ACCOUNT, live=True, autocomplete="off")
    _trouble(provider, "account", account=account)
    password = ask_password(provider, None, say("page.connect"))
    return None if password is None else Typed(account.strip(), password, url)


def ask_password(provider: str, account: str | None, button: str) -> Secret | None:
    """The field for a password; the password, in the one run after the click. ``account`` is None where it is typed, too."""
    typed = st.text_input(say(f"page.password_of.{provider}"), type="password", key=_field(), live=True, autocomplete="off")
    _trouble(provider, "password", password=typed)
    st.text(say("page.password_kept"))
    secret = _taken.get()
    under_way = secret is not None or attempt_runs()  # a second click is none
    clicked = st.button(button, key="typed_send", type="primary", disabled=under_way, on_click=_take, args=(provider, account))
    _taken.set(None)
    if clicked and not under_way:
        st.error(say("page.fill_in"), icon=":material/error:")
    return secret


def _take(provider: str, account: str | None) -> None:
    """Runs before the page does: the password goes from the field to where only this one run sees it."""
    if attempt_runs():
        return
    forget_attempt()
    typed, password = st.session_state, st.session_state.get(_field(), "")
    account, url = (typed.get(ACCOUNT, ""), typed.get(URL)) if account is None else (account, None)
    if password and not troubles(provider, account, password, url):
        _taken.set(Secret(password))
        st.session_state[TIMES] = st.session_state.get(TIMES, 0) + 1


def _field() -> str:
    return f"typed_password_{st.session_state.get(TIMES, 0)}"


def _trouble(provider: str, field: str, **typed: str | None) -> None:
    """What is wrong with what stands in a field so far; nothing while it is empty."""
    says = troubles(provider, **typed).get(field) if typed[field] else None
    if says:
        st.warning(says, icon=":material/edit:")
