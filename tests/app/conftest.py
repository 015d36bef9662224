"""Two small worlds for the desk: Anna's account on the look-alike, and a database that is filled without any server."""

from __future__ import annotations

from tests.engine.conftest import app, template, work
from tests.store.conftest import chosen, chosen_template, clock, connected_template, db

__all__ = ["app", "chosen", "chosen_template", "clock", "connected_template", "db", "template", "work"]
