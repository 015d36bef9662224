"""Calendar configuration: what can be picked and what cannot, what a choice would mean, saving it, and the first sync."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from icalsync.app import configuring
from icalsync.clock import SystemClock
from icalsync.errors import ChoiceChanged
from icalsync.messages import say
from tests.browser.conftest import TITLE
from tests.dashboard.test_connections import told_by
from tests.icloud.fixtures import ANNA, PASSWORD
from tests.servers import event_at

if TYPE_CHECKING:
    from tests.dashboard.conftest import Clinic, Pages
    from tests.icloud import ICloud

KEY = "ACME/anna"


@pytest.fixture
def apple(empty_clinic: Clinic, icloud: ICloud) -> Clinic:
    """Anna with her Apple Account connected, an event and a holiday marked as free in it, and nothing chosen or pulled."""
    empty_clinic.environment["ICALSYNC_ICLOUD_URL"] = icloud.url
    icloud.account(ANNA).calendar("Work").put("a", event_at("a", "20270104T090000Z", "20270104T100000Z", summary=TITLE))
    soon = SystemClock().now() + timedelta(days=3)
    icloud.account(ANNA).calendar("Work").put("b", all_day_free("b", f"{soon:%Y%m%d}"))
    app = empty_clinic.app
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    app.add_user("ACME", "anna", name="Anna Adler")
    app.connect("ACME", "anna", provider="icloud", account=ANNA, password=PASSWORD)
    return empty_clinic


def all_day_free(uid: str, day: str) -> str:
    """An event of a whole day that its owner marked as free."""
    timed = event_at(uid, "20270104T090000Z", "20270104T100000Z", more=("TRANSP:TRANSPARENT",))
    return timed.replace("DTSTART:20270104T090000Z", f"DTSTART;VALUE=DATE:{day}").replace("DTEND:20270104T100000Z\r\n", "")


def rows_of(clinic: Clinic) -> dict[str, dict[str, object]]:
    """Anna's calendars by name."""
    return {str(row["display_name"]): row for row in clinic.app.calendars("ACME", "anna")}


def roles_of(clinic: Clinic) -> set[tuple[str, str]]:
    """Which calendar has which role."""
    names = {row["calendar_id"]: row["display_name"] for row in clinic.app.calendars("ACME", "anna")}
    return {(names[row["calendar_id"]], row["role"]) for row in clinic.app.roles("ACME", "anna")}


def test_calendars_are_chosen_and_pulled_r3_r4_r5_r10(pages: Pages, apple: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """R3, R4, R5, R10: only writable ones can be linked, the others say why not; the linked one blocks by default; the sync is watched."""
    rows = rows_of(apple)
    said = pages.of(apple).go("configuration", user=KEY)
    linked, conflicts = linked_of(pages), pages.test.multiselect[0]
    every = apple.app.desk(apple.app.open_reader()).calendars("ACME", "anna")
    readable = [row for row in every if row["selectable"]]
    writable = [row for row in readable if row["access"] == "write"]
    assert sorted(name.partition(" (")[0] for name in linked.options[1:]) == sorted(row["called"] for row in writable)
    assert sorted(name.partition(" (")[0] for name in conflicts.options) == sorted(row["called"] for row in readable)
    assert conflicts.options[-1] == f"{say('configure.untitled', id='9EDE81CE')} ({ANNA})"
    assert len(set(linked.options)) == len(linked.options)
    for row in every:
        assert (f"{row['called']}: {row['says'] or say('configure.read_only')}" in said) is (row not in writable)
    assert say("configure.no_conflicts") in said
    linked.set_value(rows["Work"]["calendar_id"]).run()
    assert conflicts_of(pages) == [rows["Work"]["calendar_id"]]
    assert say("configure.not_pulled", calendar="Work") in pages.said
    assert say("page.preview.unread") in pages.said
    assert {metric.value for metric in pages.test.metric} == {"–"}
    assert roles_of(apple) == set()
    bars = told_by(monkeypatch, "progress")
    said = pages.click(say("page.save"))
    assert 1.0 in bars
    assert roles_of(apple) == {("Work", "LINKED"), ("Work", "CONFLICT")}
    assert say("page.saved") in said
    assert say("page.progress", calendar="Work", done="2", all="2") in said
    events = sum(row["objects"] or 0 for row in apple.app.calendars("ACME", "anna"))
    assert say("page.synced_says", added=events, changed=0, removed=0) in said
    assert TITLE not in said
    assert say("page.preview.holidays", number="1") in said
    assert say("page.preview.days", busy="0", free="1") in said
    assert say("page.preview.frees", free="1", declined="0") in said
    rest = [box.label for box in pages.test.expander if box.label.startswith(say("page.preview.empty", number="#").partition("#")[0])]
    assert rest == [say("page.preview.empty", number=str(len(readable) - 1))]


def conflicts_of(pages: Pages) -> list[str]:
    """What is picked as conflict calendars."""
    return list(pages.test.multiselect[0].value)


def linked_of(pages: Pages) -> Any:
    """Where the linked calendar is picked."""
    return next(box for box in pages.test.selectbox if box.label == say("page.linked"))


def test_an_older_window_never_undoes_what_was_saved_meanwhile(pages: Pages, apple: Clinic) -> None:
    """Work was linked in another window: here a click on "Save" saves nothing, and the choice that holds is shown."""
    pages.of(apple).go("configuration", user=KEY)
    apple.app.link("ACME", "anna", "Work")
    pages.click(say("page.save"))
    assert say("page.changed_meanwhile") in pages.said
    assert say("page.saved") not in pages.said
    assert roles_of(apple) == {("Work", "LINKED"), ("Work", "CONFLICT")}
    assert linked_of(pages).value == rows_of(apple)["Work"]["calendar_id"]
    desk = apple.app.desk(apple.app.open_reader())
    with pytest.raises(ChoiceChanged):
        desk.choose("ACME", "anna", linked=None, conflicts=[], expected=[])
    assert roles_of(apple) == {("Work", "LINKED"), ("Work", "CONFLICT")}


def test_taking_the_linked_calendar_off_is_explicit_and_warned_about_r5(
    pages: Pages, apple: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5: without the confirmation nothing is saved; with it, exactly that. Nor does anything move unless somebody says so."""
    work = str(rows_of(apple)["Work"]["calendar_id"])
    apple.app.link("ACME", "anna", work)
    meant = []
    choose = configuring.choose
    monkeypatch.setattr(configuring, "choose", lambda *what, **how: meant.append(how) or choose(*what, **how))
    pages.of(apple).go("configuration", user=KEY)
    pages.test.multiselect[0].set_value([])
    said = pages.click(say("page.save"))
    assert say("configure.R5", calendar="Work") in said
    assert say("page.r5_needed") in said
    assert roles_of(apple) == {("Work", "LINKED"), ("Work", "CONFLICT")}
    tick(pages, "page.r5_confirm")
    pages.click(say("page.save"))
    assert roles_of(apple) == {("Work", "LINKED")}
    for name, move in (("Home", False), ("Work", True)):
        linked_of(pages).set_value(rows_of(apple)[name]["calendar_id"]).run()
        if move:
            tick(pages, "page.move")
        pages.click(say("page.save"))
        assert (name, "LINKED") in roles_of(apple)
    assert [(how["move"], how["assume_writable"]) for how in meant] == [(False, False), (False, False), (True, False)]


def tick(pages: Pages, key: str) -> None:
    """Tick a box by what stands beside it."""
    (box,) = [box for box in pages.test.checkbox if box.label == say(key)]
    box.set_value(True)


def test_a_calendar_of_which_the_server_says_nothing_is_declared_writable_by_a_person_r3(
    pages: Pages, empty_clinic: Clinic, icloud: ICloud
) -> None:
    """R3: it can be picked, the page says what that means, and the decision stands in the log under that person's name."""
    icloud.change(privileges_told=False)
    empty_clinic.environment["ICALSYNC_ICLOUD_URL"] = icloud.url
    app = empty_clinic.app
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    app.add_user("ACME", "anna", name="Anna Adler")
    app.connect("ACME", "anna", provider="icloud", account=ANNA, password=PASSWORD)
    pages.of(empty_clinic).go("configuration", user=KEY)
    linked_of(pages).set_value(rows_of(empty_clinic)["Work"]["calendar_id"]).run()
    assert say("page.assume") in pages.said
    pages.click(say("page.save"))
    assert ("Work", "LINKED") in roles_of(empty_clinic)
    assert "ASSUME_WRITABLE" in [line["action"] for line in app.desk(app.open_reader()).audit()]


def test_the_preview_says_what_the_library_says(pages: Pages, clinic: Clinic) -> None:
    """Events, hours and warnings of exactly this choice, before it is saved; and choosing changes nothing."""
    app = clinic.app
    before = app.roles("ACME", "anna")
    work = next(row["calendar_id"] for row in app.calendars("ACME", "anna") if row["display_name"] == "Work")
    pages.of(clinic).go("configuration", user=KEY)
    pages.test.multiselect[0].set_value([work]).run()
    preview = app.desk(app.open_reader()).preview("ACME", "anna", linked=work, conflicts=[work])
    shown = {metric.label: metric.value for metric in pages.test.metric}
    assert shown == {
        say("page.preview.events"): str(preview.events),
        say("page.preview.then"): f"{preview.hours_then:.1f} h",
        say("page.preview.lost"): f"{preview.hours_lost:.1f} h",
        say("page.preview.gained"): f"{preview.hours_gained:.1f} h",
    }
    assert app.roles("ACME", "anna") == before


def test_support_looks_and_checks_and_does_not_choose(pages: Pages, apple: Clinic) -> None:
    """No widget to choose with, nothing to save; "check this calendar now" asks the server for that calendar alone."""
    app = apple.app
    app.link("ACME", "anna", "Work")
    app.add_reader("sam", "support", "a long enough pass phrase")
    pages.of(apple).at("0.0.0.0").go("configuration", user=KEY)
    name, password = pages.test.text_input
    name.set_value("sam")
    password.set_value("a long enough pass phrase")
    said = pages.click(say("page.sign_in"))
    assert say("page.only_admins") in said
    assert not pages.test.multiselect
    assert {say("page.save"), say("page.sync_now")}.isdisjoint(pages.labels())
    pages.test.selectbox(key="check_which").set_value(rows_of(apple)["Work"]["calendar_id"]).run()
    said = pages.click(say("page.check_now"))
    assert say("page.synced_says", added=2, changed=0, removed=0) in said
    synced = {name for name, row in rows_of(apple).items() if row["last_synced_at"] is not None}
    assert synced == {"Work"}


def test_what_could_not_be_fetched_is_said_with_what_to_do(pages: Pages, apple: Clinic, icloud: ICloud) -> None:
    """A password that was revoked meanwhile: the sync ends with a sentence, not with a number alone."""
    icloud.account(ANNA).change_password("xxxx-xxxx-xxxx-xxxx")
    pages.of(apple).go("configuration", user=KEY)
    said = pages.click(say("page.sync_now"))
    assert say("page.synced_partly") in said
    assert say("page.error.AUTHENTICATION_REJECTED") in said
