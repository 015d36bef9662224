"""How much there is to be seen to: each thing once, however many lists speak of it."""

from __future__ import annotations

from collections.abc import Sequence

from data import Row


def things(
    alerts: Sequence[Row], held: Sequence[Row], errors: Sequence[Row], lost: Sequence[Row], silent: Sequence[Row], unreadable: Sequence[Row]
) -> int:
    """One alert is one; what an alert says already, of the same calendar or of all an error's accounts, is not another one.

    A calendar with objects that cannot be read is one, whatever their number.
    """
    calendars = {row["calendar_id"] for row in alerts if row["calendar_id"]}
    calendars_more = {row["calendar_id"] for rows in (held, lost, unreadable) for row in rows} - calendars
    accounts = {row["integration_id"] for row in (*alerts, *lost) if row["integration_id"]}
    more = [row for row in errors if not accounts.issuperset(row["integrations"])]
    return len(alerts) + len(calendars_more) + len(more) + len(silent)
