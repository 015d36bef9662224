"""Links under which a person connects or reconnects their calendar alone, so that nobody else ever needs their password."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st
from components.listing import listing
from data import Key, Row, ask, attempt, desk, in_zone, one_line, say


def offer_link(key: Key, name: str, zone: str, integration_id: str | None = None) -> None:
    """A button that makes a link (to connect, or to reconnect this account) and what that ends; then the link itself, that once."""
    purpose = "connect" if integration_id is None else "reconnect"
    if any(row["purpose"] == purpose for row in _open_ones(key)):
        st.text(say("page.invite_replaces", name=name))
    if not st.button(say("page.invite"), icon=":material/link:", key=f"invite_{integration_id}"):
        return
    made: Row | None = attempt(lambda desk: desk.invite(*key, purpose=purpose, integration_id=integration_id))
    if made is not None:
        st.success(say("page.invited", until=in_zone(made["expires_at"], zone)), icon=":material/link:")
        st.code(made["link"] or here() + made["path"], language=None, wrap_lines=True)
        st.text(say("page.invited_once"))


def here() -> str:
    """The address of this dashboard's entry, as the reader's browser sees it."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}/" if parts.netloc else "/"


def show_open_links(key: Key, zone: str) -> None:
    """The user's links that still work, and revoking one."""
    rows = _open_ones(key)
    if not rows:
        return
    said = {row["invitation_id"]: _says(row, zone) for row in rows}
    listing(["page.invitation_open", "page.made_by", "page.expires"], [3, 2, 2], list(said.values()))
    if not desk().may("revoke_invitation"):
        return
    chosen = st.selectbox(say("page.revoke_which"), list(said), format_func=lambda one: " · ".join(said[one]), key="revoke_which")
    if st.button(say("page.revoke"), key="revoke") and attempt(lambda desk: desk.revoke_invitation(chosen)) is not None:
        st.rerun()


def _open_ones(key: Key) -> list[Row]:
    return [row for row in ask(lambda desk: desk.invitations(*key)) if row["state"] == "open"]


def _says(row: Row, zone: str) -> tuple[str, str, str]:
    what = say(f"page.invitation_to.{row['purpose']}")
    return f"{what} ({row['sub_account']}/{row['user_id']})", one_line(row["made_by"]), in_zone(row["expires_at"], zone)
