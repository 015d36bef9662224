"""Verdicts as a table: the core's one function fills it for every combination met, and the views look up (R15)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Final

import duckdb

from icalsync.core.busy import verdict
from icalsync.core.model import ALL_POLICIES, CdoStatus, Facts, Participation, Policy, Status, Transparency
from icalsync.store.transaction import Row, Transaction

RULES_VERSION: Final = 1
"""Raised with the busy rules; a migration step then fills ``verdict`` anew."""

_POLICY_KEYS: Final = {policy: key for key, policy in enumerate(ALL_POLICIES, 1)}


def policy_key(policy: Policy) -> int:
    """The number of a combination of busy policies."""
    return _POLICY_KEYS[policy]


def fill_policies(connection: duckdb.DuckDBPyConnection) -> None:
    """The 24 combinations there are."""
    for policy, key in _POLICY_KEYS.items():
        connection.execute(
            "INSERT INTO _kept.policy VALUES (?, ?, ?, ?, ?)", [key, policy.unanswered, policy.tentative, policy.travel, policy.all_day]
        )


class FactsBook:
    """Facts by number; new ones are written with all their verdicts before anything refers to them."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        rows = tx.rows("SELECT * FROM _kept.facts")
        self._keys = {_facts(row): int(row["facts_key"]) for row in rows}

    def keys(self, wanted: Iterable[Facts]) -> dict[Facts, int]:
        """A number for each of ``wanted``."""
        new = sorted(set(wanted) - self._keys.keys(), key=repr)
        start = max(self._keys.values(), default=0) + 1
        added = {facts: start + n for n, facts in enumerate(new)}
        self._tx.append("facts", [{"facts_key": key, **_plain(facts)} for facts, key in added.items()])
        self._tx.append("verdict", [row for facts, key in added.items() for row in _verdicts(facts, key)])
        self._keys.update(added)
        return self._keys


def _plain(facts: Facts) -> dict[str, object]:
    return {name: value if isinstance(value, bool) else str(value) for name, value in asdict(facts).items()}


def _facts(row: Row) -> Facts:
    return Facts(
        readable=bool(row["readable"]),
        transparency=Transparency(row["transparency"]),
        status=Status(row["status"]),
        participation=Participation(row["participation"]),
        cdo=CdoStatus(row["cdo"]),
        all_day=bool(row["all_day"]),
        zero_length=bool(row["zero_length"]),
        travel=bool(row["travel"]),
    )


def _verdicts(facts: Facts, key: int) -> Iterable[dict[str, object]]:
    for policy, number in _POLICY_KEYS.items():
        for own in (False, True):
            judged = verdict(facts, policy, own=own)
            yield {"facts_key": key, "policy_key": number, "own": own, "busyness": str(judged.busyness), "reason": str(judged.reason)}


def refill(tx: Transaction) -> None:
    """Every verdict anew, for a step that changes the rules."""
    facts = {_facts(row): int(row["facts_key"]) for row in tx.rows("SELECT * FROM _kept.facts")}
    tx.execute("DELETE FROM _kept.verdict")
    tx.append("verdict", [row for each, key in facts.items() for row in _verdicts(each, key)])
    tx.execute("UPDATE _kept.meta SET rules_version = ?", [RULES_VERSION])
