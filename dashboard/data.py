"""The dashboard's only door into icalsync: who reads, their desk, what went wrong, and how moments are written.

Every question opens the database for as long as it lasts, so a running sync is never held up. Nothing is cached: who reads, and what they
may, is read anew at each run of a page (S4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import streamlit as st
from forgetting import forget_all_but

import icalsync
from icalsync.app import App
from icalsync.app.guiding import providers, troubles
from icalsync.clock import SystemClock
from icalsync.core.naming import one_line, plain
from icalsync.core.zones import to_zone
from icalsync.errors import IcalsyncError, SessionEnded
from icalsync.messages import GUIDE_URL, LANGUAGES, best_language, guide, knows, language, next_step_for, say, speak
from icalsync.ports import Secret
from icalsync.settings import load_settings

if TYPE_CHECKING:
    from icalsync.app.desk import Desk
    from icalsync.app.inviting import Invited

__all__ = [
    "GUIDE_URL",
    "LANGUAGE",
    "LANGUAGES",
    "App",
    "IcalsyncError",
    "Key",
    "Row",
    "Secret",
    "advice",
    "ask",
    "attempt",
    "choose_language",
    "day",
    "desk",
    "end_page",
    "framed",
    "guide",
    "in_zone",
    "invited",
    "knows",
    "language",
    "library",
    "number",
    "one_line",
    "people",
    "plain",
    "providers",
    "say",
    "show_error",
    "sign_in",
    "sign_in_way",
    "sign_out",
    "signed_in",
    "to_wall",
    "today",
    "troubles",
    "trying",
]

Answer = TypeVar("Answer")
Row = dict[str, Any]
Key = tuple[str, str]
"""Sub-account and user id."""

SESSION: Final = "session"
"""Where a signed-in reader's token stands in the session's state; nothing else of them is kept there."""
ENDED: Final = "session_ended"
"""Whether it is over; the sign-in says so."""
LANGUAGE: Final = "language"
RELAYS: Final = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
"""What a proxy adds to a request (RFC 7239, RFC 9110 §7.6.3, and what was usual before)."""


@dataclass(slots=True)
class _Run:
    """What one run of a page asks once: nothing of it outlives the run (S4)."""

    app: App | None = None
    way: str | None = None
    desk: Desk | None = None


_run: ContextVar[_Run | None] = ContextVar("run", default=None)


class PageEnded(Exception):
    """Nothing follows on this page. Unlike ``st.stop`` it lets Streamlit forget what was typed into fields that are gone (S4)."""


@contextmanager
def framed() -> Iterator[None]:
    """Around everything a run draws: where a page ends early, the run ends in good order."""
    kept = _run.set(_Run())
    try:
        with suppress(PageEnded):
            yield
    finally:
        _run.reset(kept)


def end_page() -> NoReturn:
    """Nothing follows on this page; to be used instead of ``st.stop``."""
    if _run.get() is not None:
        raise PageEnded
    st.stop()  # a fragment that runs alone


# --- who reads --------------------------------------------------------------------------------------------------------------------


def library() -> App:
    """The library on the database this dashboard was started for; for the frame and the invitation page, which have no desk."""
    run = _run.get() or _Run()
    run.app = run.app or icalsync.open()
    return run.app


def sign_in_way() -> str:
    """``open`` (this machine alone, no accounts), ``local`` (names and passwords) or ``oidc``; an error ends the page."""
    run = _run.get() or _Run()
    run.way = run.way or _or_stop(lambda: library().sign_in_way(st.get_option("server.address"), relayed=_relayed()))
    return run.way


def _relayed() -> bool:
    """Whether a proxy stands before this server. Headers never say who somebody is (S13), but that somebody else may come."""
    return any(name in st.context.headers for name in RELAYS)


def signed_in() -> bool:
    """Whether somebody reads: on this machine alone always, else who has signed in and whose session has not ended."""
    way = sign_in_way()
    if way == "oidc":  # an ended session's cookie lasts on, until the provider's next word takes its place
        return bool(st.user.get("is_logged_in")) and ENDED not in st.session_state
    return way == "open" or SESSION in st.session_state


def sign_in(name: str, password: Secret) -> None:
    """Begin a session; ``SignInRefused`` and ``SignInLocked`` are raised."""
    session = library().sign_in(name, password, source=st.context.ip_address or "")
    st.session_state[SESSION] = session.token
    st.session_state.pop(ENDED, None)


def sign_out() -> None:
    """End the reader's session, here and in the library."""
    token = st.session_state.get(SESSION)
    forget_all_but({LANGUAGE})
    if token is not None:
        _or_stop(lambda: library().sign_out(token))
    elif sign_in_way() == "oidc":
        st.logout()
        end_page()  # a rerun would drop what sends the browser to the provider: its cookie would stay, and a reload sign them in again


def desk() -> Desk:
    """The reader's desk, all that pages talk to (what runs alone gets its own); where nobody is signed in any more, the page ends."""
    run = _run.get() or _Run()
    run.desk = run.desk or _or_stop(_new_desk)
    return run.desk


def _new_desk() -> Desk:
    choose_language()
    app, way = library(), sign_in_way()
    if way == "open":
        return app.desk(app.open_reader(st.get_option("server.address"), relayed=_relayed()))
    if way == "oidc":
        return app.desk(app.oidc_reader(st.user.to_dict()))
    if SESSION not in st.session_state:
        raise SessionEnded
    return app.desk(app.signed_in(st.session_state[SESSION]))


def choose_language() -> str:
    """Speak the language the reader chose, else the one that was set, else their browser's; its code."""
    chosen = st.session_state.get(LANGUAGE) or _language_set() or best_language(st.context.locale)
    speak(chosen)
    return chosen


def _language_set() -> str | None:
    try:
        return load_settings().dashboard_language
    except IcalsyncError:
        return None  # the page that follows says what is wrong with the settings


def invited(token: str | Secret) -> Invited:
    """What the holder of an invitation may do; where it does not work (any more), the page ends with the reason."""
    return _or_stop(lambda: library().invitation(token))


# --- questions and deeds ----------------------------------------------------------------------------------------------------------


def ask(question: Callable[[Desk], Answer]) -> Answer:
    """What the desk answers, of one moment of the database; an error ends the page with its sentence and next step."""
    return _or_stop(lambda: desk().at_once(question))


def attempt(deed: Callable[[Desk], Answer], provider: str = "") -> Answer | None:
    """What came of something a person wants done; an error is said where it happened, and the page goes on (``None``)."""
    return trying(lambda: deed(desk()), provider)


def trying(deed: Callable[[], Answer], provider: str = "") -> Answer | None:
    """The same for what needs no desk. With the ``provider`` of the account it is about, advice is that provider's."""
    try:
        return deed()
    except SessionEnded:
        _end_session()
    except IcalsyncError as error:
        show_error(error, provider)
    return None


def show_error(error: IcalsyncError, provider: str = "") -> None:
    """What happened and what to do now, as text; in the words of a page where it has its own."""
    st.error(say("page.went_wrong"), icon=":material/error:")
    st.text(plain(error.message))
    st.text(plain(advice(error.code, provider, error.next_step)))


def advice(code: str, provider: str = "", otherwise: str = "") -> str:
    """What to do about an error or a partial result: what to click, where a page has it, else what the library says."""
    own = next((key for key in (f"page.error.{code}.{provider}", f"page.error.{code}") if knows(key)), None)
    return say(own) if own else otherwise or next_step_for(code)


def people() -> list[Row]:
    """Every user of the reader's sub-accounts; where there is nobody yet, the page ends with what to do first."""
    users: list[Row] = ask(lambda desk: desk.people())
    if not users:
        st.info(say("page.nobody"))
        st.text(say("page.nobody_next", path=library().path) if desk().reader.sub_accounts is None else say("page.nobody_ask"))
        end_page()
    return users


def _or_stop(question: Callable[[], Answer]) -> Answer:
    try:
        with st.spinner(say("page.asking")):  # who reads is asked, too: a sync may be writing just then
            return question()
    except SessionEnded:
        return _end_session()
    except IcalsyncError as error:
        show_error(error)
        st.button(say("page.again"), icon=":material/refresh:")
        return end_page()


def _end_session() -> NoReturn:
    forget_all_but({LANGUAGE})
    st.session_state[ENDED] = True
    return st.rerun()


# --- how things are written -------------------------------------------------------------------------------------------------------


def today(zone: str) -> date:
    """The present day where clocks show the time of ``zone``."""
    return to_zone(SystemClock().now(), zone).date()


def in_zone(moment: Any, zone: str) -> str:
    """An instant as clocks in ``zone`` show it, to the minute, as the reader's language writes it; a dash for none."""
    return "–" if moment is None else say("page.moment", moment=to_zone(moment, zone))


def to_wall(moment: datetime, zone: str) -> datetime:
    """An instant as clocks in ``zone`` show it, without a zone."""
    return to_zone(moment, zone).replace(tzinfo=None)


def day(value: date | datetime) -> str:
    """A date as the reader's language writes it."""
    return say("page.plain_day", day=value)


def number(value: float, digits: int = 0) -> str:
    """A figure with the reader's decimal mark."""
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if language() == "de" else text
