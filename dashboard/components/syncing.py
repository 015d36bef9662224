"""A sync, watched: it runs beside the page, which draws how far it is, and then shows everything anew."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import streamlit as st
from data import advice, number, one_line, say, trying

BEAT = 0.2
"""Seconds between two looks."""
SYNCED = "synced"
"""What came of the last sync, until it has been shown."""


def watch_sync(sync: Callable[..., Any]) -> None:
    """Run ``sync(report=…)``, show each calendar's progress, and draw the page anew; where it fails, that is said."""
    with st.status(say("page.syncing"), expanded=True) as box:
        heard: dict[tuple[str, str], Any] = {}
        beside = ThreadPoolExecutor(1)
        running = beside.submit(copy_context().run, lambda: sync(report=lambda told: heard.__setitem__(_about(told), told)))
        beside.shutdown(wait=False)  # who leaves the page does not wait for it, and it goes on to its end
        _draw_until_done(running, heard, st.container())
        report = trying(running.result)
        if report is None:
            box.update(label=say("page.went_wrong"), state="error")
            return
    troubles = [run["error_code"] for run in report.runs if run["error_code"]] + [row["error"] for row in report.refused]
    counts = {name: sum(run[name] for run in report.runs) for name in ("added", "changed", "removed")}
    st.session_state[SYNCED] = (counts, list(dict.fromkeys(troubles)), [_says(told) for told in heard.values()])
    st.rerun()


def show_synced() -> None:
    """What came in with the sync that has just ended, calendar by calendar, and what did not."""
    counts, troubles, calendars = st.session_state.pop(SYNCED, ({}, [], []))
    if counts:
        st.success(say("page.synced_says", **{name: number(value) for name, value in counts.items()}), icon=":material/check_circle:")
    if calendars:
        with st.expander(say("page.synced")):
            st.text("\n".join(calendars))
    for trouble in troubles:
        st.warning(say("page.synced_partly"), icon=":material/warning:")
        st.text(advice(trouble))


def _draw_until_done(running: Future[Any], heard: dict[tuple[str, str], Any], place: Any) -> None:
    bars: dict[tuple[str, str], tuple[Any, Any]] = {}
    while True:
        done = running.done()
        for about, told in list(heard.items()):
            name, bar = bars.get(about) or bars.setdefault(about, (place.empty(), place.empty()))
            name.text(_says(told))
            bar.progress(1.0 if done else min(told.done / told.total, 1.0) if told.total else 0.0)
        if done:
            return
        _wait(running)


def _wait(running: Future[Any]) -> None:
    try:
        running.exception(BEAT)
    except TimeoutError:
        return


def _about(told: Any) -> tuple[str, str]:
    return told.integration_id, told.calendar or ""


def _says(told: Any) -> str:
    known = number(told.total) if told.total else "…"
    return say("page.progress", calendar=one_line(told.calendar) or say("page.account"), done=number(told.done), all=known)
