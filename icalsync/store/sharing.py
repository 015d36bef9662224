"""Who else uses a calendar or an account: the questions an admin has before changing it."""

from __future__ import annotations

from typing import Final

from icalsync.store import names
from icalsync.store.database import Database
from icalsync.store.transaction import Row

_UNSAID: Final = """
    SELECT c.calendar_id FROM _kept.connection_version n JOIN _kept.calendar c USING (integration_key)
    JOIN _kept.calendar_version v ON v.calendar_key = c.calendar_key AND v.known_to = 'infinity'
    WHERE n.known_to = 'infinity' AND n.user_key = ? AND v.privileges IS NULL AND v.not_selectable_reason IS NULL AND v.access = 'read'
"""
_ENDING: Final = """
    SELECT
        (SELECT count(*) FROM calendar_roles r JOIN calendars c USING (calendar_id)
            WHERE r.sub_account = $account AND r.user_id = $user AND c.integration_id = $id AND r.role = 'LINKED') AS linked,
        (SELECT count(*) FROM calendar_roles r JOIN calendars c USING (calendar_id)
            WHERE r.sub_account = $account AND r.user_id = $user AND c.integration_id = $id AND r.role = 'CONFLICT') AS conflicts,
        (SELECT count(*) FROM outbox o JOIN calendars c USING (calendar_id)
            WHERE o.sub_account = $account AND o.user_id = $user AND c.integration_id = $id
            AND o.state NOT IN ('done', 'failed')) AS waiting,
        (SELECT count(*) FROM appointments a JOIN calendars c USING (calendar_id)
            WHERE a.sub_account = $account AND a.user_id = $user AND c.integration_id = $id AND a.status <> 'cancelled'
            AND a.ends_at > $now) AS upcoming,
        (SELECT count(*) FROM connections WHERE integration_id = $id) AS connections
"""


# In one pass over the connections: there may be thousands.
_CONNECTIONS: Final = """
    SELECT i.*, n.users FROM integrations i JOIN (
        SELECT integration_id, list(
            {'sub_account': sub_account, 'user_id': user_id, 'name': name, 'chosen': coalesce(chosen, false)} ORDER BY sub_account, user_id
        ) AS users
        FROM connections JOIN users USING (sub_account, user_id) LEFT JOIN (
            SELECT DISTINCT sub_account, user_id, integration_id, true AS chosen FROM _kept.calendar_role_version r
            JOIN _kept.calendar USING (calendar_key) JOIN _kept.integration USING (integration_key) JOIN _kept.account_user USING (user_key)
            WHERE r.known_to = 'infinity'
        ) USING (sub_account, user_id, integration_id) GROUP BY integration_id
    ) n USING (integration_id)
    ORDER BY i.integration_id
"""


class Sharing:
    """Reads; never writes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def connections(self) -> list[Row]:
        """Every account that serves somebody, as in the view ``integrations``, with ``users``: ``sub_account, user_id, name, chosen``."""
        with self._db.read() as tx:
            return tx.rows(_CONNECTIONS)

    def account_names(self) -> dict[str, str]:
        """Account names by integration id."""
        with self._db.read() as tx:
            rows = tx.rows("SELECT integration_id, account_name FROM integrations")
        return {row["integration_id"]: row["account_name"] for row in rows}

    def roles(self) -> list[Row]:
        """Every role anybody has: ``sub_account, user_id, name, calendar_id, role``."""
        with self._db.read() as tx:
            return tx.rows("SELECT r.*, u.name FROM calendar_roles r JOIN users u USING (sub_account, user_id) ORDER BY ALL")

    def linked_for_others(self, sub_account: str, user_id: str, calendar_id: str) -> bool:
        """Whether a calendar is linked for anybody else than this user. ``UnknownUser``."""
        with self._db.read() as tx:
            user = names.user(tx, sub_account, user_id)
            found = tx.value(
                "SELECT count(*) FROM calendar_roles WHERE calendar_id = ? AND role = 'LINKED' AND (sub_account, user_id) <> (?, ?)",
                [calendar_id, user["sub_account"], user["user_id"]],
            )
        return int(found) > 0

    def without_privileges(self, sub_account: str, user_id: str) -> set[str]:
        """Ids of the user's calendars whose server does not say what may be done: a person may declare them writable (R3)."""
        with self._db.read() as tx:
            return {row["calendar_id"] for row in tx.rows(_UNSAID, [names.user(tx, sub_account, user_id)["user_key"]])}

    def ending(self, sub_account: str, user_id: str, integration_id: str) -> Row:
        """What a connection holds that would end with it, in counts: ``linked, conflicts, waiting, upcoming, connections``.

        ``UnknownUser``.
        """
        with self._db.read() as tx:
            user = names.user(tx, sub_account, user_id)
            facts = {"account": user["sub_account"], "user": user["user_id"], "id": integration_id, "now": tx.clock_now}
            return tx.rows(_ENDING, facts)[0]

    def calendar_names(self) -> dict[str, str]:
        """Display names by calendar id, of everything that is connected."""
        with self._db.read() as tx:
            return {row["calendar_id"]: row["display_name"] for row in tx.rows("SELECT calendar_id, display_name FROM calendars")}

    def calendars(self) -> dict[str, Row]:
        """By calendar id ``display_name, integration_id, account_name``, of everything that is connected."""
        with self._db.read() as tx:
            rows = tx.rows(
                "SELECT calendar_id, display_name, integration_id, account_name FROM calendars JOIN integrations USING (integration_id)"
            )
        return {row.pop("calendar_id"): row for row in rows}
