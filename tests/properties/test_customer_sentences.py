"""What a customer is told reads as sentences, whatever meets in one answer: each begins with a capital and ends with one full stop."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icalsync.core.changes import would_change
from icalsync.core.evidence import Touch
from icalsync.core.explain import explain
from icalsync.core.interval import Interval
from icalsync.core.wording import EARLIEST, LATEST
from icalsync.messages import speak
from tests.core.test_explain import BLOCKING, COVERED, FREE, at, case

OPEN_ENDS = [
    replace(touch, interval=Interval(*ends), starts_at=ends[0], ends_at=ends[1])
    for touch in BLOCKING.values()
    if touch.kind == "coverage" or touch.saying.title is None
    for ends in ((EARLIEST, LATEST), (EARLIEST, at(18)), (at(8), LATEST))
]
THINGS: list[Touch] = [*BLOCKING.values(), *FREE.values(), *OPEN_ENDS]
TERMS: tuple[dict[str, object], ...] = (
    {},
    {"hours": {"daily_limit": "1"}},
    {"hours": {"buffer_before": "3h", "buffer_after": "3h"}},
    {"hours": {"exceptions": "2026-11-24 closed"}},
    {"hours": {"notice": "3d"}},
    {"unknown": "warn"},
    {"coverage": COVERED | {"complete": False}},
)


@contextmanager
def speaking(language):
    """That language meanwhile."""
    speak(language)
    try:
        yield
    finally:
        speak("en")


_END = re.compile(r"(?<=[.!?…])\s+")


def faults(text: str) -> list[str]:
    """What is wrong with a text as a reply to a customer."""
    found = [text] if "  " in text or text != text.strip() or ".." in text or " ." in text or " ," in text else []
    for sentence in _END.split(text):
        begins = sentence.lstrip("“„(")[:1]
        if not (begins.isupper() or begins.isdigit()) or not sentence.endswith(".") or sentence.endswith(".."):
            found.append(sentence)
    return found


def check(touches: tuple[Touch, ...], more: dict[str, object]) -> int:
    """How many things the remedy names; the test fails where a sentence is none."""
    asked = case(*(one if number == 0 else replace(one, uid=f"u{number}") for number, one in enumerate(touches)), **more)
    told = explain(asked)
    assert faults(told.for_customer()) == []
    return max((change.steps for change in would_change(asked)), default=0)


@pytest.mark.parametrize("language", ["en", "de"])
def test_any_one_or_two_things_under_any_terms_read_as_sentences(language):
    """Every pair of what can lie in a slot, and each alone under each of the terms; remedies that have to be done together among them."""
    with speaking(language):
        steps = [check(pair, {}) for pair in combinations(THINGS, 2)]
        steps += [check((one,), more) for one in THINGS for more in TERMS]
    assert max(steps) > 1


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(touches=st.lists(st.sampled_from(THINGS), max_size=6), more=st.sampled_from(TERMS), language=st.sampled_from(["en", "de"]))
def test_many_things_read_as_sentences(touches, more, language):
    """Up to six at once."""
    with speaking(language):
        check(tuple(touches), more)


def test_what_is_no_sentence_is_found():
    """The check itself bites: a small letter, a missing stop, two stops, two spaces."""
    assert all(faults(text) for text in ("Delete it. delete that.", "Delete it", "Delete it..", "Delete  it.", "Delete it . "))
    assert faults("To Tue 2026-11-24 14:00–14:30. “Work” blocks.") == []
