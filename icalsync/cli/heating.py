"""``heatmap``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from icalsync.cli.answers import calendar_names
from icalsync.cli.base import Command, opened, options
from icalsync.cli.connect import zone_of
from icalsync.cli.render import incomplete, print_json, table
from icalsync.messages import say

if TYPE_CHECKING:
    from icalsync.app.heating import HeatMap


@click.command(cls=Command)
@click.argument("sub_account", metavar="ACME")
@click.argument("user_ids", metavar="[anna…]", nargs=-1)
@click.option("--from", "start", required=True, help="First moment; a bare date is midnight in the user's zone.")
@click.option("--to", "end", required=True, help="The moment it ends before.")
@click.option("--known-at", help="As it was known at this moment.")
@click.option("--by-day", is_flag=True, help="By day and hour instead of weekday and hour.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A .csv, .parquet, .json or .html file.")
def heatmap(
    sub_account: str, user_ids: tuple[str, ...], start: str, end: str, known_at: str | None, output: Path | None, *, by_day: bool
) -> int:
    """How much of the open time is taken, by weekday and hour; of some users, or all of the sub-account, each in their own zone."""
    from icalsync.app.exporting import records  # noqa: PLC0415  # pandas

    app = opened()
    users = list(user_ids) or None
    heat = app.heatmap(sub_account, users, start, end, known_at=known_at)
    frame = heat.by_day if by_day else heat.frame
    if output is not None:
        app.write_heatmap(heat, output, by_day=by_day)
        click.echo(say("heat.wrote", rows=len(frame), path=output), err=options().json)
    elif options().json:
        print_json(records(frame if not by_day else frame.assign(day=frame["day"].dt.date)))
    elif by_day:
        rows = [_shown(row) | {"day": row["day"].date().isoformat()} for row in records(frame) if row["open_minutes"]]
        table(rows, ("day", "hour", "open", "busy", "unknown", "share"), "UTC")
    else:
        _week(heat)
    zone = zone_of(app, sub_account, user_ids[0] if len(set(user_ids)) == 1 else None)
    return incomplete(heat.coverage, zone, calendar_names(app, sub_account, user_ids))


def _shown(row: dict[str, Any]) -> dict[str, str]:
    return {
        "hour": f"{row['hour']:02}:00",
        "open": f"{row['open_minutes']:.0f}",
        "busy": f"{row['busy_minutes']:.0f}",
        "unknown": f"{row['unknown_minutes']:.0f}",
        "share": "" if row["share"] is None else f"{row['share']:.0%}",
    }


def _week(heat: HeatMap) -> None:
    """Hours down, weekdays across; what is unknown behind the share, with a question mark; then what the rest is lost to."""
    from icalsync.app.exporting import records  # noqa: PLC0415  # pandas

    days = say("page.weekdays").split()
    rows: dict[int, dict[str, str]] = {}
    for cell in records(heat.frame):
        if cell["open_minutes"]:
            unknown = f" +{cell['unknown_minutes'] / cell['open_minutes']:.0%}?" if cell["unknown_minutes"] else ""
            rows.setdefault(cell["hour"], {"hour": f"{cell['hour']:02}:00"})[days[cell["weekday"]]] = f"{cell['share']:.0%}{unknown}"
    if not rows:
        click.echo(say("heat.closed"))
        return
    table([rows[hour] for hour in sorted(rows)], ("hour", *days), "UTC")
    lost = [{"cause": cause, "hours": f"{minutes / 60:.1f}"} for cause, minutes in heat.lost.items()]
    if lost:
        click.echo(say("heat.lost"))
        table(lost, ("cause", "hours"), "UTC")


COMMANDS = (heatmap,)
