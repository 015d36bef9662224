"""icalsync links people's CalDAV calendars to a booking system, so that nobody is booked twice, and can always say why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from icalsync.app import App

__all__ = ["__version__", "open"]

__version__ = "0.1.0"


def open(path: Any = None, **options: Any) -> App:  # noqa: A001  # the word of design.md §6
    """Open a database; see ``icalsync.app.open_app``. The library behind it is loaded at this moment, not at import."""
    from icalsync.app import open_app  # noqa: PLC0415  # duckdb and pandas take most of a second

    return open_app(path, **options)
