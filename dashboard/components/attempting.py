"""An attempt to reach an account, watched: it runs beside the page, so that nothing a person clicks meanwhile ends it halfway."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, Final

import streamlit as st
from data import IcalsyncError, Row, say, trying

log = logging.getLogger(__name__)

ATTEMPT: Final = "attempt"
"""Where the last attempt of this window stands, until it is forgotten."""
BEAT: Final = 0.1
"""Seconds between two looks."""


@dataclass(slots=True)
class Attempt:
    """One attempt, and how far it is; no password stands in it."""

    provider: str
    stages: list[str] = field(default_factory=list)
    wanted: bool = True
    """Whether what comes of it is to be shown."""
    running: Future[Row | IcalsyncError] = field(default_factory=Future)


def begin_attempt(deed: Callable[[Callable[[str], None]], Row], provider: str) -> None:
    """Try ``deed``, which tells its stages; what goes wrong is said as for ``provider``."""
    attempt, beside = Attempt(provider), ThreadPoolExecutor(1)
    attempt.running = beside.submit(copy_context().run, _tried, deed, attempt.stages.append)
    beside.shutdown(wait=False)  # who leaves the page does not wait for it, and it goes on to its end
    st.session_state[ATTEMPT] = attempt


def attempt_runs() -> bool:
    """Whether one is on its way: no other can begin."""
    attempt: Attempt | None = st.session_state.get(ATTEMPT)
    return attempt is not None and not attempt.running.done()


def forget_attempt() -> None:
    """What comes of it is not shown any more; one that is on its way goes on, and no other begins beside it."""
    if attempt_runs():
        st.session_state[ATTEMPT].wanted = False
    else:
        st.session_state.pop(ATTEMPT, None)


def came_off() -> Row | None:
    """What an attempt that has succeeded brought, once."""
    attempt: Attempt | None = st.session_state.get(ATTEMPT)
    if attempt is None or not attempt.running.done():
        return None
    if not attempt.wanted:
        forget_attempt()
        return None
    outcome = attempt.running.result()
    if isinstance(outcome, IcalsyncError):
        return None
    forget_attempt()
    return outcome


def watch_attempt() -> Row | None:
    """Show the stages of the attempt that is on its way, then draw the page anew: with what it brought (once), or why it failed."""
    if attempt_runs():
        _draw_until_done(st.session_state[ATTEMPT])
        st.rerun()
    found = came_off()
    attempt: Attempt | None = st.session_state.get(ATTEMPT)
    if attempt is not None:
        trying(lambda: _raise(attempt.running.result()), attempt.provider)
    return found


def _tried(deed: Callable[[Callable[[str], None]], Row], told: Callable[[str], None]) -> Row | IcalsyncError:
    try:
        return deed(told)
    except IcalsyncError as error:
        return type(error)(**error.facts)  # made anew: the frames of its traceback would keep the password (S4)
    except Exception as error:  # noqa: BLE001  # a mistake of ours; as above, and its text may hold anything
        log.error("an attempt to connect broke off", extra={"kind": type(error).__name__})  # noqa: TRY400  # nor its traceback
        return IcalsyncError()


def _raise(outcome: Any) -> None:
    if isinstance(outcome, IcalsyncError):
        raise outcome


def _draw_until_done(attempt: Attempt) -> None:
    """The stages one by one; the present one in a place that screen readers read aloud as it changes."""
    with st.status(say("page.discovering"), expanded=True) as box:
        past, present, shown = box.container(), box.empty(), 0
        while True:
            done = attempt.running.done()
            for name in attempt.stages[shown:]:
                if shown:
                    past.text(say(f"desk.stage.{attempt.stages[shown - 1]}"))
                present.info(say(f"desk.stage.{name}"))
                shown += 1
            if done:
                return
            _wait(attempt.running)


def _wait(running: Future[Any]) -> None:
    try:
        running.exception(BEAT)
    except TimeoutError:
        return
