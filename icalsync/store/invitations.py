"""Invitations: links under which one person connects one account for one user, once. Only the hash of a link is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import uuid4

from icalsync.errors import InvitationInUse, InvitationInvalid, NotConnected, NotFound
from icalsync.store import names
from icalsync.store.audit import audit
from icalsync.store.database import Database
from icalsync.store.transaction import Row, Transaction

Purpose = Literal["connect", "reconnect"]
Allowed = Callable[[Transaction], None]
"""Raises, in the transaction that writes what somebody does, where they may not (any more)."""
CARRY_ON: Final = timedelta(hours=1)
"""How long whoever has connected may go on choosing calendars."""
_SHOWN: Final = """
    SELECT i.invitation_id, u.sub_account, u.user_id, i.purpose, i.integration_id, i.made_by, i.made_at, i.expires_at, i.used_at,
        i.revoked_at,
        CASE WHEN i.used_at IS NOT NULL THEN 'used' WHEN i.revoked_at IS NOT NULL THEN 'revoked'
             WHEN i.expires_at <= ? THEN 'expired' ELSE 'open' END AS state
    FROM _kept.invitation i JOIN _kept.account_user u USING (user_key)
"""
_OPEN: Final = "used_at IS NULL AND revoked_at IS NULL AND expires_at > ?"
_CARRIED: Final = "revoked_at IS NULL AND carry_until > ?"
_CLAIM: Final = timedelta(minutes=5)
"""How long one attempt to connect keeps others from the same link; it ends with the attempt, and by itself where that dies."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link stands for."""

    invitation_id: str
    sub_account: str
    user_id: str
    purpose: Purpose
    integration_id: str | None
    """The account to reconnect; None: any of the user's."""
    expires_at: datetime
    connected: bool
    """Whether the link is used, and this is the person going on."""


class Invitations:
    """Made, found, used, revoked."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def make(
        self, sub_account: str, user_id: str, *, purpose: Purpose, integration_id: str | None, token_hash: str, lasts: timedelta, actor: str
    ) -> Row:
        """A new one, as ``rows`` shows it; an older open one for the same purpose is revoked. ``UnknownUser``, ``NotConnected``."""
        with self._db.write() as tx:
            user = names.user(tx, sub_account, user_id)
            if integration_id is not None:
                _check_served(tx, user, integration_id)
            tx.execute(
                "UPDATE _kept.invitation SET revoked_at = ? WHERE user_key = ? AND purpose = ? AND used_at IS NULL AND revoked_at IS NULL",
                [tx.clock_now, user["user_key"], purpose],
            )
            invitation_id = uuid4().hex
            row = {"invitation_id": invitation_id, "token_hash": token_hash, "user_key": user["user_key"], "purpose": purpose}
            times = {"made_at": tx.clock_now, "expires_at": tx.clock_now + lasts}
            tx.append("invitation", [row | times | {"integration_id": integration_id, "made_by": actor}])
            what = f"{user['sub_account']} {user['user_id']} {purpose} {invitation_id}"
            audit(tx, actor, "INVITE", what, about=[user["sub_account"]])
            return tx.rows(f"{_SHOWN} WHERE i.invitation_id = ?", [tx.clock_now, invitation_id])[0]

    def find(self, token_hash: str) -> Invitation:
        """What the link, or what its user carries on with, stands for now. ``InvitationInvalid`` for everything else alike."""
        with self._db.read() as tx:
            for where, connected in ((f"token_hash = ? AND {_OPEN}", False), (f"carry_hash = ? AND {_CARRIED}", True)):
                found = tx.row(
                    f"SELECT i.*, u.sub_account, u.user_id FROM _kept.invitation i JOIN _kept.account_user u USING (user_key) "  # noqa: S608
                    f"WHERE {where}",
                    [token_hash, tx.clock_now],
                )
                if found is not None:
                    fields = {name: found[name] for name in ("invitation_id", "sub_account", "user_id", "purpose", "integration_id")}
                    return Invitation(**fields, expires_at=found["carry_until" if connected else "expires_at"], connected=connected)
        raise InvitationInvalid

    def check(self, invitation: Invitation) -> None:
        """It still holds. ``InvitationInvalid``."""
        with self._db.read() as tx:
            _check(tx, invitation)

    def claim(self, invitation: Invitation) -> datetime:
        """From now on, until then, this attempt alone may use it: two at a time would be two uses. ``InvitationInUse``."""
        with self._db.write() as tx:
            _check(tx, invitation)
            claimed = tx.value("SELECT claimed_until FROM _kept.invitation WHERE invitation_id = ?", [invitation.invitation_id])
            if claimed is not None and claimed > tx.clock_now:
                raise InvitationInUse
            until = tx.clock_now + _CLAIM
            tx.execute("UPDATE _kept.invitation SET claimed_until = ? WHERE invitation_id = ?", [until, invitation.invitation_id])
            return until

    def allowing(self, invitation: Invitation, claim: datetime) -> Allowed:
        """That the link holds and the claim is this attempt's, as what it does is written: ``InvitationInvalid``, and nothing is."""

        def check(tx: Transaction) -> None:
            _check(tx, invitation)
            held = tx.value("SELECT claimed_until FROM _kept.invitation WHERE invitation_id = ?", [invitation.invitation_id])
            if held != claim or held <= tx.clock_now:
                raise InvitationInvalid

        return check

    def release(self, invitation: Invitation, claim: datetime) -> None:
        """The attempt failed, and the link may be used again."""
        with self._db.write() as tx:
            tx.execute(
                "UPDATE _kept.invitation SET claimed_until = NULL WHERE invitation_id = ? AND claimed_until = ?",
                [invitation.invitation_id, claim],
            )

    def use(self, invitation: Invitation, carry_hash: str, integration_id: str, *, actor: str) -> datetime:
        """Used up, because the account is connected; until when its user may go on. ``InvitationInvalid`` where somebody was faster."""
        with self._db.write() as tx:
            _check(tx, invitation)
            until = tx.clock_now + CARRY_ON
            tx.execute(
                "UPDATE _kept.invitation SET used_at = coalesce(used_at, ?), carry_hash = ?, carry_until = ?, claimed_until = NULL "
                "WHERE invitation_id = ?",
                [tx.clock_now, carry_hash, until, invitation.invitation_id],
            )
            who = f"{invitation.sub_account} {invitation.user_id}"
            what = f"{who} {integration_id} {invitation.invitation_id}"
            audit(tx, actor, "USE_INVITATION", what, about=[invitation.sub_account])
            return until

    def revoke(self, invitation_id: str, *, actor: str) -> Row:
        """It no longer works, nor does what its user carries on with; one that is used up stays so. ``NotFound``."""
        with self._db.write() as tx:
            if tx.row("FROM _kept.invitation WHERE invitation_id = ?", [invitation_id]) is None:
                raise NotFound(kind="invitation", name=invitation_id)
            tx.execute(
                "UPDATE _kept.invitation SET revoked_at = coalesce(revoked_at, ?) WHERE invitation_id = ?", [tx.clock_now, invitation_id]
            )
            row = tx.rows(f"{_SHOWN} WHERE i.invitation_id = ?", [tx.clock_now, invitation_id])[0]
            what = f"{row['sub_account']} {row['user_id']} {row['purpose']} {invitation_id}"
            audit(tx, actor, "REVOKE_INVITATION", what, about=[row["sub_account"]])
            return row

    def rows(self, sub_account: str | None = None, user_id: str | None = None) -> list[Row]:
        """All of a user, a sub-account, or everybody, the newest first. ``UnknownSubAccount``, ``UnknownUser``."""
        with self._db.read() as tx:
            account, user = names.told(tx, sub_account, user_id)
            return tx.rows(
                f"{_SHOWN} WHERE u.sub_account = coalesce(?, u.sub_account) AND u.user_id = coalesce(?, u.user_id) "
                "ORDER BY i.made_at DESC, i.invitation_id",
                [tx.clock_now, account, user],
            )


def _check(tx: Transaction, invitation: Invitation) -> None:
    holds = _CARRIED if invitation.connected else _OPEN
    found = f"SELECT 1 AS one FROM _kept.invitation WHERE invitation_id = ? AND {holds}"  # noqa: S608  # our own text
    if tx.row(found, [invitation.invitation_id, tx.clock_now]) is None:
        raise InvitationInvalid


def _check_served(tx: Transaction, user: Row, integration_id: str) -> None:
    key = names.integration(tx, integration_id)["integration_key"]
    served = "SELECT 1 AS one FROM _kept.connection_version WHERE user_key = ? AND integration_key = ? AND known_to = 'infinity'"
    if tx.row(served, [user["user_key"], key]) is None:
        raise NotConnected(user_id=user["user_id"], integration_id=integration_id)
