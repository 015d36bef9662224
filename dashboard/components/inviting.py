"""Links under which a person connects or reconnects their calendar alone, so that nobody else ever needs their password."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st
from components.listing import listing
from data import Key, Row, ask, attempt, desk, in_zone, one_line, say

MADE = "invitation_made"


def inviting(key: Key, name: str, zone: str) -> None:
    """A button that makes a link, the link itself (once), and the links that are still open."""
    st.header(say("page.invitations"))
    st.text(say("page.invite_says", name=one_line(name)))
    if st.button(say("page.invite"), icon=":material/link:", key="invite"):
        st.session_state[MADE] = attempt(lambda desk: desk.invite(*key))
    made: Row | None = st.session_state.get(MADE)
    if made is not None and (made["sub_account"], made["user_id"]) == key:
        st.success(say("page.invited", until=in_zone(made["expires_at"], zone)), icon=":material/link:")
        st.code(made["link"] or here() + made["path"], language=None, wrap_lines=True)
        st.text(say("page.invited_once"))
    _open_ones(key, zone)


def here() -> str:
    """The address of this dashboard's entry, as the reader's browser sees it."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}/" if parts.netloc else "/"


def _open_ones(key: Key, zone: str) -> None:
    rows = [row for row in ask(lambda desk: desk.invitations(*key)) if row["state"] == "open"]
    if not rows:
        return
    said = {row["invitation_id"]: _says(row, zone) for row in rows}
    listing(["page.invitation_open", "page.made_by", "page.expires"], [3, 2, 2], list(said.values()))
    if not desk().may("revoke_invitation"):
        return
    chosen = st.selectbox(say("page.revoke_which"), list(said), format_func=lambda one: " · ".join(said[one]), key="revoke_which")
    if st.button(say("page.revoke"), key="revoke") and attempt(lambda desk: desk.revoke_invitation(chosen)) is not None:
        st.session_state.pop(MADE, None)
        st.rerun()


def _says(row: Row, zone: str) -> tuple[str, str, str]:
    what = say(f"page.invitation_to.{row['purpose']}")
    return f"{what} ({row['sub_account']}/{row['user_id']})", one_line(row["made_by"]), in_zone(row["expires_at"], zone)
