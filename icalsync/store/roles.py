"""Which calendar is linked, and which ones take availability (R3–R6, R10)."""

from __future__ import annotations

from collections.abc import Iterable

from icalsync.core.model import Role
from icalsync.errors import CalendarReadOnly, NotSelectable
from icalsync.messages import say
from icalsync.store import appointments, held_removals, names, obstacles, readings
from icalsync.store.audit import audit
from icalsync.store.database import Database
from icalsync.store.intents import intending
from icalsync.store.transaction import Row, Transaction
from icalsync.store.versions import rewrite

_SHOWN = (
    "SELECT r.*, c.display_name FROM calendar_roles r JOIN calendars c USING (calendar_id) "
    "WHERE r.sub_account = ? AND r.user_id = ? ORDER BY r.role DESC, r.calendar_id"
)


class Roles:
    """A user's calendars, chosen."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def link(
        self, sub_account: str, user_id: str, calendar_id: str, *, actor: str, assume_writable: bool = False, move: bool = False
    ) -> Row:
        """Link a calendar (an older one is released); it becomes a conflict calendar too (R5). The role, as ``calendar_roles`` shows it.

        Events of appointments stay where they were written; with ``move`` those of future ones are written to the new calendar and then
        deleted in the old one: the row says how many are ``moved``, how many are ``left`` because a change made to them is not settled, and
        how many are ``kept`` where they are because one was settled by ``keep``.
        ``NotSelectable``; ``CalendarReadOnly`` where the server grants no writing. Where it does not say, ``assume_writable`` is the
        person's decision, and stands in ``audit_log`` (R3).
        """
        with intending(self._db) as intents:
            tx = intents.tx
            user = names.user(tx, sub_account, user_id)
            calendar = _selectable(tx, user["user_key"], calendar_id)
            if calendar["access"] != "write":
                if calendar["privileges"] is not None or not assume_writable:
                    raise CalendarReadOnly(name=calendar["display_name"])
                audit(tx, actor, "ASSUME_WRITABLE", calendar["calendar_id"], about=[user["sub_account"]])
                _assume_writable(tx, calendar["calendar_key"])
            roles = {role for role in _roles(tx, user["user_key"]) if role[1] != Role.LINKED}
            _keep(tx, user["user_key"], roles | {(calendar["calendar_key"], Role.LINKED), (calendar["calendar_key"], Role.CONFLICT)})
            _follow(tx, user["user_key"])
            role = next(row for row in _shown(tx, user) if row["role"] == Role.LINKED)
            if not move:
                return role
            moved, left, kept = appointments.move_all(intents, user["user_key"], calendar["calendar_key"])
            return {**role, "moved": moved, "left": left, "kept": kept}

    def unlink(self, sub_account: str, user_id: str) -> Row | None:
        """No calendar is linked any more; the role that ended, or None. It stays a conflict calendar."""
        with self._db.write() as tx:
            user = names.user(tx, sub_account, user_id)
            ended = next((row for row in _shown(tx, user) if row["role"] == Role.LINKED), None)
            _keep(tx, user["user_key"], {role for role in _roles(tx, user["user_key"]) if role[1] != Role.LINKED})
            _follow(tx, user["user_key"])
            return ended

    def add_conflicts(self, sub_account: str, user_id: str, ids: Iterable[str]) -> list[Row]:
        """Let calendars take availability; all of them or, where one cannot, none. The user's roles afterwards. ``NotSelectable``."""
        with self._db.write() as tx:
            user = names.user(tx, sub_account, user_id)
            added = {(_selectable(tx, user["user_key"], each)["calendar_key"], Role.CONFLICT) for each in ids}
            _keep(tx, user["user_key"], _roles(tx, user["user_key"]) | added)
            return _shown(tx, user)

    def remove_conflicts(self, sub_account: str, user_id: str, ids: Iterable[str]) -> list[Row]:
        """Let calendars take availability no longer. The user's roles afterwards. ``UnknownCalendar``."""
        with self._db.write() as tx:
            user = names.user(tx, sub_account, user_id)
            removed = {(names.calendar(tx, user["user_key"], each)["calendar_key"], Role.CONFLICT) for each in ids}
            _keep(tx, user["user_key"], _roles(tx, user["user_key"]) - removed)
            return _shown(tx, user)

    def conflict_integrations(self, sub_account: str, user_id: str) -> list[str]:
        """The accounts that must be asked before the user is booked (R14): ids of those with a conflict calendar of theirs."""
        with self._db.read() as tx:
            found = tx.rows(
                "SELECT DISTINCT i.integration_id FROM _kept.calendar_role_version r JOIN _kept.calendar c USING (calendar_key) "
                "JOIN _kept.integration i USING (integration_key) "
                "JOIN _kept.connection_version n ON n.user_key = r.user_key AND n.integration_key = c.integration_key "
                "WHERE n.known_to = 'infinity' AND r.user_key = ? AND r.role = 'CONFLICT' AND r.known_to = 'infinity' ORDER BY ALL",
                [names.user(tx, sub_account, user_id)["user_key"]],
            )
            return [row["integration_id"] for row in found]

    def roles(self, sub_account: str, user_id: str) -> list[Row]:
        """The linked calendar first, then the conflict calendars."""
        with self._db.read() as tx:
            return _shown(tx, names.user(tx, sub_account, user_id))


def _shown(tx: Transaction, user: Row) -> list[Row]:
    return tx.rows(_SHOWN, [user["sub_account"], user["user_id"]])


def _roles(tx: Transaction, user_key: int) -> set[tuple[int, str]]:
    rows = tx.rows("FROM _kept.calendar_role_version WHERE user_key = ? AND known_to = 'infinity'", [user_key])
    return {(row["calendar_key"], row["role"]) for row in rows}


def _keep(tx: Transaction, user_key: int, roles: set[tuple[int, str]]) -> None:
    rows = [{"user_key": user_key, "calendar_key": calendar, "role": str(role)} for calendar, role in sorted(roles)]
    if rewrite(tx, "calendar_role_version", ("calendar_key", "role"), rows, "user_key = ?", [user_key]):
        readings.refresh_users(tx, [user_key])
        held_removals.follow(tx)


def _selectable(tx: Transaction, user_key: int, calendar_id: str) -> Row:
    calendar = names.calendar(tx, user_key, calendar_id)
    reason = calendar["not_selectable_reason"]
    if reason is not None:
        raise NotSelectable(name=calendar["display_name"], reason=say(f"not_selectable.{reason}"))
    return calendar


def _assume_writable(tx: Transaction, calendar_key: int) -> None:
    """It holds until the server says otherwise (R3)."""
    if tx.row("FROM _kept.assumed_writable WHERE calendar_key = ?", [calendar_key]) is None:
        tx.append("assumed_writable", [{"calendar_key": calendar_key, "since": tx.clock_now}])


def _follow(tx: Transaction, user_key: int) -> None:
    """Alerts about linked calendars follow the roles."""
    connected = "SELECT integration_key FROM _kept.connection_version WHERE user_key = ? AND known_to = 'infinity' ORDER BY 1"
    for row in tx.rows(connected, [user_key]):
        obstacles.follow_calendars(tx, row["integration_key"])
