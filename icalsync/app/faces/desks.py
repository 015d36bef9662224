"""Who may: readers of the dashboard, signing in, invitations, and the desk through which everything else goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from icalsync.app import inviting, signing
from icalsync.app.desk import Desk
from icalsync.app.desks.guard import plainly
from icalsync.app.faces.base import Face
from icalsync.app.inviting import Invited
from icalsync.app.signing import Session, Way
from icalsync.core.access import Reader
from icalsync.ports import Secret


class Desks(Face):
    """Access, for the dashboard and those who set it up."""

    def desk(self, reader: Reader) -> Desk:
        """What a reader may do; what they do is logged under their name."""
        return Desk(self._parts, reader)

    def sign_in_way(self, address: str | None, *, relayed: bool = False, plain: bool = True) -> Way:
        """How people sign in to a dashboard that listens at ``address`` (None: everywhere): ``open``, ``local`` or ``oidc``.

        ``PublicWithoutSignIn`` where it must not start, or a proxy has ``relayed`` the request, so that others can reach it after all.
        ``plain``: a database in use is told as on a page, without its place and holder.
        """
        with plainly() if plain else nullcontext():
            return signing.way(self._parts, address, relayed=relayed)

    def open_reader(self, address: str | None = "127.0.0.1", *, relayed: bool = False) -> Reader:
        """The user of this machine, an admin, where nobody else can reach it and there are no accounts; else ``NotAllowed``."""
        with plainly():
            return signing.open_reader(self._parts, address, relayed=relayed)

    def sign_in(self, name: str, password: str | Secret, *, source: str = "") -> Session:
        """Sign in with a local account; ``source`` is where the request comes from. ``SignInRefused``, ``SignInLocked``."""
        with plainly():
            return signing.sign_in(self._parts, name, _secret(password), source)

    def signed_in(self, token: str | Secret) -> Reader:
        """Whose session a token is, with the role as it is now: to be asked at every page and action. ``SessionEnded``."""
        with plainly():
            return signing.signed_in(self._parts, token)

    def sign_out(self, token: str | Secret) -> None:
        """End a session."""
        with plainly():
            signing.sign_out(self._parts, token)

    def oidc_reader(self, claims: Mapping[str, Any]) -> Reader:
        """Whom the settings make of somebody that the provider vouches for. ``NotAllowed``."""
        return signing.oidc_reader(self._parts, claims)

    def add_reader(self, name: str, role: str, password: str | Secret, *, sub_accounts: Sequence[str] | None = None) -> dict[str, Any]:
        """Let somebody sign in to the dashboard, or change what they may, and their password. ``InvalidInput``, ``UnknownSubAccount``."""
        limited = None if sub_accounts is None else tuple(sub_accounts)
        return signing.add_reader(self._parts, name, role, _secret(password), limited)

    def readers(self) -> list[dict[str, Any]]:
        """Who may sign in: ``name, role, sub_accounts`` (None: all), ``made_at, last_sign_in_at, locked_until``."""
        return self._parts.readers.rows()

    def remove_reader(self, name: str) -> dict[str, Any]:
        """Nobody signs in under that name any more; open sessions end. ``NotFound``."""
        return self._parts.readers.remove(name, actor=self._parts.actor)

    def invite(self, sub_account: str, user_id: str, *, purpose: str = "connect", integration_id: str | None = None) -> dict[str, Any]:
        """A single-use link under which the person alone connects their account; see ``app.inviting.invite``."""
        return inviting.invite(self._parts, sub_account, user_id, purpose=purpose, integration_id=integration_id)

    def invitation(self, token: str | Secret) -> Invited:
        """What somebody who has such a link may do. ``InvitationInvalid``."""
        with plainly():
            return Invited(self._parts, token)


def _secret(text: str | Secret) -> Secret:
    return text if isinstance(text, Secret) else Secret(text)
