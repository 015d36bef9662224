"""Which SQL may be asked: one statement that only reads the public views (S6).

DuckDB parses the text itself; its tree is walked, and whatever is not known to be harmless is refused. The instance has no access to
other files and loads no extension, and the transaction is read-only: three walls, of which any one would do.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Final

import duckdb

from icalsync.errors import QueryRefused

TABLE_FUNCTIONS: Final = frozenset({"busy_as_of", "range", "generate_series", "unnest"})
"""Everything else that can stand after FROM could read files, catalogues, or run text as SQL."""
FORBIDDEN: Final = frozenset(
    {"query", "query_table", "json_execute_serialized_sql", "getenv", "getvariable", "write_log", "nextval", "currval"}
)
_FORBIDDEN_STARTS: Final = ("read_", "pragma_", "duckdb_", "pg_", "sql_auto", "which_secret", "glob", "sniff_", "parquet_", "http_")
_HARMLESS_SCHEMAS: Final = frozenset({"", "main"})


def check(cursor: duckdb.DuckDBPyConnection, query: str, views: Collection[str], frames: Collection[str] = ()) -> None:
    """``QueryRefused`` unless ``query`` is one SELECT (or FROM) over ``views`` and ``frames``."""
    try:
        statements = cursor.extract_statements(query)
    except duckdb.Error as error:
        raise QueryRefused(why=first_line(error)) from error
    if len(statements) != 1:
        raise QueryRefused(why="exactly one statement is needed")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise QueryRefused(why=f"it is no SELECT, but {statements[0].type.name}")
    tree = _tree(cursor, statements[0].query)
    qualified = frozenset(name.lower() for name in views)
    for node, names in _scoped(tree, qualified | {name.lower() for name in frames}):
        _check_node(node, names, qualified)


def first_line(error: Exception) -> str:
    """What DuckDB says is wrong, without its drawing of the query."""
    return str(error).split("\n", 1)[0]


def _tree(cursor: duckdb.DuckDBPyConnection, query: str) -> Any:
    rows = cursor.execute("SELECT json_serialize_sql($1::VARCHAR)", [query]).fetchall()
    tree = json.loads(rows[0][0])
    if tree.get("error"):
        raise QueryRefused(why=str(tree.get("error_message", "it cannot be read")))
    return tree


Names = frozenset[str]
"""What may stand after FROM at some place of a query, in lower case."""


def _scoped(tree: Any, names: Names) -> Iterator[tuple[dict[str, Any], Names]]:
    """Every node with the names that hold there: a CTE's name means the CTE only where SQL says so, and elsewhere what it always means."""
    waiting: list[tuple[Any, Names]] = [(tree, names)]
    while waiting:
        node, within = waiting.pop()
        if isinstance(node, dict):
            yield node, within
            waiting.extend(_children(node, within))
        elif isinstance(node, list):
            waiting.extend((each, within) for each in node)


def _children(node: dict[str, Any], names: Names) -> Iterator[tuple[Any, Names]]:
    """The parts of a node, each with the names that hold in it."""
    found = node.get("cte_map")
    for entry in found["map"] if isinstance(found, dict) else ():
        yield entry, names  # its own name holds only after it, or in the part that recurs
        names |= {str(entry["key"]).lower()}
    recurring = {str(node["cte_name"]).lower()} if node.get("type") == "RECURSIVE_CTE_NODE" else set()
    for key, part in node.items():
        if key != "cte_map":
            yield part, names | recurring if key == "right" else names


def _check_node(node: dict[str, Any], names: Names, qualified: Names) -> None:
    """``qualified`` names are those of the schema itself: ``main.x`` is never a CTE or a frame."""
    kind = node.get("type")
    if kind == "BASE_TABLE":
        name = str(node.get("table_name", ""))
        schema = str(node.get("schema_name", ""))
        if node.get("catalog_name") or schema not in _HARMLESS_SCHEMAS or name.lower() not in (qualified if schema else names):
            raise QueryRefused(why=f"{name!r} is none of the public views")
    elif kind == "TABLE_FUNCTION":
        name = str((node.get("function") or {}).get("function_name", ""))
        if name.lower() not in TABLE_FUNCTIONS:
            raise QueryRefused(why=f"{name!r} cannot be read from")
    elif kind == "SHOW_REF":
        raise QueryRefused(why="only SELECT and FROM are possible")
    if "function_name" in node:
        name = str(node["function_name"]).lower()
        schema = str(node.get("schema", "") or "")
        if name in FORBIDDEN or name.startswith(_FORBIDDEN_STARTS) or schema not in _HARMLESS_SCHEMAS or node.get("catalog"):
            raise QueryRefused(why=f"the function {name!r} is not allowed")
