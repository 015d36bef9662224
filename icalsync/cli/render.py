"""Printing rows: JSON for programs, tables for people. Instants in one zone, titles as they come (masked)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from icalsync.cli.base import options
from icalsync.messages import say

Row = Mapping[str, Any]


def in_zone(value: Any, zone: str) -> Any:
    """A value for JSON: instants and dates as ISO 8601 text, instants in ``zone``."""
    if isinstance(value, Mapping):
        return {name: in_zone(item, zone) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [in_zone(item, zone) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value


def print_json(value: Any, zone: str = "UTC") -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(in_zone(value, zone), ensure_ascii=False, indent=2))


def show_rows(rows: Iterable[Row], columns: Sequence[str], *, zone: str = "UTC", empty: str = "Nothing to show.") -> None:
    """A listing: an array of objects, or a table of ``columns``."""
    rows = list(rows)
    if options().json:
        print_json(rows, zone)
    elif rows:
        table(rows, columns, zone)
    else:
        click.echo(empty)


def show_row(row: Any, sentence: str, *, zone: str = "UTC") -> None:
    """An action: the row it made or changed, or a sentence for people."""
    if options().json:
        print_json(row, zone)
    else:
        click.echo(sentence)


def remark(sentence: str) -> None:
    """A warning for people, beside the answer (standard error); programs read the answer itself."""
    if not options().json:
        click.echo(sentence, err=True)


def table(rows: Sequence[Row], columns: Sequence[str], zone: str) -> None:
    """A plain table; as wide as it needs to be where nobody is looking."""
    from rich.console import Console  # noqa: PLC0415  # only where a table is drawn
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 240, highlight=False, soft_wrap=False)
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        drawn.add_column(name, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell(row.get(name), zone)) for name in columns))
    console.print(drawn)
    if any(isinstance(row.get(name), datetime) for row in rows for name in columns):
        click.echo(f"Times are in {zone}.")


def cell(value: Any, zone: str) -> str:
    """A value as people read it; control characters are dropped, so that no title paints the terminal (D35)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M")
    if isinstance(value, list | tuple):
        return ", ".join(cell(item, zone) for item in value)
    return "".join(ch if ch.isprintable() else "\N{REPLACEMENT CHARACTER}" for ch in str(value))


def incomplete(coverage: Row, zone: str, names: Mapping[str, str]) -> int:
    """The exit code of a bare array, and the warning beside an incomplete one (design.md §5); ``names``: calendars by id."""
    if coverage["complete"]:
        return 0
    if options().json:
        warning = {"warning": "INCOMPLETE", "coverage": in_zone(coverage, zone)}
        click.echo(json.dumps(warning, ensure_ascii=False), err=True)
    else:
        click.echo(say("warn.incomplete"), err=True)
        for item in coverage["missing"]:
            name = cell(names.get(item["calendar_id"], item["calendar_id"]), zone)
            why = say(f"coverage.{item['state']}")
            click.echo(f"  {item['user_id']}, calendar {name}: {why} ({item['reason']})", err=True)
    return 1
