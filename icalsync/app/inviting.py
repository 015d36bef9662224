"""Inviting somebody to connect their own account, and what they may do under their link: nothing but that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from icalsync.app import configuring, connecting, syncing
from icalsync.app.configuring import Preview
from icalsync.app.desks import telling
from icalsync.app.desks.guard import plainly
from icalsync.app.parts import Parts
from icalsync.app.syncing import Scope, SyncReport
from icalsync.core.access import Actor
from icalsync.engine.context import Progress
from icalsync.errors import InvalidInput, InvitationInvalid, UnknownIntegration
from icalsync.messages import guide
from icalsync.ports import Secret
from icalsync.store.invitations import Allowed, Invitation, Purpose

Row = dict[str, Any]


def _quiet(_stage: str) -> None:
    """For pages that show no progress."""


def _silent(_progress: Progress) -> None:
    """The same for a sync."""


def invite(parts: Parts, sub_account: str, user: str, *, purpose: str, integration_id: str | None = None) -> Row:
    """Make a link; the row of the invitation with ``token``, ``path`` and ``link`` (None where ``dashboard_url`` is not set). Shown once.

    An older open link for the same purpose ends. ``UnknownUser``, ``NotConnected``; ``InvalidInput`` where there is nothing to reconnect.
    """
    from icalsync.secret.signing_in import fingerprint, new_token  # noqa: PLC0415  # tokens, which few need

    wanted = _purpose(purpose)
    if wanted == "reconnect" and not parts.accounts.integrations(sub_account, user):
        raise InvalidInput(what="the purpose", value=purpose, why="nothing is connected for this user yet; invite them to connect")
    token = new_token()
    row = parts.invitations.make(
        sub_account,
        user,
        purpose=wanted,
        integration_id=integration_id,
        token_hash=fingerprint(token),
        lasts=parts.settings.invitation_lasts,
        actor=parts.actor,
    )
    path = "?" + urlencode({"invite": token.reveal()})
    base = parts.settings.dashboard_url
    link = None if base is None else f"{base.rstrip('/')}/{path}"
    return {**row, "token": token.reveal(), "path": path, "link": link}


def _purpose(text: str) -> Purpose:
    if text == "connect":
        return "connect"
    if text == "reconnect":
        return "reconnect"
    raise InvalidInput(what="the purpose", value=text, why="choose one of connect, reconnect")


class Invited:
    """What somebody who has a link may do, for themselves: read the guide, connect or reconnect, then pick calendars.

    Who else is at the database or the account is told them as plainly as at a desk.
    """

    def __init__(self, parts: Parts, token: Secret | str) -> None:
        """``InvitationInvalid`` for a link that is expired, used, revoked or unknown."""
        from icalsync.secret.signing_in import fingerprint  # noqa: PLC0415  # as above

        self._invitation: Invitation = parts.invitations.find(fingerprint(token))
        mine = frozenset({self._invitation.sub_account})
        self._parts = parts.acting(Actor(f"invited {self._invitation.sub_account}/{self._invitation.user_id}", mine))

    def __repr__(self) -> str:
        return f"<Invited {self._invitation.sub_account}/{self._invitation.user_id} to {self._invitation.purpose}>"

    @property
    def purpose(self) -> Purpose:
        """``connect`` or ``reconnect``."""
        return self._invitation.purpose

    @property
    @plainly()
    def user_name(self) -> str:
        """The person's name."""
        return str(self._parts.people.user(*self._who)["name"])

    @property
    @plainly()
    def time_zone(self) -> str:
        """The person's zone."""
        return str(self._parts.people.user(*self._who)["time_zone"])

    @property
    @plainly()
    def sub_account_name(self) -> str:
        """Who invites them."""
        return str(self._parts.people.sub_account(self._invitation.sub_account)["name"])

    @property
    def expires_at(self) -> Any:
        """Until when the link works, or, once connected, until when calendars can be picked."""
        return self._invitation.expires_at

    @property
    def connected(self) -> bool:
        """Whether connecting has succeeded, and calendars can be picked."""
        return self._invitation.connected

    def guide(self) -> tuple[str, ...]:
        """The steps to an app-specific password (R2)."""
        return guide()

    @plainly()
    def accounts(self) -> list[Row]:
        """The person's accounts that this link may reconnect: ``integration_id, provider, account_name, status``."""
        if self.purpose != "reconnect":
            return []
        wanted = self._invitation.integration_id
        return [
            {name: row[name] for name in ("integration_id", "provider", "account_name", "status")}
            for row in self._parts.accounts.integrations(*self._who)
            if wanted in {None, row["integration_id"]}
        ]

    @plainly()
    def connect(self, provider: str, account: str, password: Secret, url: str | None = None, report: Callable[[str], None] = _quiet) -> Row:
        """Connect the person's account. When it has succeeded the link is used; ``carry_on`` (a ``Secret``) is for picking calendars."""
        with self._claimed("connect") as allowed:
            done = connecting.connect(
                self._parts,
                sub_account=self._who[0],
                user_id=self._who[1],
                provider=provider,
                account=account,
                password=password,
                url=url,
                told=report,
                allowed=allowed,
            )
            calendars = configuring.calendars(self._parts, *self._who)
            return {
                "integration_id": done["integration_id"],
                "calendars": [row for row in calendars if row["integration_id"] == done["integration_id"]],
                "carry_on": self._used(done["integration_id"]),
            }

    @plainly()
    def reconnect(self, integration_id: str, password: Secret, report: Callable[[str], None] = _quiet) -> Row:
        """Give one of ``accounts`` its new password, once for all it serves; then as ``connect``. ``UnknownIntegration``."""
        if integration_id not in {row["integration_id"] for row in self.accounts()}:
            raise UnknownIntegration(name=integration_id)
        with self._claimed("reconnect") as allowed:
            row = connecting.reconnect(self._parts, integration_id, password, report, allowed)
            return {"integration_id": integration_id, "status": row["status"], "carry_on": self._used(integration_id)}

    @plainly()
    def calendars(self) -> list[Row]:
        """The person's calendars, see ``app.configuring.calendars``. ``InvitationInvalid`` before anything is connected."""
        self._check_connected()
        return configuring.calendars(self._parts, *self._who)

    @plainly()
    def preview(self, *, linked: str | None, conflicts: Sequence[str], days: int = 30) -> Preview:
        """What a choice would block."""
        self._check_connected()
        return configuring.preview(self._parts, *self._who, linked, conflicts, days)

    @plainly()
    def choose(self, *, linked: str | None, conflicts: Sequence[str], expected: Collection[tuple[str, str]] | None = None) -> list[Row]:
        """Exactly this choice; their roles. ``CalendarReadOnly``, ``NotSelectable``, ``ChoiceChanged``: nothing is changed then."""
        self._check_connected()
        return configuring.choose(self._parts, *self._who, linked, conflicts, assume_writable=False, move=False, expected=expected)

    @plainly()
    def sync(self, report: Callable[[Progress], None] = _silent) -> SyncReport:
        """Pull the person's calendars now."""
        self._check_connected()
        done = syncing.sync(self._parts, Scope(*self._who), report)
        runs = tuple(run | {"pushed": None} for run in done.runs)  # it may be others' (R11)
        return replace(done, runs=runs, refused=tuple(telling.refused(row) for row in done.refused))

    @property
    def _who(self) -> tuple[str, str]:
        return self._invitation.sub_account, self._invitation.user_id

    def _check_connected(self) -> None:
        if not self.connected:
            raise InvitationInvalid
        self._parts.invitations.check(self._invitation)

    @contextmanager
    def _claimed(self, purpose: Purpose) -> Iterator[Allowed]:
        """One attempt at a time, for what the link was made for, and only while it is unused; one that fails gives it back.

        What it yields is asked once more as the account is saved: who revokes a link meanwhile has revoked it.
        """
        if self.purpose != purpose or self.connected:
            raise InvitationInvalid
        claim = self._parts.invitations.claim(self._invitation)
        try:
            yield self._parts.invitations.allowing(self._invitation, claim)
        except BaseException:
            self._parts.invitations.release(self._invitation, claim)
            raise

    def _used(self, integration_id: str) -> Secret:
        from icalsync.secret.signing_in import fingerprint, new_token  # noqa: PLC0415  # as above

        carry_on = new_token()
        self._parts.invitations.use(self._invitation, fingerprint(carry_on), integration_id, actor=self._parts.actor)
        return carry_on
