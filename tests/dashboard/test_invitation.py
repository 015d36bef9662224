"""The page under a link: one person, alone, from the guide to their calendars; and nothing else of the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from icalsync.messages import guide, say
from tests.icloud.fixtures import ANNA, PASSWORD

if TYPE_CHECKING:
    from tests.dashboard.conftest import Clinic, Pages
    from tests.icloud import ICloud


@pytest.fixture
def apple(empty_clinic: Clinic, icloud: ICloud) -> Clinic:
    """Anna, with nothing connected, and an iCloud."""
    empty_clinic.environment["ICALSYNC_ICLOUD_URL"] = icloud.url
    empty_clinic.app.add_sub_account("ACME", display_name="Acme *Clinic*", time_zone="Europe/Berlin")
    empty_clinic.app.add_user("ACME", "anna", name="Anna Adler")
    empty_clinic.app.add_user("ACME", "ben", name="Ben Okafor")
    return empty_clinic


@pytest.mark.parametrize("pull", ["all", pytest.param("chosen", marks=pytest.mark.long)])
def test_a_person_connects_alone_under_a_link_that_works_once(pull: str, pages: Pages, apple: Clinic) -> None:
    """Guide, account and password, calendars, first sync; the admin never needs the password, and the link is spent.

    Where only chosen calendars are pulled (R6), it is fetched once before the choice and once after it, and never again and again.
    """
    token = apple.app.invite("ACME", "anna")["token"]
    said = pages.of(apple, ICALSYNC_PULL=pull).at("0.0.0.0").invited(token)
    assert say("page.invitation_for", name="Anna Adler", sub_account="Acme *Clinic*") in said
    assert "Ben" not in said
    assert say("page.connections") not in said
    said = pages.click(say("page.next"))
    assert all(step in said for step in guide())
    pages.click(say("page.guide_done"))
    pages.test.text_input(key="typed_account").set_value(ANNA)
    pages.password.set_value(PASSWORD)
    said = pages.click(say("page.connect"))
    assert say("page.linked_says") in said
    assert not pages.holds(PASSWORD)
    assert say("page.preview.unread") not in said
    rows = apple.app.calendars("ACME", "anna")
    folded = say("page.not_choosable", number=str(sum(not row["selectable"] for row in rows)))
    assert folded in [box.label for box in pages.test.expander]
    assert say("page.linked_says") in loaded_anew(pages)
    work = next(row["calendar_id"] for row in apple.app.calendars("ACME", "anna") if row["display_name"] == "Work")
    next(box for box in pages.test.selectbox if box.label == say("page.linked")).set_value(work).run()
    said = pages.click(say("page.save"))
    assert say("page.invited_done") in said
    assert say("page.may_close") in said
    assert {(row["calendar_id"], row["role"]) for row in apple.app.roles("ACME", "anna")} == {(work, "LINKED"), (work, "CONFLICT")}
    assert next(row for row in apple.app.calendars("ACME", "anna") if row["calendar_id"] == work)["last_synced_at"] is not None
    assert say("INVITATION_INVALID") in loaded_anew(pages, token)


def loaded_anew(pages: Pages, token: str | None = None) -> str:
    """What the page says that has the same address, or that of another link, in a window that remembers nothing."""
    asked = token or pages.test.query_params["invite"]
    pages.test = AppTest.from_file(pages.test._script_path, default_timeout=60)
    return pages.invited(asked if isinstance(asked, str) else asked[0])


def test_a_link_to_reconnect_heals_only_what_is_the_persons_own(pages: Pages, apple: Clinic) -> None:
    """Anna sees her account and no other; a wrong password leaves the link as it was. With the right one she has done what was asked."""
    row = apple.app.connect("ACME", "anna", provider="icloud", account=ANNA, password=PASSWORD)
    apple.app.link("ACME", "anna", "Work")
    token = apple.app.invite("ACME", "anna", purpose="reconnect", integration_id=row["integration_id"])["token"]
    pages.of(apple).invited(token)
    assert [element.options for element in pages.test.selectbox if element.label == say("page.account")] == [[ANNA]]
    pages.password.set_value("xxxx-xxxx-xxxx-xxxx")
    assert say("page.error.AUTHENTICATION_REJECTED.icloud.reconnect") in pages.click(say("page.reconnect"))
    invitations, found = apple.app._parts.invitations, apple.app.invitation(token)._invitation
    claim = invitations.claim(found)
    pages.password.set_value(PASSWORD)
    said = pages.click(say("page.reconnect"))
    assert say("INVITATION_IN_USE") in said
    assert say("INVITATION_INVALID") not in said
    invitations.release(found, claim)
    pages.password.set_value(PASSWORD)
    said = pages.click(say("page.reconnect"))
    assert say("page.invited_again") in said
    assert say("page.may_close") in said
    assert say("page.linked_says") not in said
    assert say("page.linked_says") in pages.click(say("page.invited_more"))


@pytest.mark.parametrize("token", ["", "<b>x</b>"])
def test_a_link_that_is_none_says_so_and_shows_nothing_else(token: str, pages: Pages, apple: Clinic) -> None:
    """Expired, used, revoked and unknown read the same; there is no way from there to the pages."""
    said = pages.of(apple).invited(token)
    assert say("INVITATION_INVALID") in said
    assert "Anna" not in said
    assert pages.labels() == [say("page.again")]
