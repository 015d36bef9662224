"""An account that is purged and connected again: what we wrote there is still ours, and counts once (R9, R11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.journeys.booked import Clinic, monday
from tests.journeys.conftest import connect
from tests.journeys.remote import value

if TYPE_CHECKING:
    from tests.servers import DavServer

IN_PROCESS = True


def test_an_event_of_ours_counts_once_after_its_account_was_purged_and_connected_again(on_radicale: Clinic, radicale: DavServer) -> None:
    """R11: recognised by its UID; what became of the appointments meanwhile is written there: one moved, one cancelled, one as it was."""
    booked, clinic = on_radicale, on_radicale.cli
    same, moved, cancelled = (booked.book(monday(hour)) for hour in (9, 11, 14))
    booked.sync()
    clinic("disconnect", "ACME", "anna", booked.integration_id, "--purge")
    assert [row["push_state"] for row in booked.rows("appointments")] == [None] * 3
    booked.reschedule(moved, monday(12))
    booked.cancel(cancelled)
    connect(clinic, radicale)
    clinic("link", "ACME", "anna", "Work")
    clinic("sync")
    assert [(row["starts_at"], row["reason"]) for row in booked.busy()] == [
        (monday(9).isoformat(), "OWN_APPOINTMENT"),
        (monday(12).isoformat(), "OWN_APPOINTMENT"),
    ]
    starts = sorted(value(text, "DTSTART") or "" for text in booked.work.texts().values())
    assert starts == [monday(hour).strftime("%Y%m%dT%H%M%S") for hour in (9, 12)]
    assert [booked.appointment(row)["push_state"] for row in (same, moved, cancelled)] == ["pushed", "pushed", "removed"]
    assert booked.appointment(same)["href"] in booked.work.texts()
    assert (booked.drift(), booked.cli.json("alerts"), booked.sync()["pushed"]) == ([], [], 0)
