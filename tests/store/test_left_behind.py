"""Events of ours in a purged account: nothing is kept but whose they are, and each is known when it comes back (R11)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store.conftest import at, collection, discovered
from tests.store.own_events import HOME, OTHER, WORK, Desk, edited, kept_open


@pytest.fixture
def office(chosen, monkeypatch) -> Iterator[Desk]:
    """See ``Desk``."""
    with kept_open(chosen, monkeypatch) as made:
        yield made


def purge(office: Desk) -> None:
    """Disconnect anna, and forget it."""
    office.world.accounts.disconnect("acme", "anna", "int-1", purge=True, actor="tester")
    office.held = None


def back(office: Desk) -> None:
    """Connect her again: another integration, with calendars that nothing is known of."""
    found = discovered(collection(WORK, "Work"), collection(HOME, "Home"), collection(OTHER, "Other"))
    office.world.connect(found=found)
    office.ids.clear()
    office.token = {"Work": None, "Other": None}


def of(office: Desk) -> list[tuple]:
    """(start, reason) of what takes anna's time on the 24th."""
    frame = office.world.answers.busy([("acme", "anna")], at(24, 0), at(25, 0))
    return [(row.starts_at.to_pydatetime(), row.reason) for row in frame.itertuples() if row.source != "coverage"]


def apply(office: Desk) -> int:
    """What the engine does after a pull."""
    return office.outbox.apply_policies(office.lease(), list(office.ids.values()))


def test_a_purge_forgets_where_an_event_is_and_not_that_it_is_ours(office):
    """R11, R18: no place, no title, nothing that was never sent; the appointment stands."""
    appointment_id, _, _ = office.pushed()
    office.book(at(24, 12))
    purge(office)
    (row,) = office.world.rows("FROM _kept.own_object")
    assert (row["appointment_id"], row["state"], row["calendar_key"], row["href"], row["path_key"]) == (appointment_id, "left", 0, "", "")
    assert {row["etag"] for row in office.world.rows("FROM _kept.own_text")} == {None}
    assert office.world.rows("FROM _kept.outbox") == []
    assert len(office.bookings.rows()) == 2
    assert office.alerts_open() == [], "the journal was told"


def test_it_is_known_by_its_uid_when_it_comes_back_and_looked_at_once(office):
    """R11: it counts once, its appointment has a place again, and one more look brings it to what the appointment says."""
    appointment_id, href, raw = office.pushed()
    purge(office)
    back(office)
    office.pull("Work", (href, raw))
    assert of(office) == [(at(24, 10), "OWN_APPOINTMENT")]
    assert office.shown(appointment_id)["href"] == href
    assert (apply(office), apply(office)) == (1, 0)
    (task,) = office.due()
    assert (task.action, task.href, task.exists, len(task.sent)) == ("update", href, True, 1)
    office.settle(task, "failed", "OBJECT_REFUSED", begin=True)
    assert apply(office) == 0, "once, and not for ever"
    (alert,) = office.alerts.rows()
    office.alerts.clear(alert["alert_id"], actor="tester")
    (task,) = office.due()
    office.send(task)
    assert (office.shown(appointment_id)["push_state"], apply(office), office.open_drift()) == ("pushed", 0, [])


def test_what_its_owner_made_of_it_meanwhile_is_drift(office):
    """R11: not overwritten, both times block, and once it is settled nobody is asked again."""
    _, href, raw = office.pushed()
    purge(office)
    back(office)
    office.pull("Work", (href, edited(raw, at(24, 15))))
    assert (of(office), office.open_drift()) == ([(at(24, 10), "OWN_APPOINTMENT"), (at(24, 15), "DRIFT")], [("edited", at(24, 15))])
    assert apply(office) == 0
    office.resolve("keep")
    assert (apply(office), office.due(), office.open_drift()) == (0, (), [])


def test_what_was_cancelled_meanwhile_is_deleted_when_it_comes_back(office):
    """R4: the cancellation follows the event, as soon as it can be reached again."""
    appointment_id, href, raw = office.pushed()
    purge(office)
    office.cancel(appointment_id)
    assert office.world.rows("FROM _kept.outbox") == []
    back(office)
    office.pull("Work", (href, raw))
    assert apply(office) == 1
    (task,) = office.due()
    assert (task.action, task.href) == ("delete", href)
    office.send(task)
    office.pull("Work", gone=(href,))
    assert (of(office), office.open_drift(), office.shown(appointment_id)["push_state"]) == ([], [], "removed")


def test_where_others_go_on_using_the_account_it_stays_theirs_to_see_and_is_ours_again_with_the_connection(office):
    """R9, R11: while she is not connected nothing is planned for her; to the other user it is an event like any other."""
    found = discovered(collection(WORK, "Work"), collection(HOME, "Home"), collection(OTHER, "Other"))
    office.world.connect(user="ben", found=found)
    appointment_id, href, raw = office.pushed()
    purge(office)
    office.pull("Work", (href, raw))
    assert (apply(office), office.shown(appointment_id)["href"]) == (0, None)
    office.world.connect(found=found)
    assert office.shown(appointment_id)["href"] == href
    assert apply(office) == 1
    assert of(office) == [(at(24, 10), "OWN_APPOINTMENT")]
