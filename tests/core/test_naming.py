"""Names from outside, as sentences may hold them."""

from __future__ import annotations

import pytest

from icalsync.core.naming import named, one_line, unturned


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Anna", "Anna"),
        (" Anna\r\nadmin\t(all) ", "Anna admin (all)"),
        ("Anna\u2028admin\x85x", "Anna admin x"),
        ("an\u202enimda\u202c", "annimda"),
        ("\u2067Anna\u2069\u200f", "Anna"),
        ("An\x00na\x1b[31m", "Anna[31m"),
        ("A\u200bn\ufeffna", "Anna"),
        ("👩\u200d🔧 Dienst", "👩\u200d🔧 Dienst"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_name_is_one_line_that_turns_nothing(given: str | None, shown: str) -> None:
    """D35: newlines, control characters and direction marks go; what makes one sign of several stays."""
    assert one_line(given) == shown


def test_what_is_written_from_right_to_left_stays_among_its_own_letters() -> None:
    """Unicode's report 9: without the isolate the digits and brackets after it would change places."""
    assert named("דנה") == "\u2068דנה\u2069"
    assert named("Anna") == "Anna"
    assert named("\u2069דנה\u202e") == "\u2068דנה\u2069"


def test_a_text_without_turning_marks_is_otherwise_as_it_is() -> None:
    """Downloads keep their lines and blanks."""
    assert unturned("a\u202e\n b\u2066") == "a\n b"
