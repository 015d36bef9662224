"""The library's face: ``icalsync.open`` gives an ``App``; the command line and the dashboard only render what it returns."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from icalsync.app.faces.accounts import Accounts
from icalsync.app.faces.answers import Answers
from icalsync.app.faces.bookings import Bookings
from icalsync.app.faces.choices import Choices
from icalsync.app.faces.people import People
from icalsync.app.faces.runs import Runs
from icalsync.app.faces.tables import Tables
from icalsync.app.parts import Parts
from icalsync.app.syncing import SyncReport
from icalsync.ports import Clock
from icalsync.settings import Settings, load_settings

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


class App(People, Accounts, Choices, Bookings, Runs, Answers, Tables):
    """One database and everything that can be asked of it or done with it. Every method may raise the ``StoreError`` tree."""

    def __repr__(self) -> str:
        return f"<icalsync {self._parts.path}>"

    @property
    def path(self) -> Path:
        """Where the database lies."""
        return self._parts.path
