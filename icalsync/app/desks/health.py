"""How things are going, for the reader's users: runs, errors, silence, lost rights, alerts, nobody bookable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from icalsync.app import asking
from icalsync.app.desks import telling
from icalsync.app.desks.guard import Row
from icalsync.app.desks.syncing import SyncingDesk
from icalsync.app.syncing import Scope, SyncReport
from icalsync.core.hours import open_intervals
from icalsync.core.interval import Interval
from icalsync.core.model import Busyness
from icalsync.core.rhythm import rhythm_of
from icalsync.core.slots import AROUND, Person, slots
from icalsync.core.wording import age, in_words
from icalsync.messages import knows, next_step_for, next_step_of, say

_REMEMBERED: Final = timedelta(days=60)
_NEAR: Final = timedelta(days=4)
_USUAL: Final = timedelta(minutes=30)
"""How long a slot is where a user's terms do not say."""
MOST: Final = 1000


def next_step(code: str | None, **facts: Any) -> str | None:
    """What a person should do about a code; None where there is none, or nothing is to be done."""
    if code is None:
        return None
    if knows(code):
        return next_step_of(code, **facts)
    return next_step_for(code, **facts) if knows(f"next.{code}") else None


class HealthDesk(SyncingDesk):
    """Runs, errors and what needs somebody."""

    def runs(self, *, hours: float = 24, most: int = 200) -> list[Row]:
        """Runs of the last hours as in ``sync_runs``, the newest first, with ``account_name``, ``seconds``, ``next_step``, ``elsewhere``.

        What was pushed is not told of an account that also serves others.
        """
        elsewhere = self._integrations()
        return [
            {
                **row,
                "pushed": None if elsewhere[row["integration_id"]] else row["pushed"],
                "elsewhere": elsewhere[row["integration_id"]],
                "next_step": next_step(row["error_code"], integration_id=row["integration_id"], confirm=""),
            }
            for row in self._parts.health.runs(list(elsewhere), timedelta(hours=hours), max(0, min(most, MOST)))
        ]

    def lag(self, *, days: float = 7) -> list[Row]:
        """How far behind each account is, and how far apart its good runs usually are.

        ``integration_id, account_name, status, last_success_at, age, usual_gap, worst_gap, runs, failed, elsewhere``.
        """
        elsewhere = self._integrations()
        ended = self._parts.health.ended(list(elsewhere), timedelta(days=days))
        now, told = self._parts.clock.now(), []
        for row in self._parts.sharing.connections():
            if row["integration_id"] not in elsewhere:
                continue
            runs = ended.get(row["integration_id"], [])
            rhythm = rhythm_of([run["ended_at"] for run in runs if run["outcome"] == "ok"])
            last = row["last_success_at"]
            told.append(
                {name: row[name] for name in ("integration_id", "account_name", "status", "last_success_at")}
                | {"age": None if last is None else now - last}
                | {"usual_gap": rhythm.usual_gap if rhythm else None, "worst_gap": rhythm.longest_gap if rhythm else None}
                | {"runs": len(runs), "failed": sum(run["outcome"] == "failed" for run in runs)}
                | {"elsewhere": elsewhere[row["integration_id"]]}
            )
        return sorted(told, key=lambda row: (row["age"] is not None, -(row["age"] or timedelta()), row["account_name"]))

    def errors(self, *, days: float = 7) -> list[Row]:
        """Errors by kind and provider, the latest first, said of all their accounts together; those that are over (``healed``) come last.

        ``code, provider, healed, says, next_step, runs, accounts, integrations, users, elsewhere, first_at, last_at``; ``users``: whom
        those accounts serve of the reader's (``sub_account, user_id, name``), ``elsewhere``: whether they also serve others.
        """
        elsewhere, users = self._integrations(), self._served()
        return [
            row
            | {"users": _together(users.get(each, ()) for each in row["integrations"])}
            | {"elsewhere": any(elsewhere[each] for each in row["integrations"])}
            | {"says": telling.what(row["code"]), "next_step": telling.next_step(row["code"], row["provider"])}
            for row in self._parts.health.errors(list(elsewhere), timedelta(days=days))
        ]

    def silent(self) -> list[Row]:
        """Accounts that are well, and whose calendars have not changed for longer than their own rhythm explains.

        ``integration_id, account_name, last_change_at, usual_gap, silent_for, users, elsewhere, says``.
        """
        elsewhere, now, told = self._integrations(), self._parts.clock.now(), []
        served = self._served()
        for row in self._parts.health.changes(list(elsewhere), _REMEMBERED):
            rhythm = rhythm_of(row["moments"])
            lasting = rhythm.silent_for(now) if rhythm else None
            if rhythm is not None and lasting is not None:
                told.append(
                    {
                        "integration_id": row["integration_id"],
                        "account_name": row["account_name"],
                        "last_change_at": rhythm.last_at,
                        "usual_gap": rhythm.usual_gap,
                        "silent_for": lasting,
                        "users": served.get(row["integration_id"], []),
                        "elsewhere": elsewhere[row["integration_id"]],
                        "says": say("health.silent", lasting=in_words(age(lasting)).page, usual=in_words(age(rhythm.usual_gap)).page),
                    }
                )
        return told

    def lost_rights(self) -> list[Row]:
        """Calendars in use that can no longer be read, or written.

        ``integration_id, account_name, calendar_id, display_name, lost, since, users, elsewhere, says, next_step``; ``users``: who uses it
        of the reader's (``sub_account, user_id, name, role``), ``elsewhere``: whether others do too.
        """
        roles: dict[str, list[Row]] = {}
        others = set()
        for role in self._parts.sharing.roles():
            calendar_id = role.pop("calendar_id")
            if self._reader.covers(role["sub_account"]):
                roles.setdefault(calendar_id, []).append(role)
            else:
                others.add(calendar_id)
        return [
            {
                **row,
                "users": roles[row["calendar_id"]],
                "elsewhere": row["calendar_id"] in others,
                "says": say(f"lost.{row['lost']}"),
                "next_step": say(f"lost.next.{row['lost']}"),
            }
            for row in self._parts.health.lost_rights(list(self._integrations()))
            if row["calendar_id"] in roles
        ]

    def without_availability(self, sub_account: str | None = None, *, days: int = 14) -> list[Row]:
        """Users who cannot be booked at all in the coming days: ``sub_account, user_id, name, because, says``."""
        now, users = self._parts.clock.now(), self._users(sub_account)
        window = Interval(now, now + timedelta(days=min(max(1, days), 366)))
        asking.ensure_horizon(self._parts, window, around=AROUND)
        near = Interval(now, min(window.end, now + _NEAR))  # most people have a slot soon, and need no second look
        users = [row for row, because in self._why_none(users, near) if because is not None]
        told = []
        for row, because in self._why_none(users, window):
            if because is not None:
                head = {name: row[name] for name in ("sub_account", "user_id", "name")}
                told.append({**head, "because": because, "says": say(f"nobody.{because}")})
        return told

    def _why_none(self, users: Sequence[Row], window: Interval) -> list[tuple[Row, str | None]]:
        persons = self._parts.answers.persons([(row["sub_account"], row["user_id"]) for row in users], window) if users else []
        return [(row, _why_none(person, window)) for row, person in zip(users, persons, strict=True)]

    def alerts(self, sub_account: str | None = None, *, cleared: bool = False) -> list[Row]:
        """What needs somebody, as in the view, with ``account_name`` and ``calendar``; what is about nobody, only for who sees all.

        ``says`` is in the reader's language, and without commands.
        """
        accounts = self._parts.sharing.account_names()
        calendars = self._parts.sharing.calendar_names()
        asked: Sequence[str | None] = [None] if sub_account is None and self._sees_all else self._accounts(sub_account)
        rows = {row["alert_id"]: row for account in asked for row in self._parts.alerts.rows(account, open_only=not cleared)}
        held = {row["calendar_id"]: row["number"] for row in self._parts.removals.rows()}
        told = [
            {**row, "account_name": accounts.get(row["integration_id"]), "calendar": calendars.get(row["calendar_id"])}
            | {"says": telling.alert(row, held.get(row["calendar_id"]))}
            for row in rows.values()
        ]
        return sorted(told, key=lambda row: row["raised_at"], reverse=True)

    def clear_alert(self, alert_id: str) -> Row:
        """Somebody has dealt with it, and that is logged. ``SharedDecision`` for one about an account that also serves others."""
        self._check_alone(self._parts.belonging.owners("alert_id", alert_id) or ())
        return self._parts.alerts.clear(alert_id, actor=self._parts.actor)

    def held_removals(self) -> list[Row]:
        """Calendars of which many events vanished at once, and are kept until that is proven or somebody decides (R13).

        ``calendar_id, display_name, account_name, number, since, users, elsewhere, says``; ``users``: as in ``errors``.
        """
        elsewhere, users = self._integrations(), self._served()
        return [
            {name: row[name] for name in ("calendar_id", "display_name", "account_name", "number", "since")}
            | {"users": users.get(row["integration_id"], []), "elsewhere": elsewhere[row["integration_id"]]}
            | {"says": say("removals.held", number=row["number"])}
            for row in self._parts.removals.rows()
            if row["integration_id"] in elsewhere
        ]

    def confirm_removals(self, calendar_id: str, *, reason: str | None = None) -> SyncReport:
        """What is held of a calendar goes, if its server still does not list it, which is asked now; logged. ``NotFound`` for nothing.

        ``SharedDecision`` where users of other sub-accounts rely on that calendar, too.
        """
        self._parts.removals.check(calendar_id)
        self._check_alone(self._parts.belonging.using(calendar_id))
        return self._synced(Scope(calendar=calendar_id, confirm_deletions=(calendar_id,), reason=(reason or "").strip() or None))

    def hold_removals(self, calendar_id: str, *, reason: str | None = None) -> list[Row]:
        """It waits another hour from now, whatever is listed till then; logged. As ``held_removals``. ``NotFound`` for nothing.

        ``SharedDecision`` as above.
        """
        self._check_alone(self._parts.belonging.using(calendar_id))
        self._parts.removals.hold_on(calendar_id, actor=self._parts.actor, reason=(reason or "").strip() or None)
        return self.held_removals()


def _together(lists: Iterable[Sequence[Row]]) -> list[Row]:
    """Users of several accounts, each once."""
    return list({(user["sub_account"], user["user_id"]): user for users in lists for user in users}.values())


def _bookable(person: Person, window: Interval) -> bool:
    """Whether there is a slot, looked for day by day: most people have one on the first."""
    length, start = person.hours.slot_length or _USUAL, window.start
    while start < window.end:
        end = start + timedelta(days=1)
        if slots([person], Interval(start, min(end + length, window.end)), length, "all", window.start):
            return True
        start = end
    return False


def _why_none(person: Person, window: Interval) -> str | None:
    """Why there is no slot for somebody; None where there is one."""
    if _bookable(person, window):
        return None
    opened = open_intervals(person.hours, person.zone, window)
    if not opened:
        return "NO_HOURS"
    unknown = [row.interval for row in person.busy if row.busyness is Busyness.UNKNOWN]
    refused = person.unknown == "refuse" and any(each.overlaps(one) for each in unknown for one in opened)
    return "UNKNOWN" if refused else "NO_SLOT"
