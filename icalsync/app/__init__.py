"""The library's face: ``icalsync.open`` gives an ``App``; the command line and the dashboard only render what it returns."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from icalsync.app.explaining import Reveal
from icalsync.app.faces.accounts import Accounts
from icalsync.app.faces.answers import Answers
from icalsync.app.faces.bookings import Bookings
from icalsync.app.faces.choices import Choices
from icalsync.app.faces.desks import Desks
from icalsync.app.faces.people import People
from icalsync.app.faces.runs import Runs
from icalsync.app.faces.tables import Tables
from icalsync.app.parts import Parts
from icalsync.app.syncing import SyncReport
from icalsync.ports import Clock
from icalsync.settings import Settings, load_settings

__all__ = ["App", "SyncReport", "open_app"]


def open_app(
    path: str | PathLike[str] | None = None,
    *,
    settings: Settings | None = None,
    clock: Clock | None = None,
    actor: str | None = None,
    reveal: bool = False,
    reason: str | None = None,
) -> App:
    """Open a database: the given one, else ``ICALSYNC_DATABASE``, else the one in the per-user data directory.

    The file is made when it is first needed, and is open only while something is read or written, so an ``App`` may live as long
    as a notebook does. ``actor`` names who acts, for the audit log. Titles are masked; ``reveal`` with a ``reason`` shows them in
    ``view``, ``sql``, ``export`` and ``explain``, and that is logged at once, with who and why (R18). Raises ``SettingsInvalid``;
    ``InvalidInput`` for a reveal without a reason.

    >>> icalsync.open(path)
    <icalsync ...clinic.duckdb>
    >>> icalsync.open(path, reveal=True)
    Traceback (most recent call last):
    icalsync.errors.InvalidInput: ...
    """
    settings = settings or load_settings()
    if path is not None:
        settings = settings.with_database(Path(path))
    Reveal(reveal, reason).check()
    parts = Parts(settings, clock, actor)
    if not reveal:
        return App(parts)
    why = (reason or "").strip()
    parts.audit.note(parts.actor, "REVEAL_OPENED", str(parts.path), why, about=())
    return App(parts, revealed_for=why)


class App(People, Accounts, Choices, Bookings, Runs, Answers, Tables, Desks):
    """One database and everything that can be asked of it or done with it. Every method may raise the ``StoreError`` tree."""

    def __repr__(self) -> str:
        return f"<icalsync {self._parts.path}>"

    @property
    def path(self) -> Path:
        """Where the database lies."""
        return self._parts.path
