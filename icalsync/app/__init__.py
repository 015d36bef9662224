"""The library's face: ``icalsync.open`` gives an ``App``; the command line and the dashboard only render what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icalsync.app import asking, connecting, quarantine, syncing
from icalsync.app.asking import Moment, Need, Users
from icalsync.app.parts import Parts
from icalsync.app.syncing import Scope, SyncReport
from icalsync.engine.context import Progress
from icalsync.ports import Clock, Secret
from icalsync.settings import Settings, load_settings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["App", "SyncReport", "open_app"]


def open_app(
    path: str | PathLike[str] | None = None, *, settings: Settings | None = None, clock: Clock | None = None, actor: str | None = None
) -> App:
    """Open a database: the given one, else ``ICALSYNC_DATABASE``, else the one in the per-user data directory.

    The file is made when it is first needed, and is open only while something is read or written, so an ``App`` may live as long
    as a notebook does. ``actor`` names who acts, for the audit log. Raises ``SettingsInvalid``.
    """
    settings = settings or load_settings()
    if path is not None:
        settings = settings.with_database(Path(path))
    return App(Parts(settings, clock, actor))


class App:
    """One database and everything that can be asked of it or done with it. Every method may raise the ``StoreError`` tree."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __repr__(self) -> str:
        return f"<icalsync {self._parts.path}>"

    @property
    def path(self) -> Path:
        """Where the database lies."""
        return self._parts.path

    # --- sub-accounts and users ------------------------------------------------------------------------------------------------

    def add_sub_account(self, name: str, *, display_name: str | None = None, time_zone: str = "UTC") -> dict[str, Any]:
        """Add a sub-account (a tenant); its row of the view ``sub_accounts``. ``AlreadyExists``, ``InvalidInput``."""
        return self._parts.people.add_sub_account(name, display_name or name, time_zone)

    def sub_accounts(self) -> list[dict[str, Any]]:
        """All sub-accounts, as in the view."""
        return self._parts.people.sub_accounts()

    def add_user(
        self,
        sub_account: str,
        user_id: str,
        *,
        name: str | None = None,
        email: str | None = None,
        time_zone: str | None = None,
        person: str | None = None,
    ) -> dict[str, Any]:
        """Add a user to a sub-account; ``person`` says which users are one human. The row of the view ``users``."""
        return self._parts.people.add_user(sub_account, user_id, name=name or user_id, email=email, time_zone=time_zone, person=person)

    def users(self, sub_account: str | None = None) -> list[dict[str, Any]]:
        """The users of a sub-account, or all."""
        return self._parts.people.users(sub_account)

    # --- accounts and calendars --------------------------------------------------------------------------------------------------

    def connect(
        self, sub_account: str, user_id: str, *, provider: str, account: str, password: str | Secret, url: str | None = None
    ) -> dict[str, Any]:
        """Connect an iCloud or CalDAV account for a user; see ``app.connecting.connect``."""
        secret = password if isinstance(password, Secret) else Secret(password)
        return connecting.connect(
            self._parts, sub_account=sub_account, user_id=user_id, provider=provider, account=account, password=secret, url=url
        )

    def reconnect(self, integration_id: str, password: str | Secret) -> dict[str, Any]:
        """Replace an integration's password, once for all it serves, and sync it."""
        return connecting.reconnect(self._parts, integration_id, password if isinstance(password, Secret) else Secret(password))

    def disconnect(self, sub_account: str, user_id: str, integration_id: str, *, purge: bool = False) -> dict[str, Any]:
        """End one user's connection; ``purge`` also forgets its history. The integration goes with its last connection."""
        return connecting.disconnect(self._parts, sub_account=sub_account, user_id=user_id, integration_id=integration_id, purge=purge)

    def integrations(self, sub_account: str | None = None, user_id: str | None = None) -> list[dict[str, Any]]:
        """Integrations with their health, as in the view, with whom they serve."""
        return self._parts.accounts.integrations(sub_account, user_id)

    def calendars(self, sub_account: str, user_id: str) -> list[dict[str, Any]]:
        """Every collection the user's accounts show, what it may be used for, and why not (R10)."""
        return self._parts.accounts.calendars(sub_account, user_id)

    def calendar(self, sub_account: str, user_id: str, name: str) -> dict[str, Any]:
        """One of them, by id or unique name. ``UnknownCalendar``, ``AmbiguousName``."""
        return self._parts.accounts.calendar(sub_account, user_id, name)

    def link(self, sub_account: str, user_id: str, calendar: str, *, assume_writable: bool = False) -> dict[str, Any]:
        """Make a calendar (id or unique name) the user's linked one (R4), and by default a conflict calendar too (R5)."""
        calendar_id = self._parts.accounts.calendar(sub_account, user_id, calendar)["calendar_id"]
        return self._parts.roles.link(sub_account, user_id, calendar_id, actor=self._parts.actor, assume_writable=assume_writable)

    def unlink(self, sub_account: str, user_id: str) -> dict[str, Any] | None:
        """End the user's linked calendar; what was written to it stays. The role that ended, or None."""
        return self._parts.roles.unlink(sub_account, user_id)

    def add_conflicts(self, sub_account: str, user_id: str, calendars: Sequence[str]) -> list[dict[str, Any]]:
        """Let these calendars (ids or unique names) block availability (R6); their roles."""
        ids = self._ids(sub_account, user_id, calendars)
        return _conflicts(self._parts.roles.add_conflicts(sub_account, user_id, ids), ids)

    def remove_conflicts(self, sub_account: str, user_id: str, calendars: Sequence[str]) -> list[dict[str, Any]]:
        """Let these calendars no longer block availability (R5 for the linked one: the caller warns); the roles that ended."""
        ids = self._ids(sub_account, user_id, calendars)
        ended = _conflicts(self._parts.roles.roles(sub_account, user_id), ids)
        self._parts.roles.remove_conflicts(sub_account, user_id, ids)
        return ended

    def roles(self, sub_account: str, user_id: str) -> list[dict[str, Any]]:
        """The user's calendar roles."""
        return self._parts.roles.roles(sub_account, user_id)

    def _ids(self, sub_account: str, user_id: str, calendars: Sequence[str]) -> list[str]:
        return [self._parts.accounts.calendar(sub_account, user_id, name)["calendar_id"] for name in calendars]

    def addresses(self, integration_id: str) -> list[dict[str, Any]]:
        """The addresses that count as the account's own (for declined and unanswered invitations), and where each is from."""
        return self._parts.accounts.addresses(integration_id)

    def add_addresses(self, integration_id: str, addresses: Sequence[str]) -> list[dict[str, Any]]:
        """Add aliases; verdicts they touch change at once."""
        return self._parts.accounts.add_addresses(integration_id, list(addresses))

    def remove_addresses(self, integration_id: str, addresses: Sequence[str]) -> list[dict[str, Any]]:
        """Take aliases off that a person added."""
        return self._parts.accounts.remove_addresses(integration_id, list(addresses))

    # --- policies and hours ------------------------------------------------------------------------------------------------------

    def set_policy(
        self, sub_account: str, user_id: str | None, changes: Mapping[str, str], *, calendar: str | None = None
    ) -> dict[str, Any]:
        """Set busy policies for a user, or a sub-account's defaults (``user_id`` None); ``calendar`` for ``all_day`` of one calendar."""
        calendar_id = None
        if calendar is not None and user_id is not None:
            calendar_id = self._parts.accounts.calendar(sub_account, user_id, calendar)["calendar_id"]
        self._parts.choices.set_policy(sub_account, user_id, changes, calendar_id=calendar_id)
        return self.policies(sub_account, user_id)

    def policies(self, sub_account: str, user_id: str | None = None) -> dict[str, Any]:
        """The policies in force, and where each comes from; ``all_day_by_calendar`` holds what is set for single calendars."""
        row = self._parts.choices.policies(sub_account, user_id)
        return row | {"all_day_by_calendar": self._parts.choices.all_day_by_calendar(sub_account, user_id)}

    def set_hours(self, sub_account: str, user_id: str | None, changes: Mapping[str, str | None]) -> dict[str, Any]:
        """Set opening hours and booking limits for a user, or a sub-account's defaults; None goes back to what is inherited."""
        return self._parts.choices.set_hours(sub_account, user_id, changes)

    def hours(self, sub_account: str, user_id: str | None = None) -> dict[str, Any]:
        """Opening hours and booking limits in force, and where each comes from."""
        return self._parts.choices.hours(sub_account, user_id)

    # --- sync --------------------------------------------------------------------------------------------------------------------

    def sync(
        self,
        sub_account: str | None = None,
        user: str | None = None,
        calendar: str | None = None,
        *,
        confirm_deletions: Sequence[str] = (),
        report: Callable[[Progress], None] | None = None,
    ) -> SyncReport:
        """Pull what changed, once per integration in scope."""
        return syncing.sync(self._parts, Scope(sub_account, user, calendar, tuple(confirm_deletions)), report)

    def plan(self, sub_account: str | None = None, user: str | None = None, calendar: str | None = None) -> list[dict[str, Any]]:
        """What a sync would do now, calendar by calendar; changes nothing."""
        return syncing.plan(self._parts, Scope(sub_account, user, calendar))

    # --- what could not be read --------------------------------------------------------------------------------------------------

    def quarantine(self, sub_account: str | None = None, user_id: str | None = None) -> list[dict[str, Any]]:
        """Objects that could not be read, of a user, a sub-account or all: rows of the view ``quarantine`` with ``detail``."""
        return self._parts.quarantine.rows(sub_account, user_id)

    def quarantined(self, calendar: str, href: str, *, reveal: bool = False, reason: str | None = None) -> dict[str, Any]:
        """One of them, with the time it blocks, its size and its SHA-256; see ``app.quarantine.entry``.

        ``reveal`` adds the bytes as ``raw``, titles and all; who asked, and the ``reason``, is logged (R18).
        """
        return quarantine.entry(self._parts, calendar, href, reveal=reveal, reason=reason)

    def retry_quarantine(self, calendar: str | None = None) -> list[dict[str, Any]]:
        """Read what is kept again with the present code, of one calendar (id or unique name) or all; see ``app.quarantine.retry``."""
        return quarantine.retry(self._parts, calendar)

    # --- answers -----------------------------------------------------------------------------------------------------------------

    def busy(
        self, sub_account: str, users: Users, start: Moment, end: Moment, *, known_at: Moment | None = None, tz: str | None = None
    ) -> pd.DataFrame:
        """Busy time that touches ``[start, end)``, as in the view, with each user's coverage as ``complete`` and ``as_of``.

        Instants are in the user's zone, in the sub-account's for several users, or in ``tz``.
        """
        from icalsync.app import frames  # noqa: PLC0415  # pandas takes a second; setting up needs none

        return frames.busy(self._parts, asking.ask(self._parts, sub_account, users, start, end, known_at=known_at, tz=tz))

    def slots(
        self,
        sub_account: str,
        users: Users,
        start: Moment,
        end: Moment,
        *,
        length: str | timedelta = "30m",
        need: Need = "all",
        asked_at: datetime | None = None,
        known_at: Moment | None = None,
        tz: str | None = None,
    ) -> pd.DataFrame:
        """Slots that can be booked: ``starts_at``, ``ends_at``, ``users``, and coverage as ``complete``, ``as_of``, ``missing``."""
        from icalsync.app import frames  # noqa: PLC0415  # as above

        question = asking.ask(self._parts, sub_account, users, start, end, known_at=known_at, tz=tz)
        found = asking.find_slots(self._parts, question, length=length, need=need, asked_at=asked_at or self._parts.clock.now())
        return frames.slots(asking.slot_rows(self._parts, question, found), question.zone)

    def coverage(
        self,
        sub_account: str,
        users: Users = None,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        known_at: Moment | None = None,
    ) -> dict[str, Any]:
        """How complete answers about these users are: ``complete``, ``as_of``, ``missing``; over ``[start, end)`` where both are given."""
        if start is not None and end is not None:
            question = asking.ask(self._parts, sub_account, users, start, end, known_at=known_at)
            return asking.summary(asking.coverage_rows(self._parts, question))
        rows = asking.people_of(self._parts, sub_account, users)
        known = None if known_at is None else asking.moment(known_at, asking.answer_zone(self._parts, sub_account, rows), "known_at")
        return asking.summary(self._parts.answers.coverage([(row["sub_account"], row["user_id"]) for row in rows], known))

    # --- tables ------------------------------------------------------------------------------------------------------------------

    def view(self, name: str, where: str | None = None) -> pd.DataFrame:
        """A public view as a frame, instants in UTC; ``where`` is an SQL condition. ``UnknownView``, ``QueryRefused``."""
        return self._parts.answers.view(name, where)

    def sql(self, query: str, *, frames: Mapping[str, pd.DataFrame] | None = None, **params: Any) -> pd.DataFrame:
        """A reading query over the public views, parameters by name (``$u``), own frames by name; ``QueryRefused`` for anything else."""
        return self._parts.answers.sql(query, params, dict(frames or {}))

    def export(self, view: str, output: str | PathLike[str], *, where: str | None = None) -> dict[str, Any]:
        """Write a view to a ``.csv``, ``.parquet`` or ``.json`` file."""
        from icalsync.app import exporting  # noqa: PLC0415  # as above

        return exporting.export(self._parts, view, Path(output), where)


def _conflicts(rows: Sequence[dict[str, Any]], ids: Sequence[str]) -> list[dict[str, Any]]:
    return [row for row in rows if row["role"] == "CONFLICT" and row["calendar_id"] in ids]
