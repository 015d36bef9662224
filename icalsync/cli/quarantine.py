"""``quarantine list``, ``quarantine show``, ``quarantine retry``."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping
from typing import Any, Final

import click

from icalsync.cli.base import Group, opened, options
from icalsync.cli.connect import zone_of
from icalsync.cli.render import cell, print_json, remark, show_rows

LIST_COLUMNS = ("calendar_id", "href", "reason", "detail", "first_seen_at", "last_seen_at")
RETRY_COLUMNS = ("calendar_id", "href", "outcome", "reason", "detail")
_PLAIN: Final = frozenset("\n\t")


@click.group("quarantine", cls=Group)
def quarantine() -> None:
    """Calendar objects that could not be read: kept as they came, never taken for free time."""


@quarantine.command("list")
@click.argument("sub_account", metavar="[ACME", required=False)
@click.argument("user_id", metavar="[anna]]", required=False)
def list_quarantine(sub_account: str | None, user_id: str | None) -> int:
    """What could not be read, where, and why, without its text; exit code 1 where there is something."""
    app = opened()
    zone = zone_of(app, sub_account, user_id)
    rows = app.quarantine(sub_account, user_id)
    show_rows(rows, LIST_COLUMNS, zone=zone, empty="Every object could be read.")
    return 1 if rows else 0


@quarantine.command("show")
@click.argument("calendar", metavar="CALENDAR")
@click.argument("href", metavar="HREF")
@click.option("--reveal", is_flag=True, help="Show its text as well, titles and all; this is logged.")
@click.option("--reason", help="Why it has to be seen, for the log (with --reveal).")
def show_quarantined(calendar: str, href: str, reveal: bool, reason: str | None) -> None:
    """One object: why it could not be read, since when, what time it blocks, its size and hash.

    With --reveal the text follows: on a terminal with control characters escaped, elsewhere byte for byte and alone on standard output.
    """
    if reason is not None and not reveal:
        raise click.UsageError("--reason needs --reveal", click.get_current_context())
    row = opened().quarantined(calendar, href, reveal=reveal, reason=reason)
    raw = row.pop("raw", None)
    if options().json:
        print_json(row if raw is None else row | {"raw": _as_text(raw), "raw_base64": base64.b64encode(raw).decode()})
        return
    facts = "\n".join(_facts(row))
    if raw is None:
        click.echo(facts)
    elif sys.stdout.isatty():
        click.echo(f"{facts}\n\n{escaped(raw)}")
    else:
        remark(facts)
        click.echo(raw, nl=False)


@quarantine.command("retry")
@click.argument("calendar", metavar="[CALENDAR]", required=False)
def retry_quarantine(calendar: str | None) -> int:
    """Read what is kept again, with the present code; what is understood now counts from now on."""
    rows = opened().retry_quarantine(calendar)
    show_rows(rows, RETRY_COLUMNS, empty="There is nothing to try again.")
    return 0 if all(row["outcome"] == "healed" for row in rows) else 1


def _facts(row: Mapping[str, Any]) -> list[str]:
    return [f"{name:<14} {cell(value, 'UTC')}".rstrip() for name, value in row.items()]


def _as_text(raw: bytes) -> str | None:
    """The text where it is UTF-8; else only the base64 form tells all of it."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def escaped(raw: bytes) -> str:
    """Bytes as a terminal may show them: lines stay lines, every other control character and every odd byte is written out (D35)."""
    text = raw.replace(b"\r\n", b"\n").decode("utf-8", "backslashreplace")
    return "".join(ch if ch.isprintable() or ch in _PLAIN else ch.encode("unicode_escape").decode() for ch in text)


COMMANDS = (quarantine,)
