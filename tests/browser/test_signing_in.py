"""Who has an account signs in and reads what their role may; who has an invitation connects their own calendar, once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from icalsync.messages import say
from tests.browser.accessible import check_usable
from tests.browser.hands import PAGES, PATIENCE
from tests.browser.practice import READS, SECRET, Practice, add_readers, practice_in
from tests.browser.serving import Dashboard
from tests.dashboard.practice import monday
from tests.icloud.fixtures import ANNA, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.browser.hands import Visitor

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Two sub-accounts, each with a reader."""
    with practice_in(tmp_path_factory.mktemp("practice")) as made:
        add_readers(made)
        yield made


@pytest.fixture(scope="module")
def dashboard(practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """For all of them; its log holds no password and no title (R18)."""
    with Dashboard(practice.clinic.environment, tmp_path_factory.mktemp("served") / "dashboard.log") as running:
        yield running
        assert [word for word in ("Traceback", PASSWORD, READS, SECRET) if word in running.said] == []


def sign_in(visitor: Visitor, name: str, password: str) -> None:
    """Fill in the form and send it."""
    visitor.type(say("page.reader_name"), name)
    visitor.type(say("page.password"), password)
    visitor.click("page.sign_in")


def test_an_analyst_signs_in_and_sees_no_title_and_no_deed_r18_s13(dashboard: Dashboard, enter: Callable[..., Visitor]) -> None:
    """R18, S13: before signing in nothing of the pages; a wrong password is refused; afterwards figures without titles or deeds."""
    visitor = enter(dashboard)
    visitor.open("bookings", user="ACME/ben")
    visitor.sees(say("page.reader_name"))
    assert visitor.page.get_by_role("link", name=say("page.health"), exact=True).count() == 0
    assert "Ben Brandt" not in visitor.page.content()
    sign_in(visitor, "nora", "not what it is")
    visitor.sees(say("SIGN_IN_REFUSED"))
    visitor.settle()
    check_usable(visitor, "signing in, refused")
    sign_in(visitor, "nora", READS)
    visitor.sees("•••")
    for name in PAGES:
        visitor.visit(name)
        assert SECRET not in visitor.page.content(), name
        assert "Olaf" not in visitor.page.content(), name
        for deed in ("add_new", "invite", "save", "sync_now", "reconnect", "book.now", "book.move", "why.titles", "health.retry"):
            assert visitor.page.get_by_role("button", name=say(f"page.{deed}"), exact=True).count() == 0, (name, deed)
    visitor.click("page.sign_out")
    visitor.sees(say("page.reader_name"))


def test_the_link_of_a_ticket_asks_who_reads_it(dashboard: Dashboard, enter: Callable[..., Visitor]) -> None:
    """It leads to the sign-in, then to the answer; for whoever reads another sub-account the user does not exist."""
    link = f"{dashboard.url}/why?{urlencode({'user': 'ACME/ben', 'at': monday(12).isoformat(), 'length': '30m'})}"
    stranger = enter(dashboard)
    stranger.go_to(link)
    sign_in(stranger, "oskar", READS)
    stranger.sees(say("page.error.UNKNOWN_USER"))
    assert "Ben Brandt" not in stranger.page.content()
    analyst = enter(dashboard)
    analyst.go_to(link)
    sign_in(analyst, "nora", READS)
    analyst.sees(say("page.why.refused"))
    assert SECRET not in analyst.page.content()


def test_an_invitation_connects_one_person_once(practice: Practice, dashboard: Dashboard, enter: Callable[..., Visitor]) -> None:
    """Without signing in: guide, account, password, calendars, first sync, and nothing else; the link then leads nowhere."""
    made = practice.clinic.app.invite("ACME", "anna")
    person = enter(dashboard)
    person.go_to(f"{dashboard.url}/{made['path']}")
    assert person.page.get_by_role("link", name=say("page.health"), exact=True).count() == 0
    check_usable(person, "invited: which provider")
    person.pick(say("page.provider.icloud"))
    person.running(lambda: person.click("page.next"))
    person.sees("appleid.apple.com")
    check_usable(person, "invited: the guide")
    person.running(lambda: person.click("page.guide_done"))
    check_usable(person, "invited: account and password")
    person.type(say("page.account_of.icloud"), ANNA)
    person.running(lambda: person.type(say("page.password_of.icloud"), PASSWORD))
    person.click("page.connect")
    person.sees(say("page.linked_says"))
    person.settle()
    person.page.reload()  # as a telephone does that was put away meanwhile
    person.sees(say("page.linked_says"))
    person.settle()
    check_usable(person, "invited: which calendars")
    person.choose(say("page.linked"), f"Work ({ANNA})")
    expect(person.page.get_by_test_id("stMultiSelect")).to_contain_text(f"Work ({ANNA})", timeout=PATIENCE)
    person.settle()
    person.click("page.save")
    person.sees(say("page.may_close"))
    person.settle()
    check_usable(person, "invited: done")
    assert {(row["user_id"], row["role"]) for row in practice.clinic.app.roles("ACME", "anna")} == {
        ("anna", "LINKED"),
        ("anna", "CONFLICT"),
    }
    other = enter(dashboard)
    other.go_to(f"{dashboard.url}/{made['path']}")
    other.sees(say("INVITATION_INVALID"))
    assert made["token"] not in other.reads
    check_usable(other, "an invitation that was used")
