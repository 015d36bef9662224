"""Heat maps: how much of the open time is taken, by weekday and hour, by day and hour, and lost to what (issue 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from icalsync.app import asking, exporting
from icalsync.app.parts import Parts
from icalsync.core.heat import share
from icalsync.errors import DependencyMissing
from icalsync.messages import say
from icalsync.store.heat import Load, Minutes

if TYPE_CHECKING:
    import altair as alt

FIGURES: Final = ("open_minutes", "busy_minutes", "unknown_minutes")
_STYLE: Final = (
    "body{font:16px system-ui,sans-serif;margin:2em}table{border-collapse:collapse;margin:1em 0}"
    "th,td{padding:.3em .6em;text-align:right;border:1px solid #ccc}td.closed{background:#eee}"
    "td.unknown{outline:2px dashed #666;outline-offset:-3px}"
)


@dataclass(frozen=True)
class HeatMap:
    """How much of the open time is taken. Minutes are summed over the users, each in the user's own zone; in Jupyter a table."""

    load: Load
    zone: str
    coverage: Mapping[str, Any]
    """``complete``, ``as_of``, ``missing``."""
    unwatched: tuple[tuple[str, str], ...] = ()
    """Users, by sub-account and id, whom no calendar blocks: for them only opening hours and bookings count."""

    @cached_property
    def frame(self) -> pd.DataFrame:
        """By weekday (0 = Monday) and hour, 168 rows. ``share`` is busy of open, missing where nothing is open; unknown is neither.

        Columns:
            weekday, hour: int64
            open_minutes, busy_minutes, unknown_minutes, share: float64
        """
        cells = self._cells.assign(weekday=self._cells["day"].dt.day_of_week)
        summed = cells.groupby(["weekday", "hour"], sort=True)[list(FIGURES)].sum()
        week = pd.MultiIndex.from_product([range(7), range(24)], names=["weekday", "hour"])
        return _shared(summed.reindex(week, fill_value=0.0).reset_index())

    @cached_property
    def by_day(self) -> pd.DataFrame:
        """The same by ``day`` (a local date) and ``hour``, 24 rows for each day with open time.

        Columns:
            day: date
            hour: int64
            open_minutes, busy_minutes, unknown_minutes, share: float64
        """
        opened = self._cells.groupby("day")["open_minutes"].transform("sum") > 0
        return _shared(self._cells[opened].reset_index(drop=True))

    @cached_property
    def lost(self) -> dict[str, float]:
        """Cause → open minutes it takes, each once: reasons of the busy rules, then what is unknown, then ``BUFFER``."""
        return self.load.lost()

    def chart(self) -> alt.Chart:
        """A picture by weekday and hour; ``DependencyMissing`` without altair (the extra ``dashboard`` or ``notebooks``)."""
        if find_spec("altair") is None:
            raise DependencyMissing(package="altair", extra="dashboard")
        import altair as alt  # noqa: PLC0415  # an optional part

        days = say("page.weekdays").split()
        shown = self.frame[self.frame["open_minutes"] > 0].assign(day=lambda rows: rows["weekday"].map(dict(enumerate(days))))
        # up to the fullest hour, in tenths, so that quiet weeks are no single shade; the legend says how far it goes
        fullest = max(0.1, ceil(10 * shown["share"].max()) / 10) if len(shown) else 1.0
        chart: alt.Chart = (
            alt.Chart(shown)
            .mark_rect()
            .encode(
                x=alt.X("day:N", title=None, sort=days, axis=alt.Axis(labelAngle=0)),
                y=alt.Y("hour:O", title=say("heat.hour")),
                color=alt.Color(
                    "share:Q",
                    title=say("heat.share"),
                    scale=alt.Scale(domain=[0, fullest], scheme="viridis"),
                    legend=alt.Legend(format="%"),
                ),
                tooltip=[
                    "day:N",
                    "hour:O",
                    alt.Tooltip("share:Q", format=".0%"),
                    *(alt.Tooltip(f"{name}:Q", format=".0f") for name in FIGURES),
                ],
            )
        )
        return chart

    def _repr_html_(self) -> str:
        """The week as a table."""
        return _table(self.frame)

    def to_html(self, title: str) -> str:
        """A page that needs nothing from elsewhere: the week, and what the rest is lost to."""
        lost = "".join(f"<tr><th>{escape(cause)}</th><td>{minutes / 60:.1f}</td></tr>" for cause, minutes in self.lost.items())
        warning = "" if self.coverage["complete"] else f"<p><strong>{escape(say('warn.incomplete'))}</strong></p>"
        return (
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style></head>'
            f"<body><h1>{escape(title)}</h1>{warning}<p>{escape(say('heat.says', zone=self.zone))}</p>{_table(self.frame)}"
            f"<h2>{escape(say('heat.lost'))}</h2><table>{lost}</table></body></html>\n"
        )

    @cached_property
    def _cells(self) -> pd.DataFrame:
        minutes: Minutes = self.load.minutes()
        days = pd.date_range(pd.Timestamp(minutes.first), periods=self.load.cells // 24, freq="D", unit="us")
        return pd.DataFrame(
            {
                "day": days.repeat(24),
                "hour": pd.Series(list(range(24)) * len(days), dtype="int64"),
                "open_minutes": minutes.open,
                "busy_minutes": minutes.busy,
                "unknown_minutes": minutes.unknown,
            }
        )


def _shared(frame: pd.DataFrame) -> pd.DataFrame:
    shares = [share(busy, opened) for busy, opened in zip(frame["busy_minutes"], frame["open_minutes"], strict=True)]
    return frame.assign(share=pd.Series(shares, dtype="float64", index=frame.index))


def _table(frame: pd.DataFrame) -> str:
    """Hours down, weekdays across, of the hours in which anything is open."""
    by_hour = frame.groupby("hour")["open_minutes"].sum()
    hours = [hour for hour in range(24) if by_hour[hour] > 0]
    cells = {(row["weekday"], row["hour"]): row for row in exporting.records(frame)}
    head = "".join(f"<th>{escape(day)}</th>" for day in say("page.weekdays").split())
    body = "".join(f"<tr><th>{hour:02}:00</th>{''.join(_cell(cells[day, hour]) for day in range(7))}</tr>" for hour in hours)
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(row: Mapping[str, Any]) -> str:
    if not row["open_minutes"]:
        return '<td class="closed"></td>'
    tint = f"rgba(0,114,178,{row['share']:.2f})"
    colour = "#fff" if row["share"] > 0.6 else "#000"  # noqa: PLR2004  # where white reads better
    unknown = ' class="unknown"' if row["unknown_minutes"] else ""
    says = say("heat.cell", **{name: round(row[name]) for name in FIGURES})
    return f'<td{unknown} style="background:{tint};color:{colour}" title="{escape(says)}">{row["share"]:.0%}</td>'


def heatmap(parts: Parts, question: asking.Question) -> HeatMap:
    """The heat map of the question's users over its window."""
    load = parts.heat.load(question.keys, question.window, question.known_at)
    rows = asking.coverage_rows(parts, question)
    watched = {(row["sub_account"], row["user_id"]) for row in rows}
    return HeatMap(load, question.zone, asking.summary(rows), tuple(key for key in question.keys if key not in watched))


def write(parts: Parts, heat: HeatMap, output: Path, *, by_day: bool, form: str | None, dialect: str) -> None:
    """A heat map as a file. ``InvalidInput``."""
    form = exporting.check_output(output, form, (*exporting.FORMATS, "html"))
    if form == "html":
        exporting.write_bytes(heat.to_html(say("heat.title", zone=heat.zone)).encode(), output)
    else:
        exporting.write_frame(parts, heat.by_day if by_day else heat.frame, output, form, dialect)
