"""Connections: the way from nothing to a connected Apple Account, what heals one, what letting go means, and invitations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streamlit.delta_generator import DeltaGenerator

from icalsync.app.connecting import STAGES
from icalsync.messages import GUIDE_URL, guide, say
from icalsync.ports import Secret
from tests.browser.conftest import HOSTILE, TITLE
from tests.icloud.fixtures import ANNA, PASSWORD

if TYPE_CHECKING:
    from tests.dashboard.conftest import Clinic, Pages
    from tests.icloud import ICloud

WRONG = "-".join(4 * letter for letter in "wxyz")
CONNECT, GUIDE_DONE, NEXT = (say(f"page.{name}") for name in ("connect", "guide_done", "next"))


@pytest.fixture
def apple(empty_clinic: Clinic, icloud: ICloud) -> Clinic:
    """Anna in one sub-account and Zoe in another, and an iCloud for both."""
    empty_clinic.environment["ICALSYNC_ICLOUD_URL"] = icloud.url
    for sub_account, user in (("ACME", "anna"), ("ZEBRA", "zoe")):
        empty_clinic.app.add_sub_account(sub_account, time_zone="Europe/Berlin")
        empty_clinic.app.add_user(sub_account, user, name=user.title())
    return empty_clinic


def connect(clinic: Clinic, sub_account: str, user: str) -> str:
    """Anna's Apple Account, connected past the page; its integration id."""
    row = clinic.app.connect(sub_account, user, provider="icloud", account=ANNA, password=PASSWORD)
    return str(row["integration_id"])


def told_by(monkeypatch: pytest.MonkeyPatch, kind: str) -> list[object]:
    """What a page draws with elements of this kind while it runs, also what is drawn over before it ends."""
    told: list[object] = []
    drawn = getattr(DeltaGenerator, kind)

    def draw(place: DeltaGenerator, what: object, *more: object, **how: object) -> object:
        told.append(what)
        return drawn(place, what, *more, **how)

    monkeypatch.setattr(DeltaGenerator, kind, draw)
    return told


def calendars_of(clinic: Clinic) -> list[dict[str, object]]:
    """Anna's calendars as pages show them."""
    return clinic.app.desk(clinic.app.open_reader()).calendars("ACME", "anna")


def fill_in(pages: Pages, account: str, password: str) -> str:
    """Type account and password, and click so fast that the page has seen neither before."""
    pages.test.text_input(key="typed_account").set_value(account)
    pages.password.set_value(password)
    return pages.click(CONNECT)


def test_an_apple_account_is_connected_step_by_step_r1_r2_r3_r10(
    pages: Pages, apple: Clinic, icloud: ICloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1, R2, R3, R10, case 2, case 19: guide, form checked as typed, wrong password, discovery, and what each calendar may be used for."""
    assert say("page.nothing_connected") in pages.of(apple).go("connections", user="ACME/anna")
    pages.click(say("page.add_new"))
    said = pages.click(NEXT)
    assert all(step in said for step in guide())
    assert say("page.guide_two_factor") in said
    assert [link.proto.url for link in pages.test.get("link_button")] == [GUIDE_URL]
    pages.click(GUIDE_DONE)
    pages.test.text_input(key="typed_account").set_value("anna@home")
    said = pages.type_password("Summer2026!")
    assert say("form.apple_account") in said
    assert say("form.app_specific") in said
    assert say("page.fill_in") in pages.click(CONNECT)
    assert icloud.ledger.requests() == []
    said = fill_in(pages, ANNA, WRONG)
    assert say("page.error.AUTHENTICATION_REJECTED.icloud") in said
    assert not pages.holds(WRONG)
    assert apple.app.integrations() == []
    stages = told_by(monkeypatch, "info")
    said = fill_in(pages, ANNA, PASSWORD.replace("-", ""))
    assert [stage for stage in stages if stage != say("page.nothing_connected")] == [say(f"desk.stage.{stage}") for stage in STAGES]
    rows = calendars_of(apple)
    writable = sum(row["access"] == "write" and row["selectable"] for row in rows)
    assert say("page.connected", all=len(rows), usable=sum(row["selectable"] for row in rows), writable=writable) in said
    for row in rows:
        assert str(row["called"]) in said
    assert say("page.may.not", why=say("not_selectable.SUBSCRIBED")) in said
    assert say("page.may.read") in said
    assert not pages.holds(PASSWORD)
    assert not pages.holds(PASSWORD.replace("-", ""))
    said = pages.click(say("page.to_configuration"))
    assert say("page.linked_says") in said
    assert all(row["last_synced_at"] is not None for row in calendars_of(apple) if row["selectable"])
    pages.test.selectbox[1].set_value(next(row["calendar_id"] for row in rows if row["called"] == "Work")).run()
    assert say("page.preview.unread") not in pages.said
    assert "–" not in [metric.value for metric in pages.test.metric]


def test_who_is_connected_stays_the_same_whoever_is_looked_at_meanwhile(pages: Pages, apple: Clinic) -> None:
    """What was typed for Anna is never sent for Zoe."""
    pages.of(apple).go("connections", user="ACME/anna")
    pages.click(say("page.add_new"))
    pages.test.selectbox(key="user").set_value(("ZEBRA", "zoe")).run()
    assert say("page.connecting_for", name="Anna", user="ACME/anna") in pages.said
    pages.click(NEXT)
    pages.click(GUIDE_DONE)
    fill_in(pages, ANNA, PASSWORD)
    assert apple.app.calendars("ACME", "anna")
    assert apple.app.calendars("ZEBRA", "zoe") == []


def test_nothing_of_one_reader_is_left_for_the_next_in_the_same_window_s4(pages: Pages, apple: Clinic) -> None:
    """S4: Ada's session ends while she connects an account; Eve signs in there and finds a page on which nothing was begun."""
    for name in ("ada", "eve"):
        apple.app.add_reader(name, "admin", "a long enough pass phrase")
    pages.of(apple).at("0.0.0.0").go("connections", user="ACME/anna")
    sign_in(pages, "ada")
    pages.click(say("page.add_new"))
    pages.click(NEXT)
    pages.click(GUIDE_DONE)
    pages.type("typed_account", "ada.typed@icloud.com")
    apple.app.remove_reader("ada")
    assert say("SESSION_ENDED") in pages.go("connections")
    said = sign_in(pages, "eve")
    assert say("page.connecting") not in said
    assert not pages.holds("ada.typed@icloud.com")
    pages.click(say("page.add_new"))
    pages.click(say("page.sign_out"))
    assert say("page.connecting") not in sign_in(pages, "eve")


def sign_in(pages: Pages, name: str) -> str:
    """Fill in the form and send it; what the page says then."""
    name_field, password = pages.test.text_input
    name_field.set_value(name)
    password.set_value("a long enough pass phrase")
    return pages.click(say("page.sign_in"))


def test_a_password_that_was_typed_and_not_used_is_gone_when_the_page_is_left(pages: Pages, apple: Clinic) -> None:
    """S4: also where the next page ends early, because there is nothing to show on it."""
    pages.of(apple).go("connections")
    for label in (say("page.add_new"), NEXT, GUIDE_DONE):
        pages.click(label)
    pages.type_password(WRONG)
    assert pages.holds(WRONG)
    assert say("page.no_calendars") in pages.go("configuration")
    assert not pages.holds(WRONG)


def test_another_calendar_server_is_connected_by_its_address(pages: Pages, apple: Clinic) -> None:
    """No guide where none is needed; an address of the wrong form is said as it is typed, and nothing is sent to it."""
    pages.of(apple).go("connections")
    pages.click(say("page.add_new"))
    pages.test.radio[0].set_value("caldav")
    pages.click(NEXT)
    pages.test.text_input(key="typed_url").set_value("calendar of mine")
    said = fill_in(pages, "anna", "a password")
    assert say("form.url") in said
    assert say("page.fill_in") in said
    assert say("INSECURE_URL", host="example.com") in pages.type("typed_url", "http://example.com/")
    assert "it contains a blank" in pages.type("typed_url", "https://Example .com")


def test_one_new_password_heals_an_account_for_all_it_serves_case_1(pages: Pages, apple: Clinic) -> None:
    """R9, case 1: it comes first with its reason, says whom it serves, and works for both after one reconnect."""
    integration = connect(apple, "ACME", "anna")
    connect(apple, "ZEBRA", "zoe")
    app = apple.app
    app._parts.secrets.put(integration, Secret(WRONG))
    while app.integrations()[0]["status"] == "ok":
        app.sync()
    said = pages.of(apple).go("connections")
    assert say("page.some_ill", ill=1, all=1) in said
    assert say("page.status.reauthentication_needed") in said
    assert "Anna (ACME/anna)\nZoe (ZEBRA/zoe)" in said
    assert say("page.nothing_chosen", whom="Anna (ACME/anna), Zoe (ZEBRA/zoe)") in said
    assert any(text.startswith(say("page.last_success_at", at="2")) for text in said.splitlines())
    for label in (say("page.add_new"), NEXT, GUIDE_DONE):
        pages.click(label)
    pages.type_password(WRONG)
    pages.click(say("page.reconnect"))
    assert pages.password.value == ""
    pages.password.set_value(WRONG)
    said = pages.click(say("page.reconnect"), 1)
    assert say("page.error.AUTHENTICATION_REJECTED.icloud.reconnect") in said
    assert said.count(say("page.went_wrong")) == 1
    pages.password.set_value(PASSWORD)
    said = pages.click(say("page.reconnect"), 1)
    assert say("page.reconnected") in said
    assert say("page.all_well", all=1) in said
    assert not pages.holds(PASSWORD)


def test_disconnecting_asks_and_says_what_is_kept(pages: Pages, apple: Clinic) -> None:
    """Nothing happens before the second click; it is about the page's user, and the other one keeps the account."""
    integration = connect(apple, "ACME", "anna")
    connect(apple, "ZEBRA", "zoe")
    pages.of(apple).go("connections", user="ZEBRA/zoe")
    said = pages.click(say("page.disconnect"))
    assert [box.value for box in pages.test.selectbox if box.label == say("page.for_whom")] == [("ZEBRA", "zoe")]
    assert say("disconnect.others") in said
    assert say("disconnect.kept") in said
    assert len(apple.app.integrations(None, None)[0]["users"]) == 2
    assert say("page.disconnected") in pages.click(say("page.disconnect_now"))
    (row,) = apple.app.integrations()
    assert [user["user_id"] for user in row["users"]] == ["anna"]
    assert row["integration_id"] == integration
    pages.click(say("page.disconnect"))
    pages.test.checkbox[0].set_value(True).run()
    assert say("disconnect.forgotten") in pages.said
    assert say("disconnect.kept") not in pages.said
    pages.click(say("page.disconnect_now"))
    lines = [line["action"] for line in apple.app.desk(apple.app.open_reader()).audit()]
    assert lines[:2] == ["PURGE", "DISCONNECT"]


def test_nobody_is_disconnected_whom_nobody_chose(pages: Pages, apple: Clinic) -> None:
    """An account of two, looked at from a third user's page: whom it is about is asked, and nothing offered before."""
    connect(apple, "ACME", "anna")
    connect(apple, "ZEBRA", "zoe")
    apple.app.add_user("ACME", "ben", name="Ben")
    pages.of(apple).go("connections", user="ACME/ben")
    pages.click(say("page.disconnect"))
    assert [box.value for box in pages.test.selectbox if box.label == say("page.for_whom")] == [None]
    assert say("page.disconnect_now") not in pages.labels()


def test_an_account_of_another_sub_account_shows_as_elsewhere(pages: Pages, apple: Clinic) -> None:
    """Without name or count: a reader of ACME sees that Anna's account is also used elsewhere, and nothing of Zoe."""
    connect(apple, "ACME", "anna")
    connect(apple, "ZEBRA", "zoe")
    apple.app.add_reader("sam", "support", "a long enough pass phrase", sub_accounts=["ACME"])
    pages.of(apple).at("0.0.0.0").go("connections")
    name, password = pages.test.text_input
    name.set_value("sam")
    password.set_value("a long enough pass phrase")
    said = pages.click(say("page.sign_in"))
    assert f"Anna (ACME/anna)\n{say('page.elsewhere')}" in said
    assert "Zoe" not in said
    assert "ZEBRA" not in said
    assert {say("page.reconnect"), say("page.disconnect"), say("page.invite"), say("page.add_new")}.isdisjoint(pages.labels())


def test_an_invitation_is_shown_once_listed_and_revoked(pages: Pages, apple: Clinic) -> None:
    """The link itself stands only in the answer to the click; revoked, it works no longer."""
    pages.of(apple).go("connections", user="ACME/anna")
    pages.click(say("page.invite"))
    (link,) = [element.value for element in pages.test.code]
    token = link.partition("?invite=")[2]
    assert len(token) > 20
    assert say("page.invitation_to.connect") in pages.said
    assert apple.app.invitation(token).user_name == "Anna"
    assert say("page.invited_once") in pages.said
    pages.test.run()
    assert not pages.test.code
    assert not pages.holds(token)
    assert say("page.invite_replaces", name="Anna") in pages.said
    pages.click(say("page.revoke"))
    assert say("page.invitation_to.connect") not in pages.said
    assert say("INVITATION_INVALID") in pages.invited(token)


def test_a_link_to_reconnect_is_made_in_the_accounts_row(pages: Pages, apple: Clinic) -> None:
    """It is for this account and for the page's user, and its form asks nothing else."""
    integration = connect(apple, "ACME", "anna")
    connect(apple, "ZEBRA", "zoe")
    pages.of(apple).go("connections", user="ZEBRA/zoe")
    assert say("page.reconnect_link_says") in pages.click(say("page.reconnect_link"))
    pages.click(say("page.invite"), 1)
    (link,) = [element.value for element in pages.test.code]
    person = apple.app.invitation(link.partition("?invite=")[2])
    assert (person.purpose, person.user_name) == ("reconnect", "Zoe")
    assert [row["integration_id"] for row in person.accounts()] == [integration]


def test_names_from_outside_are_text_whatever_they_hold(pages: Pages, clinic: Clinic) -> None:
    """HTML, markdown, emoji codes, LaTeX and formulas of names and calendars stand in plain text elements only."""
    said = pages.of(clinic).go("connections")
    assert "Ben *Bold* (ACME/ben)" in said
    assert say("page.nothing_chosen", whom="Ben *Bold* (ACME/ben)") not in said
    assert TITLE not in said
    pages.go("configuration", user="ACME/anna")
    kinds = ("markdown", "caption", "info", "warning", "success", "error")
    drawn = [element.value for kind in kinds for element in getattr(pages.test, kind)]
    assert any(HOSTILE in element.value for element in pages.test.text)
    assert not any("<img" in text or "*Bold*" in text for text in drawn)
    assert not any("<img" in str(label) for label in (*pages.labels(), *(element.label for element in pages.test.expander)))
