"""The system's own side on the command line without a server: times, zones, and ids that nobody knows."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from icalsync.cli.main import cli as commands
from icalsync.clock import SystemClock
from icalsync.messages import en
from tests.journeys.booked import monday

if TYPE_CHECKING:
    from tests.journeys.conftest import Cli

IN_PROCESS = True


def test_parts_of_a_second_are_refused_and_nothing_is_booked(clinic: Cli) -> None:
    """RFC 5545 §3.3.5: calendars have whole seconds; another time than the one asked for is never booked instead."""
    start, end = f"{monday(10).isoformat()[:19]}.5", monday(11).isoformat()
    for words in (("book", "--title", "Visit"), ("block",)):
        answer = clinic(words[0], "ACME", "anna", "--start", start, "--end", end, *words[1:], "--json", code=2)
        assert (answer.error["error"], "whole seconds" in answer.error["message"], answer.out) == ("INVALID_INPUT", True, "")
    row = clinic.json("book", "ACME", "anna", "--start", monday(10).isoformat(), "--end", end, "--title", "Visit", "--no-check")
    late = f"{monday(12).isoformat()[:19]}.25"
    answer = clinic("reschedule", row["appointment_id"], "--start", monday(11).isoformat(), "--end", late, "--json", code=2)
    assert answer.error["message"].startswith("the end cannot be")
    busy = clinic.json("busy", "ACME", "anna", "--from", str(monday(0).date()), "--to", str(monday(0).date()) + " 23:00", code=None)
    assert [each["starts_at"] for each in busy if each["source"] != "coverage"] == [monday(10).isoformat()]


@pytest.mark.parametrize(
    ("words", "listing"),
    [
        (("drift", "resolve", "nonsense", "keep"), "icalsync drift list"),
        (("alerts", "--clear", "nonsense"), "icalsync alerts"),
        (("unblock", "nonsense"), "icalsync export blocked_slots"),
        (("explain", "--appointment", "nonsense"), "icalsync export appointments"),
        (("cancel", "nonsense"), "icalsync export appointments"),
        (("disconnect", "ACME", "anna", "nonsense"), "icalsync integrations"),
        (("link", "ACME", "anna", "nonsense"), "icalsync calendars"),
    ],
)
def test_an_id_that_nobody_knows_leads_to_the_command_that_lists_them(clinic: Cli, words: tuple[str, ...], listing: str) -> None:
    """Exit 2, and the next step is a command that exists."""
    answer = clinic(*words, "--json", code=2)
    assert listing in answer.error["next_step"], answer.error


def test_every_listing_that_is_named_exists() -> None:
    """What a next step tells to type can be typed."""
    named = [text for key, text in en.SENTENCES.items() if key.startswith("listed.") and key != "listed.anything"]
    assert len(named) >= 5
    for text in named:
        found = re.search(r"'icalsync ([^']+)'", text)
        assert found is not None, text
        words = shlex.split(found[1])
        command = commands.commands[words[0]]
        group = getattr(command, "commands", None)
        assert group is None or words[1] in group, text


def test_a_users_zone_is_changed_and_what_was_known_before_stays_r16(clinic: Cli) -> None:
    """R16: hours are read in the new zone from now on; `inherit` goes back to the sub-account's; a wrong name changes nothing."""
    clinic("hours", "ACME", "set", "Mon-Fri 09:00-10:00")
    ask = ("slots", "ACME", "anna", "--from", str(monday(0).date()), "--to", monday(23).isoformat(), "--length", "60m")
    assert [row["starts_at"] for row in clinic.json(*ask, code=None)] == [monday(9).isoformat()]
    before = SystemClock().now().isoformat()
    row = clinic.json("user", "set", "ACME", "anna", "--time-zone", "Asia/Tokyo")
    assert (row["user_id"], row["time_zone"]) == ("anna", "Asia/Tokyo")
    (slot,) = clinic.json(*ask, code=None)
    assert slot["starts_at"].endswith("T09:00:00+09:00")
    asked = ("explain", "ACME", "anna", monday(9).isoformat(), "--length", "60m")
    offered = [clinic.json(*asked, *known, code=None)["offered"] for known in ((), ("--known-at", before))]
    assert offered == [False, True]
    assert clinic("user", "set", "ACME", "anna", "--time-zone", "Mars/Olympus", "--json", code=2).error["error"] == "INVALID_INPUT"
    assert clinic("user", "set", "ACME", "ben", "--time-zone", "UTC", "--json", code=2).error["error"] == "UNKNOWN_USER"
    assert clinic.json("user", "set", "ACME", "anna", "--time-zone", "inherit")["time_zone"] == "Europe/Berlin"
    assert [each["starts_at"] for each in clinic.json(*ask, code=None)] == [monday(9).isoformat()]
