"""Syncing what is wished for, once per integration whatever the number of people behind it (R9), and reporting it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, Final

from icalsync.app import leftovers
from icalsync.app.parts import Parts
from icalsync.core.interval import Interval
from icalsync.core.zones import rules_mark
from icalsync.engine.context import Progress
from icalsync.engine.fleet import Refused, sync_integrations
from icalsync.engine.pull import PullPlan
from icalsync.engine.push import PlannedPush
from icalsync.engine.run import plan_integration
from icalsync.engine.visit import Wish
from icalsync.errors import AmbiguousName, UnknownCalendar
from icalsync.messages import next_step_for
from icalsync.ports import Run

log = logging.getLogger(__name__)

HORIZON_STEP: Final = timedelta(days=7)
NEEDS_A_PERSON: Final = "reauthentication_needed"
SUMS: Final = ("requests", "bytes", "added", "changed", "removed", "rejected", "pushed")


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did: ``runs`` as in the view ``sync_runs`` (each with its ``calendars``), ``totals`` their sums; a table in Jupyter."""

    runs: tuple[dict[str, Any], ...]
    refused: tuple[dict[str, str], ...] = ()
    """Integrations that were not synced (another process is at them, or they are gone meanwhile), as errors."""
    exit_code: int = 0
    attention: tuple[dict[str, Any], ...] = ()
    """What is unfinished all the same, by kind (``app.leftovers.attention``); empty where all is well."""
    totals: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        """The totals follow from the runs."""
        object.__setattr__(self, "totals", {name: sum(int(run[name] or 0) for run in self.runs) for name in SUMS})

    def as_dict(self) -> dict[str, Any]:
        """``{"runs": …, "totals": …}`` as ``sync --json`` prints it, with ``"attention"`` where something is unfinished."""
        answer: dict[str, Any] = {"runs": list(self.runs), "totals": self.totals}
        return answer | ({"attention": list(self.attention)} if self.attention else {})

    def _repr_html_(self) -> str:
        import html  # noqa: PLC0415  # only Jupyter asks

        head = ("integration_id", "purpose", "outcome", *SUMS, "error_code")
        rows = "".join("<tr>" + "".join(f"<td>{html.escape(str(run[name] or 0))}</td>" for name in head) + "</tr>" for run in self.runs)
        return f"<table><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>{rows}</table>"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which integrations and calendars are meant; None and empty mean all."""

    sub_account: str | None = None
    user_id: str | None = None
    calendar: str | None = None
    confirm_deletions: tuple[str, ...] = ()
    reason: str | None = None
    """Why a person lets them go, for the audit log."""
    among: tuple[str, ...] | None = None
    """The sub-accounts of which it is told what is left undone; None: of all in scope."""


def sync(parts: Parts, scope: Scope, report: Callable[[Progress], None] | None = None) -> SyncReport:
    """Pull everything in scope. Trouble with one account is in the report; only the database's own trouble is raised."""
    began = parts.clock.now()
    integration_ids, wish = resolve(parts, scope)
    for calendar_id in sorted(wish.confirmed):  # a deletion that a person forces is theirs (R13, S23)
        about = parts.belonging.using(calendar_id) or parts.belonging.owners("calendar_id", calendar_id) or ()
        parts.audit.note(parts.actor, "CONFIRM_DELETIONS", calendar_id, scope.reason, about=about)
    results = []
    if integration_ids:
        prepare(parts)
        several = parts.pulls.accounts(integration_ids) if len(integration_ids) > 1 else ()
        hosts = {account.integration_id: account.host for account in several}
        results = sync_integrations(parts.context(report), integration_ids, wish, hosts=hosts)
        tidy(parts)
    runs = [result for result in results if isinstance(result, Run)]
    refused = [result.error.as_dict() for result in results if isinstance(result, Refused)]
    attention = leftovers.attention(parts, scope.sub_account, scope.user_id, began, scope.among)
    code = exit_code(runs, len(refused)) or int(bool(attention))
    return SyncReport(tuple(run_row(run) for run in runs), tuple(refused), code, attention)


def prepare(parts: Parts) -> None:
    """What stands before pulling: the horizon moves on, and what was read with other rules is read again."""
    roll_horizon(parts)
    renew_readings(parts)


def tidy(parts: Parts) -> None:
    """What stands after it: with which rules things were read, and history beyond its retention is forgotten."""
    parts.rereading.keep(marks(parts))
    if parts.settings.retention is not None:
        forgotten = parts.retention.prune(parts.settings.retention)
        if forgotten:
            log.info("history forgotten", extra={"versions": forgotten})


def roll_horizon(parts: Parts) -> None:
    """Keep recurring events expanded from ``horizon_back`` ago until ``horizon_ahead`` from now: an unchanged day writes nothing (R17).

    The end moves in weekly steps; the start stays where it is, unless a question before the first sync had set it later.
    """
    now, known = parts.clock.now(), parts.answers.horizon()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    back, ahead = midnight - parts.settings.horizon_back, now + parts.settings.horizon_ahead
    if known is not None and known.start <= back and known.end >= ahead:
        return
    start = back if known is None else min(known.start, back)
    end = known.end if known is not None and known.end >= ahead else midnight + parts.settings.horizon_ahead + HORIZON_STEP
    parts.answers.ensure_horizon(Interval(start, end), parts.reader.read)


def renew_readings(parts: Parts) -> None:
    """Read kept objects again where the zones' rules or the reader changed since they were read (D26)."""
    if parts.rereading.changed(marks(parts)):
        log.info("kept objects read again", extra={"renewed": parts.rereading.renew(parts.reader.read)})


def marks(parts: Parts) -> dict[str, str]:
    """What objects are read with now: the rules of every zone they name, and the reader."""
    from icalsync.core.reading import READER  # noqa: PLC0415  # icalendar is heavy

    zones = {f"zone:{name}": mark for name in parts.rereading.zones() if (mark := rules_mark(name)) is not None}
    return zones | {"reader": READER}


def plan(parts: Parts, scope: Scope) -> list[dict[str, Any]]:
    """What a sync would do now, calendar by calendar; asks the servers and changes nothing. Raises the first server's trouble."""
    integration_ids, wish = resolve(parts, scope)
    names = {row["calendar_id"]: row["display_name"] for row in _all_calendars(parts)}
    context = parts.context() if integration_ids else None
    rows = []
    for integration_id in integration_ids:
        assert context is not None  # noqa: S101  # there are integrations
        pulls, pushes = plan_integration(context, integration_id, wish)
        rows += [plan_row(integration_id, names, item) for item in pulls]
        rows += [push_row(integration_id, names, item) for item in pushes]
    return rows


def plan_row(integration_id: str, names: dict[str, str], item: PullPlan) -> dict[str, Any]:
    """One planned pull as a row: how it would be asked, and how many objects would be added, changed, removed or held."""
    return {
        "integration_id": integration_id,
        "calendar_id": item.calendar_id,
        "display_name": names.get(item.calendar_id, item.calendar_id),
        "way": str(item.way),
        "added": len(item.new),
        "changed": len(item.changed),
        "removed": len(item.removals),
        "held": len(item.held),
        "action": None,
        "appointment_id": None,
        "href": None,
    }


def push_row(integration_id: str, names: dict[str, str], item: PlannedPush) -> dict[str, Any]:
    """One planned write as a row: what would be sent (``create``, ``update``, ``delete``), for which appointment, and where."""
    return {
        "integration_id": integration_id,
        "calendar_id": item.calendar_id,
        "display_name": names.get(item.calendar_id, item.calendar_id),
        "way": "push",
        **dict.fromkeys(("added", "changed", "removed", "held"), 0),
        "action": item.action,
        "appointment_id": item.appointment_id,
        "href": item.href,
    }


def _next_step(run: Run, code: str) -> str:
    """What a person should do about a run's code, with the calendars that it is about."""
    confirm = " ".join(f"--confirm-deletions {calendar.calendar_id}" for calendar in run.calendars if calendar.error_code == code)
    return next_step_for(code, integration_id=run.integration_id, confirm=confirm)


def run_row(run: Run) -> dict[str, Any]:
    """A run as in the view ``sync_runs``, with its calendars as in ``sync_calendar_runs``."""
    head = ("run_id", "integration_id", "purpose", "started_at", "ended_at", "requests", "bytes")
    row: dict[str, Any] = {name: getattr(run, name) for name in head} | asdict(run.counts)
    row |= {"purpose": str(run.purpose), "pushed": run.pushed, "outcome": run.outcome, "error_code": run.error_code}
    row["status"], row["status_reason"] = run.status, run.status_reason
    row["next_step"] = None if run.error_code is None else _next_step(run, run.error_code)
    row["calendars"] = [
        {"run_id": run.run_id, "calendar_id": c.calendar_id, "requests": c.requests, "bytes": c.bytes}
        | asdict(c.counts)
        | {"outcome": c.outcome, "error_code": c.error_code}
        for c in run.calendars
    ]
    return row


def exit_code(runs: Sequence[Run], refused: int) -> int:
    """0 all done · 1 partial trouble or findings · 3 nothing could proceed until a person acts (design.md §5)."""
    if runs and not refused and all(run.outcome == "failed" and run.status == NEEDS_A_PERSON for run in runs):
        return 3
    return 1 if refused or any(run.outcome != "ok" or run.counts.rejected for run in runs) else 0


def resolve(parts: Parts, scope: Scope) -> tuple[list[str], Wish]:
    """The accounts in scope, and what their runs are asked to do; errors as ``NotFound`` and ``AmbiguousName``."""
    integration_ids = parts.accounts.serving(scope.sub_account, scope.user_id)
    confirmed = [_find(parts, scope, integration_ids, name) for name in scope.confirm_deletions]
    if scope.calendar is None:
        return integration_ids, Wish(confirmed=frozenset(row["calendar_id"] for row in confirmed))
    wanted = _find(parts, scope, integration_ids, scope.calendar)
    return [wanted["integration_id"]], Wish(
        calendars=frozenset({wanted["calendar_id"]}), confirmed=frozenset(row["calendar_id"] for row in confirmed)
    )


def _find(parts: Parts, scope: Scope, integration_ids: Sequence[str], name: str) -> dict[str, Any]:
    """A calendar by id or unique name among those in scope."""
    if scope.sub_account is not None and scope.user_id is not None:
        return parts.accounts.calendar(scope.sub_account, scope.user_id, name)
    rows = [row for row in _all_calendars(parts) if row["integration_id"] in integration_ids]
    found = [row for row in rows if row["calendar_id"] == name] or [row for row in rows if row["display_name"] == name]
    if len(found) != 1:
        if found:
            raise AmbiguousName(name=name, candidates=", ".join(row["calendar_id"] for row in found))
        raise UnknownCalendar(name=name)
    return found[0]


def _all_calendars(parts: Parts) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in parts.answers.view("calendars").to_dict("records")]
