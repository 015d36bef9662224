"""The provider ``icloud`` against the look-alike: what may be chosen, what not and why, and what a rotating host does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.icloud.fixtures import ANNA, PASSWORD
from tests.servers import event_at

if TYPE_CHECKING:
    from tests.icloud import ICloud
    from tests.journeys.conftest import Cli

IN_PROCESS = True


@pytest.fixture
def apple(clinic: Cli, icloud: ICloud) -> Cli:
    """A clinic whose iCloud is the look-alike."""
    clinic.environment["ICALSYNC_ICLOUD_URL"] = icloud.url
    return clinic


def connect(cli: Cli, password: str = PASSWORD) -> dict[str, Any]:
    """Connect Anna's Apple Account."""
    return cli.json("connect", "ACME", "anna", "--provider", "icloud", "--account", ANNA, "--password-stdin", stdin=password + "\n")


def test_the_password_is_accepted_without_dashes_and_sent_with_them_r1(apple: Cli, icloud: ICloud) -> None:
    """R1: blanks around it are dropped, and the look-alike accepts only the dashed form it gave out."""
    done = connect(apple, "  " + PASSWORD.replace("-", "") + " ")
    assert done["integration_id"]
    assert icloud.ledger.requests(status=401) == []


def test_a_refused_form_sends_nothing_at_all_r1_case_2(apple: Cli, icloud: ICloud) -> None:
    """R1, case 2: not one request leaves this machine."""
    arguments = ("connect", "ACME", "anna", "--provider", "icloud", "--account", ANNA, "--password-stdin", "--json")
    assert apple(*arguments, stdin="Summer2026!\n", code=2).error["error"] == "PASSWORD_FORM"
    assert icloud.ledger.requests() == []


def test_each_collection_says_what_it_may_be_used_for_and_why_not_r3_r10(apple: Cli) -> None:
    """R3, R10, case 19: shared read-only is for conflicts alone; subscriptions, reminders and mailboxes for nothing."""
    calendars = connect(apple)["calendars"]
    reasons = {row["says"] for row in calendars if not row["selectable"]}
    assert any("subscription" in reason for reason in reasons)
    assert any("reminders" in reason for reason in reasons)
    assert any("inbox" in reason for reason in reasons)
    assert {row["access"] for row in calendars if row["selectable"]} == {"read", "write"}
    assert all(row["not_selectable_reason"] is None for row in calendars if row["selectable"])


def test_a_subscribed_calendar_can_have_no_role_r10(apple: Cli) -> None:
    """R10: linking it, or letting it block, is refused with the reason, and nothing changes."""
    calendars = connect(apple)["calendars"]
    (subscribed,) = [row for row in calendars if row["not_selectable_reason"] == "SUBSCRIBED"]
    for command in (("link", "ACME", "anna"), ("conflicts", "add", "ACME", "anna")):
        answer = apple(*command, subscribed["calendar_id"], "--json", code=2)
        assert answer.error["error"] == "NOT_SELECTABLE"
        assert "subscription" in answer.error["message"]
    assert apple.json("conflicts", "list", "ACME", "anna") == []


def test_a_read_only_calendar_cannot_be_linked_but_may_block_r3(apple: Cli) -> None:
    """R3: author access is needed for the linked calendar; read access is enough for a conflict calendar."""
    read_only = next(row for row in connect(apple)["calendars"] if row["selectable"] and row["access"] == "read")
    answer = apple("link", "ACME", "anna", read_only["calendar_id"], "--json", code=3)
    assert answer.error["error"] == "CALENDAR_READ_ONLY"
    assert "author access" in answer.error["message"]
    assert apple.json("conflicts", "list", "ACME", "anna") == []
    (role,) = apple.json("conflicts", "add", "ACME", "anna", read_only["calendar_id"])
    assert role["role"] == "CONFLICT"


def test_an_unchanged_icloud_account_costs_one_request_r17(apple: Cli, icloud: ICloud) -> None:
    """R17, design.md §7: one PROPFIND Depth 1 on the home tells for all calendars at once; nothing is written there, ever."""
    icloud.account(ANNA).calendar("Work").put("a", event_at("a", "20270104T090000Z", "20270104T100000Z"))
    connect(apple)
    apple("link", "ACME", "anna", "Work")
    assert apple.json("sync")["totals"]["added"] == 1
    mark = icloud.ledger.mark()
    assert apple.json("sync")["totals"]["requests"] == 1
    assert [entry.method for entry in icloud.ledger.requests(after=mark)] == ["PROPFIND"]
    assert icloud.ledger.writes() == []
    busy = apple.json("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-05")
    assert [row["starts_at"] for row in busy] == ["2027-01-04T10:00:00+01:00"]


def test_a_host_that_rotated_away_does_not_fail_the_sync(apple: Cli, icloud: ICloud) -> None:
    """icloud.md §1.1.5: partition numbers rotate; identity is the path, and the canonical host knows the new place."""
    connect(apple)
    apple("link", "ACME", "anna", "Work")
    apple("sync")
    icloud.rotate_host()
    icloud.account(ANNA).calendar("Work").put("b", event_at("b", "20270104T110000Z", "20270104T120000Z"))
    report = apple.json("sync")
    assert report["runs"][0]["outcome"] == "ok"
    assert report["totals"]["added"] == 1
    assert len(apple.json("calendars", "ACME", "anna")) == len({row["href"] for row in apple.json("calendars", "ACME", "anna")})


def test_a_calendar_renamed_or_shared_anew_is_told_by_the_next_sync(apple: Cli, icloud: ICloud) -> None:
    """C10: identity is the place, the name an attribute; rights are seen at every listing, not once a day."""
    before = {row["calendar_id"]: row for row in connect(apple)["calendars"]}
    apple("link", "ACME", "anna", "Work")
    apple("sync")
    calendar = icloud.account(ANNA).calendar("Work")
    calendar.rename("Clinic")
    calendar.revoke_write()
    apple("sync")
    after = {row["calendar_id"]: row for row in apple.json("calendars", "ACME", "anna")}
    assert set(after) == set(before)
    (renamed,) = [row for key, row in after.items() if before[key]["display_name"] == "Work"]
    assert (renamed["display_name"], renamed["access"]) == ("Clinic", "read")


def test_an_invalid_token_leads_to_a_full_listing_and_loses_nothing_h4_c1(apple: Cli, icloud: ICloud) -> None:
    """H4, C1: the listing proves what is gone, and what was deleted meanwhile goes."""
    calendar = icloud.account(ANNA).calendar("Work")
    for number in range(3):
        calendar.put(f"e{number}", event_at(f"e{number}", f"2027010{number + 4}T090000Z", f"2027010{number + 4}T100000Z"))
    connect(apple)
    apple("link", "ACME", "anna", "Work")
    apple("sync")
    icloud.expire_tokens()
    calendar.delete("e1")
    report = apple.json("sync")
    assert (report["runs"][0]["outcome"], report["totals"]["removed"]) == ("ok", 1)
    busy = apple.json("busy", "ACME", "anna", "--from", "2027-01-04", "--to", "2027-01-08")
    assert [row["starts_at"][:10] for row in busy] == ["2027-01-04", "2027-01-06"]


def test_throttling_is_no_dead_password(apple: Cli, icloud: ICloud) -> None:
    """icloud.md §1.3: an empty 401 below a root that still answers means: wait."""
    connect(apple)
    apple("link", "ACME", "anna", "Work")
    apple("sync")
    icloud.throttle(600)
    report = apple.json("sync", code=1)
    assert report["runs"][0]["status"] == "throttled"
    assert apple.json("integrations")[0]["status"] == "throttled"
    icloud.recover()
    assert apple.json("sync")["runs"][0]["outcome"] == "ok"


def test_a_mass_deletion_is_held_and_still_blocks_r13(apple: Cli, icloud: ICloud) -> None:
    """R13: more than a fifth and more than ten: held, until a person confirms; held events block as before."""
    calendar = icloud.account(ANNA).calendar("Work")
    for number in range(20):
        calendar.put(f"e{number}", event_at(f"e{number}", f"202701{number + 4:02}T090000Z", f"202701{number + 4:02}T100000Z"))
    connect(apple)
    apple("link", "ACME", "anna", "Work")
    apple("sync")
    for number in range(15):
        calendar.delete(f"e{number}")
    held = apple.json("sync", code=1)
    assert held["totals"]["removed"] == 0
    assert held["runs"][0]["calendars"][0]["error_code"] == "REMOVALS_HELD"
    window = ("--from", "2027-01-01", "--to", "2027-02-01")
    assert len(apple.json("busy", "ACME", "anna", *window)) == 20
    assert apple.json("sync", "--plan")[0]["held"] + sum(row["held"] for row in apple.json("sync", "--plan")[1:]) == 15
    confirm = f"icalsync sync --confirm-deletions {held['runs'][0]['calendars'][0]['calendar_id']}"
    assert confirm in held["runs"][0]["next_step"]
    (alert,) = apple.json("alerts", code=1)
    assert confirm in alert["says"]
    confirmed = apple.json("sync", "--confirm-deletions", "Work", "--sub-account", "ACME", "--user", "anna")
    assert confirmed["totals"]["removed"] == 15
    assert len(apple.json("busy", "ACME", "anna", *window)) == 5
