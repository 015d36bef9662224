"""Connected accounts: their health, whom they serve, connecting, reconnecting, disconnecting, inviting (R1, R9)."""

from __future__ import annotations

from collections.abc import Callable

from icalsync.app import connecting, inviting
from icalsync.app.desks import telling
from icalsync.app.desks.calendars import CalendarsDesk
from icalsync.app.desks.guard import Row
from icalsync.messages import say
from icalsync.ports import Secret
from icalsync.store.invitations import Purpose


def _quiet(_stage: str) -> None:
    """For pages that show no progress."""


class AccountsDesk(CalendarsDesk):
    """Connections and invitations."""

    def connections(self, sub_account: str | None = None) -> list[Row]:
        """Accounts that serve the reader's users, as in the view, those in trouble first.

        ``users``: whom each serves of the reader's sub-accounts (``sub_account, user_id, name``, and ``chosen``: whether calendars of it
        are); ``elsewhere``: whether it also serves others, of whom nothing else is told; ``says``: what its trouble is, in the reader's
        language (``status_reason`` is what was written down then); ``next_step``: what to do about it.
        """
        accounts, rows = set(self._accounts(sub_account)), []
        found = self._parts.sharing.connections()
        codes = self._parts.health.last_errors([row["integration_id"] for row in found if row["status"] != "ok"])
        for row in found:
            users = [user for user in row["users"] if user["sub_account"] in accounts]
            if users:
                elsewhere = self._is_elsewhere(user["sub_account"] for user in row["users"])
                says = telling.state(row["status"], codes.get(row["integration_id"])) or row["status_reason"]
                rows.append({**row, "users": users, "elsewhere": elsewhere, "says": says, "next_step": _next_step(row)})
        return sorted(rows, key=lambda row: (row["status"] == "ok", row["account_name"]))

    def connect(
        self,
        sub_account: str,
        user: str,
        *,
        provider: str,
        account: str,
        password: Secret,
        url: str | None = None,
        report: Callable[[str], None] = _quiet,
    ) -> Row:
        """Connect an account for a user; ``report`` hears each of ``connecting.STAGES``. See ``app.connecting.connect``.

        ``calendars``: those of the account, as ``Desk.calendars`` tells them.
        """
        done = connecting.connect(
            self._parts,
            sub_account=sub_account,
            user_id=user,
            provider=provider,
            account=account,
            password=password,
            url=url,
            told=report,
        )
        rows = self.calendars(sub_account, user)
        return {**done, "calendars": [row for row in rows if row["integration_id"] == done["integration_id"]]}

    def reconnect(self, integration_id: str, password: Secret, *, report: Callable[[str], None] = _quiet) -> Row:
        """Replace an account's password, once for all it serves, and pull it; the row as in ``connections``."""
        connecting.reconnect(self._parts, integration_id, password, report)
        return next(row for row in self.connections() if row["integration_id"] == integration_id)

    def disconnecting(self, sub_account: str, user: str, integration_id: str, *, purge: bool = False) -> Row:
        """What would end with a connection, and what is kept, or with ``purge`` forgotten.

        ``last, linked, conflicts, waiting, upcoming, elsewhere``, and ``says`` in sentences.
        """
        found = self._parts.sharing.ending(sub_account, user, integration_id)
        elsewhere = self._is_elsewhere(self._parts.belonging.serves().get(integration_id, frozenset()))
        told = [say("disconnect.last" if found["connections"] <= 1 else "disconnect.others")]
        told += [say("disconnect.linked")] if found["linked"] else []
        told += [say("disconnect.conflicts", number=found["conflicts"])] if found["conflicts"] else []
        told += [say("disconnect.waiting", number=found["waiting"])] if found["waiting"] else []
        told += [say("disconnect.upcoming", number=found["upcoming"])] if found["upcoming"] else []
        counted = {name: found[name] for name in ("conflicts", "waiting", "upcoming")}
        ends = {"last": found["connections"] <= 1, "linked": bool(found["linked"])}
        return {**ends, **counted, "elsewhere": elsewhere, "says": [*told, say("disconnect.forgotten" if purge else "disconnect.kept")]}

    def disconnect(self, sub_account: str, user: str, integration_id: str, *, purge: bool = False) -> Row:
        """End one connection; ``purge`` also forgets its history. See ``app.connecting.disconnect``."""
        return connecting.disconnect(self._parts, sub_account=sub_account, user_id=user, integration_id=integration_id, purge=purge)

    def set_remote_changes(self, sub_account: str, user: str, integration_id: str, policy: str) -> Row:
        """What becomes of changes made to our events in this account: ``flag``, ``accept``, ``restore`` (R11). ``NotConnected``."""
        return self._parts.accounts.set_remote_changes(sub_account, user, integration_id, policy, actor=self._parts.actor)

    def invite(self, sub_account: str, user: str, *, purpose: Purpose = "connect", integration_id: str | None = None) -> Row:
        """A link under which the person alone enters account and password; shown once. See ``app.inviting.invite``."""
        return inviting.invite(self._parts, sub_account, user, purpose=purpose, integration_id=integration_id)

    def invitations(self, sub_account: str | None = None, user: str | None = None) -> list[Row]:
        """Invitations for the reader's users, the newest first; never the links."""
        if sub_account is not None:
            return self._parts.invitations.rows(sub_account, user)
        return [row for row in self._parts.invitations.rows() if self._reader.covers(row["sub_account"])]

    def revoke_invitation(self, invitation_id: str) -> Row:
        """Its link works no longer."""
        return self._parts.invitations.revoke(invitation_id, actor=self._parts.actor)


def _next_step(row: Row) -> str | None:
    return None if row["status"] == "ok" else say(f"page.next.{row['status']}", **row)
