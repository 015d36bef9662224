"""Choosing the linked calendar and the conflict calendars, with what that would mean before it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import streamlit as st
from components.calendars import called, names_of
from components.preview import show_preview
from data import Row, say, trying


class Choosing(Protocol):
    """What choosing needs, of a desk for one user or of an invitation."""

    def preview(self, *, linked: str | None, conflicts: Sequence[str]) -> Any:
        """What a choice would mean for the coming 30 days."""
        ...

    def choose(self, *, linked: str | None, conflicts: Sequence[str], **more: bool) -> list[Row]:
        """Save exactly this choice."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """What is picked at the moment."""

    linked: str | None
    conflicts: tuple[str, ...]
    before: str | None
    """What is linked so far."""
    assume: bool = False
    """Whether a person says that the linked calendar can be written, where the server does not."""
    move: bool = False
    confirmed: bool = True

    @property
    def lifts_r5(self) -> bool:
        """Whether the linked calendar would not block (R5)."""
        return self.linked is not None and self.linked not in self.conflicts


def configure(choosing: Choosing, rows: list[Row], key: str, *, may_move: bool = True) -> list[Row] | None:
    """The choice, its preview, and the button that saves it; the roles, in the one run in which they were saved."""
    choice = _choice(rows, key)
    preview = trying(lambda: choosing.preview(linked=choice.linked, conflicts=choice.conflicts))
    if preview is None:
        return None
    show_preview(preview)
    if choice.lifts_r5:
        choice = replace(choice, confirmed=st.checkbox(say("page.r5_confirm"), key=f"r5_{key}"))
    if may_move and choice.before is not None and choice.linked not in {None, choice.before}:
        choice = replace(choice, move=st.checkbox(say("page.move"), key=f"move_{key}"))
    if not st.button(say("page.save"), type="primary", icon=":material/save:", key=f"save_{key}"):
        return None
    if not choice.confirmed:
        st.error(say("page.r5_needed"), icon=":material/error:")
        return None
    more = {"assume_writable": choice.assume, "move": choice.move} if may_move else {}
    return trying(lambda: choosing.choose(linked=choice.linked, conflicts=choice.conflicts, **more))


def _choice(rows: list[Row], key: str) -> Choice:
    names = names_of(rows)
    before = next((row["calendar_id"] for row in rows if "LINKED" in row["roles"]), None)
    possible = [row["calendar_id"] for row in rows if row["linkable"] or row["assume"] or row["calendar_id"] == before]
    blocking = [row["calendar_id"] for row in rows if row["selectable"] or "CONFLICT" in row["roles"]]
    linked_key, conflicts_key = f"linked_{key}", f"conflicts_{key}"
    st.session_state.setdefault(conflicts_key, [row["calendar_id"] for row in rows if "CONFLICT" in row["roles"]])
    st.header(say("page.linked"))
    st.text(say("page.linked_says"))
    linked = st.selectbox(
        say("page.linked"),
        [None, *possible],
        index=0 if before is None else 1 + possible.index(before),
        format_func=lambda one: say("page.no_linked") if one is None else names[one],
        key=linked_key,
        on_change=_follow,
        args=(linked_key, conflicts_key),
    )
    assumed = any(row["assume"] for row in rows if row["calendar_id"] == linked)
    if assumed:
        st.warning(say("page.assume"), icon=":material/warning:")
    _not_linkable(rows)
    st.header(say("page.conflicts"))
    st.text(say("page.conflicts_says"))
    conflicts = st.multiselect(
        say("page.conflicts"), blocking, format_func=names.__getitem__, key=conflicts_key, placeholder=say("page.choose_some")
    )
    return Choice(linked, tuple(conflicts), before, assume=assumed)


def _follow(linked_key: str, conflicts_key: str) -> None:
    """A calendar that is newly linked blocks, too, unless somebody takes that off (R5)."""
    linked, conflicts = st.session_state[linked_key], st.session_state[conflicts_key]
    if linked is not None and linked not in conflicts:
        st.session_state[conflicts_key] = [*conflicts, linked]


def _not_linkable(rows: list[Row]) -> None:
    """Those that cannot be linked, each with the reason."""
    left = [row for row in rows if not row["linkable"] and not row["assume"]]
    if left:
        with st.expander(say("page.not_linkable", number=len(left))):
            for row in left:
                st.text(f"{called(row)}: {row['not_linkable'] or row['says'] or ''}")
