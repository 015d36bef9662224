"""Choosing the linked calendar and the conflict calendars, with what that would mean before it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol
from zlib import crc32

import streamlit as st
from components.picking import Choice, pick
from components.preview import show_contents, show_figures
from data import Row, say, trying


class Choosing(Protocol):
    """What choosing needs, of a desk for one user or of an invitation."""

    def preview(self, *, linked: str | None, conflicts: Sequence[str]) -> Any:
        """What a choice would mean for the coming 30 days."""
        ...

    def choose(self, *, linked: str | None, conflicts: Sequence[str], **more: Any) -> list[Row]:
        """Save exactly this choice."""
        ...


def configure(choosing: Choosing, rows: list[Row], key: str, *, may_move: bool = True) -> list[Row] | None:
    """The choice, its preview, and the button that saves it; the roles, in the one run in which they were saved."""
    roles = sorted((row["calendar_id"], role) for row in rows for role in row["roles"])
    over = _over(roles, key)
    choice = pick(rows, over)
    preview = trying(lambda: choosing.preview(linked=choice.linked, conflicts=choice.conflicts))
    if preview is None:
        return None
    show_figures(preview)
    choice = _meant(choice, over, may_move=may_move)
    saved = None
    if st.button(say("page.save"), type="primary", icon=":material/save:", key=f"save_{over}"):
        saved = _save(choosing, choice, roles, may_move=may_move)
    if saved is None:
        show_contents(preview, rows)
    else:
        st.session_state.pop(f"over_{key}")
    return saved


def _over(roles: list[tuple[str, str]], key: str) -> str:
    """The key of every widget of a choice: that of what holds now. Where that changed meanwhile, the choice begins anew, and so it says."""
    now = f"{key}_{crc32(repr(roles).encode()):08x}"
    if st.session_state.get(f"over_{key}", now) != now:
        st.warning(say("page.changed_meanwhile"), icon=":material/sync_problem:")
    st.session_state[f"over_{key}"] = now
    return now


def _meant(choice: Choice, key: str, *, may_move: bool) -> Choice:
    """What only a person can decide: that the linked calendar shall not block (R5), that events move along."""
    if choice.lifts_r5:
        choice = replace(choice, confirmed=st.checkbox(say("page.r5_confirm"), key=f"r5_{key}"))
    if may_move and choice.before is not None and choice.linked not in {None, choice.before}:
        choice = replace(choice, move=st.checkbox(say("page.move"), key=f"move_{key}"))
    return choice


def _save(choosing: Choosing, choice: Choice, roles: list[tuple[str, str]], *, may_move: bool) -> list[Row] | None:
    if not choice.confirmed:
        st.error(say("page.r5_needed"), icon=":material/error:")
        return None
    more = {"assume_writable": choice.assume, "move": choice.move} if may_move else {}
    return trying(lambda: choosing.choose(linked=choice.linked, conflicts=choice.conflicts, expected=roles, **more))
