"""Rows that are closed and written anew, never rewritten: what was known at any moment stays to be asked (R16)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from icalsync.store.transaction import Row, Transaction


@dataclass(frozen=True, slots=True)
class Difference:
    """What a rewrite closed and opened; both empty where everything was so already (R17)."""

    closed: tuple[Row, ...]
    opened: tuple[Row, ...]

    def __bool__(self) -> bool:
        return bool(self.closed or self.opened)


def rewrite(
    tx: Transaction, table: str, keys: Sequence[str], wanted: Iterable[Mapping[str, Any]], scope: str, params: Sequence[Any] = ()
) -> Difference:
    """Let exactly ``wanted`` hold among the rows of ``table`` that match ``scope`` (SQL of ours): equal rows stay, others are closed."""
    names = [name for name in tx.types(table) if name not in {"known_from", "known_to"}]
    current = tx.rows(f"SELECT * FROM _kept.{table} WHERE known_to = 'infinity' AND ({scope})", list(params))  # noqa: S608  # our own text
    by_key = {tuple(row[key] for key in keys): row for row in current}
    target = {tuple(row[key] for key in keys): {name: row[name] for name in names} for row in wanted}
    closed = [row for key, row in by_key.items() if key not in target or any(row[name] != target[key][name] for name in names)]
    kept = {tuple(row[key] for key in keys) for row in current} - {tuple(row[key] for key in keys) for row in closed}
    opened = [{**row, "known_from": tx.now} for key, row in target.items() if key not in kept]
    _close(tx, table, keys, closed, scope, params)
    tx.append(table, opened)
    return Difference(tuple(closed), tuple(opened))


def _close(tx: Transaction, table: str, keys: Sequence[str], rows: Sequence[Row], scope: str, params: Sequence[Any]) -> None:
    if not rows:
        return
    types = tx.types(table)
    picked = ", ".join(f"unnest(?::{types[key]}[]) AS closed_{key}" for key in keys)
    same = " AND ".join(f"t.{key} IS NOT DISTINCT FROM k.closed_{key}" for key in keys)
    tx.execute(
        f"UPDATE _kept.{table} AS t SET known_to = ? FROM (SELECT {picked}) k WHERE t.known_to = 'infinity' AND {same} AND ({scope})",  # noqa: S608
        [tx.now, *([row[key] for row in rows] for key in keys), *params],
    )
    if any(row["known_from"] == tx.now for row in rows):  # opened in this very transaction: it never held
        tx.execute(f"DELETE FROM _kept.{table} WHERE known_from = ? AND known_to = ?", [tx.now, tx.now])  # noqa: S608  # our own name
