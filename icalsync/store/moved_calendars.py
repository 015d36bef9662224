"""Calendars that seem to have been moved or made anew under another place: what is taken over is a person's decision (C11, P10).

A calendar is its place: the one that is gone stays as it is, blocks for its grace and keeps its roles; what is to be written there waits.
Where another calendar of the account holds nine tenths of its events, by UID, a person is asked, with the commands that would do it.
"""

from __future__ import annotations

from typing import Final

from icalsync.store import alerts
from icalsync.store.transaction import Row, Transaction

MOVED: Final = "CALENDAR_MOVED"
SHARE: Final = 0.9
"""Of the events of the calendar that is gone, how many stand in the other one at least."""
FEWEST: Final = 3
"""Events; fewer may stand in both by chance."""

_LOST: Final = """
    SELECT r.user_key, u.sub_account, u.user_id, c.calendar_key, c.calendar_id, v.display_name, bool_or(r.role = 'LINKED') AS linked
    FROM _kept.calendar_role_version r
    JOIN _kept.account_user u USING (user_key)
    JOIN _kept.calendar c USING (calendar_key)
    JOIN _kept.calendar_version v ON v.calendar_key = c.calendar_key AND v.known_to = 'infinity'
    WHERE c.integration_key = ? AND r.known_to = 'infinity' AND v.not_selectable_reason = 'GONE' GROUP BY ALL ORDER BY ALL
"""
_LIKE: Final = """
    WITH object AS (SELECT calendar_key, uid FROM _kept.object_version WHERE known_to = 'infinity' AND kind = 'event' AND uid IS NOT NULL),
    gone AS (SELECT DISTINCT uid FROM object WHERE calendar_key = $lost)
    SELECT c.calendar_id, v.display_name, count(DISTINCT o.uid) AS common, (SELECT count(*) FROM gone) AS number
    FROM _kept.calendar l
    JOIN _kept.calendar c ON c.integration_key = l.integration_key AND c.calendar_key <> l.calendar_key
    JOIN _kept.calendar_version v ON v.calendar_key = c.calendar_key AND v.known_to = 'infinity'
    JOIN object o ON o.calendar_key = c.calendar_key
    SEMI JOIN gone g ON g.uid = o.uid
    WHERE l.calendar_key = $lost AND v.not_selectable_reason IS NULL
    GROUP BY ALL ORDER BY common DESC, c.calendar_id LIMIT 1
"""


def follow(tx: Transaction, integration_key: int) -> None:
    """After a run over an account: whoever relies on a calendar that seems to have moved is asked, until that is over."""
    lost = tx.rows(_LOST, [integration_key])
    asked = tx.rows(
        "SELECT user_key, calendar_key, subject FROM _kept.alert WHERE kind = ? AND cleared_at IS NULL AND integration_key = ?",
        [MOVED, integration_key],
    )
    still = {(row["user_key"], row["calendar_key"]) for row in lost}
    for row in asked:
        if (row["user_key"], row["calendar_key"]) not in still:
            about = {name: row[name] for name in ("user_key", "calendar_key", "subject")}
            alerts.clear(tx, MOVED, integration_key=integration_key, **about)
    told = {(row["user_key"], row["calendar_key"]) for row in asked}
    for row in lost:
        if (row["user_key"], row["calendar_key"]) not in told:
            _ask(tx, integration_key, row)


def _ask(tx: Transaction, integration_key: int, lost: Row) -> None:
    like = tx.row(_LIKE, {"lost": lost["calendar_key"]})
    if like is None or like["number"] < FEWEST or like["common"] < SHARE * like["number"]:
        return
    who = f"{lost['sub_account']} {lost['user_id']}"
    take = f"icalsync link {who} {like['calendar_id']}" if lost["linked"] else f"icalsync conflicts add {who} {like['calendar_id']}"
    facts = {
        "name": lost["display_name"],
        "calendar_id": lost["calendar_id"],
        "other": like["display_name"],
        "common": like["common"],
        "number": like["number"],
        "take": take,
        "leave": f"icalsync conflicts remove {who} {lost['calendar_id']}",
    }
    about = {"user_key": lost["user_key"], "calendar_key": lost["calendar_key"], "subject": like["calendar_id"]}
    alerts.raise_(tx, MOVED, facts, integration_key=integration_key, **about)
