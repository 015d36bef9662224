"""Account and password, checked as they are typed. A password leaves the session's state in the moment it is used (S4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import streamlit as st
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
    """Begin with empty fields: what was typed for one account never stands in the form of another."""
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
    clicked = st.button(button, key="typed_send", type="primary", on_click=_take, args=(provider, account))
    secret = _taken.get() if clicked else None
    _taken.set(None)
    if clicked and secret is None:
        st.error(say("page.fill_in"), icon=":material/error:")
    return secret


def _take(provider: str, account: str | None) -> None:
    """Runs before the page does: the password goes from the field to where only this one run sees it."""
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


class Stages:
    """The steps of a discovery, told as they are reached."""

    def __init__(self, place: Any) -> None:
        self._place = place

    def stage(self, name: str) -> None:
        """The next step has begun."""
        self._place.update(label=say(f"desk.stage.{name}"))
        self._place.text(say(f"desk.stage.{name}"))

    def end(self, *, well: bool) -> None:
        """Nothing more is tried."""
        label = say("page.discovered") if well else say("page.went_wrong")
        self._place.update(label=label, state="complete" if well else "error", expanded=not well)


@contextmanager
def tell_stages(label: str) -> Iterator[Stages]:
    """A box in which the steps appear one by one; what goes wrong inside it is said there."""
    with st.status(label, expanded=True) as place:
        yield Stages(place)
