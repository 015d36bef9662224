"""The door to the secret store: one password per integration, never in the database, never in plain text."""

from __future__ import annotations

from icalsync.secret.opening import open_secret_store

__all__ = ["open_secret_store"]
