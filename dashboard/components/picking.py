"""Picking the linked calendar and the conflict calendars; nothing is saved by it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from components.calendars import names_of, show_rest
from data import Row, say


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


def pick(rows: list[Row], key: str) -> Choice:
    """What is picked: only what can be; the rest says why not."""
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
    show_rest("page.not_linkable", [f"{row['called']}: {row['not_linkable'] or row['says'] or ''}" for row in left])
