"""The causes of double bookings as a table: the core's one function fills it, and the view looks up (R15)."""

from __future__ import annotations

import duckdb

from icalsync.core.audit import cause_of, every_facts


def fill_causes(connection: duckdb.DuckDBPyConnection) -> None:
    """A row for every combination of facts, in place of those before; a step that changes the precedence calls it again."""
    keys = [(facts.key, str(cause_of(facts))) for facts in every_facts()]
    connection.execute("DELETE FROM _kept.audit_cause")
    connection.execute(
        "INSERT INTO _kept.audit_cause SELECT unnest($1::INTEGER[]), unnest($2::VARCHAR[])",
        [[key for key, _ in keys], [cause for _, cause in keys]],
    )
