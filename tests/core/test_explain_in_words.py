"""An explanation as a page and a German reader have it: no codes, no commands, no ids, and names that cannot break a sentence (issue 7)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from icalsync.core.evidence import ANOTHER_USER, Arrival, Learned, Saying
from icalsync.core.explain import explain
from icalsync.core.explanation import Explanation
from icalsync.core.model import Busyness, Reason, Verdict
from icalsync.core.wording import day, in_words, span, word
from icalsync.messages import speak
from tests.core.test_explain import BLOCKING, BUSY, FREE, NOW, WORK, at, case, event, ours

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYTHING = {f"{reason.value} blocks": [touch] for reason, touch in BLOCKING.items()} | {
    f"{reason.value} is free": [touch] for reason, touch in FREE.items()
}
REFUSED = {"OFF_GRID": {"start": at(13, 7)}, "CLOSED": {"start": at(20)}, "NOTICE": {"hours": {"notice": "3d"}}}
REFUSED |= {"BUFFER": {"hours": {"buffer_before": "90m"}}, "HORIZON": {"hours": {"horizon": "2h"}}}
MISSING = {"complete": False, "as_of": None, "missing": [{"calendar_id": "cal-1", "state": "stale", "reason": "STALE"}]}
ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
CODE = re.compile(r"\b(BUSY|FREE|UNKNOWN|BUSY_TENTATIVE|BUSY_UNAVAILABLE|NOT_COVERED|OWN_APPOINTMENT|never_pulled|stale)\b")
LENGTH = re.compile(r"\b\d+[dhms]\b")


@pytest.fixture
def german() -> Iterator[None]:
    """Everything is said in German."""
    speak("de")
    yield
    speak("en")


def answers() -> Iterator[tuple[str, Explanation]]:
    """What blocks, what does not, what the terms refuse, what is not covered, and what became known since."""
    for name, touches in EVERYTHING.items():
        brought = [replace(one, arrival=Arrival("run-1", "sync", NOW)) for one in touches]
        yield name, explain(case(*brought, asked=NOW))
    before = event(at(11), at(12, 30))
    for name, how in REFUSED.items():
        yield name, explain(case(*([before] if name == "BUFFER" else []), **how))
    yield "not covered", explain(case(ours("coverage", at(0), at(23), Reason.NOT_COVERED), coverage=MISSING))
    facts = {"thing": "x", "span": "y", "calendar": "Work", "busyness": "BUSY", "reason": "BUSY"}
    later = (Learned(NOW, "appeared", facts), Learned(None, "covered", {"calendar": "Work", "before": "never_pulled", "after": "ok"}))
    now = (case(BUSY).judgement, Verdict(Busyness.BUSY, Reason.BUSY))
    yield "since", explain(case(known_at=NOW, learned=later, now=now))
    other = replace(BUSY, blocks=False, set_aside=ANOTHER_USER, owner="ben")
    yield "another's", explain(case(other))


def said(told: Explanation) -> list[str]:
    """What a page shows of it, but for the quoted lines of the calendar object."""
    return [*(step.on_page for step in told.evidence if step.step != "lines"), *(each.says for each in told.remedies)]


def test_a_page_is_told_no_command_no_id_and_no_code() -> None:
    """A page has buttons; “integration int-1”, “0m” and BUSY mean nothing to who reads it."""
    for name, told in answers():
        for sentence in said(told):
            assert "icalsync " not in sentence, (name, sentence)
            assert not re.search(r"\bint-1\b|\brun-1\b", sentence), (name, sentence)
            assert not CODE.search(sentence), (name, sentence)
            assert not LENGTH.search(sentence), (name, sentence)
            assert "?" not in sentence, (name, sentence)


def test_a_page_names_a_booking_by_its_number_and_a_customer_is_told_no_seconds() -> None:
    """Thirty-two signs of an id break a sentence; the command line needs them. As known when, a customer is told to the minute."""
    number = "be8cde73" * 4
    told = explain(case(replace(BLOCKING[Reason.OWN_APPOINTMENT], ref=number), known_at=NOW + timedelta(seconds=11)))
    assert not any(number in sentence for sentence in said(told))
    assert "booking No. be8cde73" in told.evidence[0].on_page
    assert f"booking {number}" in told.evidence[0].says
    assert f"icalsync cancel {number}" in told.would_change[0]
    assert "Booking No. be8cde73 would have to be cancelled or moved." in [each.says for each in told.remedies]
    assert told.for_customer().startswith("As of Mon 2026-11-23 09:00: Anna cannot be booked")
    still = explain(case(BUSY, known_at=NOW, now=(case(BUSY).judgement, BUSY.verdict)))
    assert still.for_customer().startswith("Anna cannot be booked"), "what holds now needs no date"
    assert still.evidence[0].says.startswith("As known at Mon 2026-11-23 09:00: Anna")
    assert told.evidence[0].says.startswith("As known at Mon 2026-11-23 09:00:11: Anna")


def test_only_our_own_titles_are_shown_to_those_who_may_see_them() -> None:
    """R18: of our bookings, where a desk says so; an event of a calendar stays masked all the same."""
    mine = replace(BLOCKING[Reason.OWN_APPOINTMENT], saying=Saying("CANARY ours"))
    theirs = replace(BUSY, saying=Saying("CANARY calendar"))
    assert "CANARY" not in explain(case(mine, theirs)).for_staff()
    shown = explain(case(mine, theirs, own_titles=True)).for_staff()
    assert "CANARY ours" in shown
    assert "CANARY calendar" not in shown


def test_the_command_line_keeps_its_codes_and_commands() -> None:
    """What would change is told with the command that does it, and each remedy is the same thing without."""
    told = explain(case(BLOCKING[Reason.TENTATIVE]))
    assert told.would_change == tuple(each.in_full for each in told.remedies)
    (policy,) = [each for each in told.remedies if each.kind == "policy"]
    assert policy.in_full == "The policy tentative would have to be free: icalsync policy acme anna tentative=free"
    assert policy.says == "The policy tentative would have to be free."
    assert (policy.facts["name"], policy.facts["value"], policy.facts["user"]) == ("tentative", "free", "anna")
    assert "(integration int-1): BUSY_TENTATIVE;" in told.for_staff()
    assert "Buffers: 0m before, 0m after." in told.for_staff()


def test_what_has_to_be_done_together_is_one_remedy_with_its_parts() -> None:
    """A page can offer each of them."""
    told = explain(case(BUSY, start=at(20), hours={"notice": "3d"}))
    (whole,) = told.remedies
    assert (whole.kind, whole.in_full) == ("all", told.would_change[0])
    assert [each.kind for each in whole.parts] == ["notice", "open"]
    assert whole.says == "All of this together: " + " ".join(f"({n}) {each.says}" for n, each in enumerate(whole.parts, 1))


def test_where_no_notice_is_asked_that_is_said() -> None:
    """“Notice: 0m” reads like a mistake."""
    told = explain(
        case(),
    )
    pages = {step.step: step.on_page for step in told.evidence}
    assert pages["notice"].startswith("No notice is asked; asked at Mon 2026-11-23 09:00")
    assert pages["buffers"] == "No buffers before or after."
    some = {step.step: step.on_page for step in explain(case(hours={"buffer_before": "10m"})).evidence}
    assert some["buffers"] == "Buffers: 10 min before, none after."


def test_german_has_german_dates_and_words(german: None) -> None:
    """Every sentence, on a page or not: “Di 24.11.2026 14:00–14:30”, “belegt”, “30 Min.”; programs get the codes all the same."""
    assert span(at(13), at(13, 30), "Europe/Berlin") == "Di 24.11.2026 14:00–14:30"
    assert day(at(13).date()) == "Di 24.11.2026"
    assert (word("BUSY").cli, word("BUSY_TENTATIVE").page, in_words("2d3h").cli) == ("belegt", "vorläufig belegt", "2 T. 3 Std.")
    for name, told in answers():
        sentences = [*said(told), told.for_customer(), *(step.says for step in told.evidence if step.step != "lines")]
        for sentence in sentences:
            assert not ISO.search(sentence), (name, sentence)
            assert not CODE.search(sentence), (name, sentence)
        assert not any(ISO.search(one.partition(": icalsync")[0]) for one in told.would_change), name
    told = explain(case(BUSY))
    assert told.evidence[0].says.startswith("Anna (anna) ist Di 24.11.2026 14:00–14:30 (Europe/Berlin) nicht buchbar. ")
    assert (told.as_dict()["busyness"], told.as_dict()["evidence"][1]["busyness"]) == ("BUSY", "BUSY")
    assert told.as_dict()["at"] == "2026-11-24T14:00:00+01:00"


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_name_breaks_or_turns_a_sentence(language: str) -> None:
    """D35: of a user, a calendar, a zone, an address or a revealed title: one line, its direction its own."""
    speak(language)
    try:
        hostile = "X\r\n2.\u2028Evil\u202e\x07\u2066"
        saying = Saying(hostile, time_zone=hostile, own_address=hostile, attendees=1)
        source = replace(WORK, calendar=hostile)
        blocking = replace(BUSY, saying=saying, source=source)
        asides = [replace(one, saying=saying, source=source) for one in FREE.values()]
        covered = {**MISSING, "missing": [{"calendar_id": "cal-1", "state": "unreadable", "reason": "UNREADABLE"}]}
        for touches in ([blocking], asides):
            asked = replace(case(*touches, coverage=covered, calendars=(source,)), name=hostile, revealed=True)
            told = explain(asked)
            sentences = [*(step.says for step in told.evidence), *(step.on_page for step in told.evidence)]
            sentences += [told.customer, *told.would_change, *(each.says for each in told.remedies)]
            assert all(letter.isprintable() for sentence in sentences for letter in sentence), sentences
            assert any("X 2. Evil" in sentence for sentence in sentences)
        hebrew = replace(case(BUSY), name="דנה")
        assert explain(hebrew).customer.startswith("\u2068דנה\u2069 ")
    finally:
        speak("en")


def test_ages_are_never_negative_in_words() -> None:
    """A clock that went back makes nothing younger than it is."""
    told = explain(replace(case(BUSY), present=NOW - timedelta(hours=1)))
    assert "-" not in next(step.on_page for step in told.evidence if step.step == "run").partition("for ")[2].partition(";")[0]
