"""Policies: what may be set where, and which level decides."""

from __future__ import annotations

import pytest

from icalsync.core.model import Policy
from icalsync.core.policies import DEFAULTS, VALUES, check, effective, policy_of
from icalsync.errors import InvalidInput


def test_every_default_is_an_allowed_value():
    """The two tables name the same policies."""
    assert set(DEFAULTS) == set(VALUES)
    assert all(DEFAULTS[name] in VALUES[name] for name in DEFAULTS)


def test_the_defaults_are_those_of_the_contract():
    """Design.md §1: block what is unclear, follow the marks of all-day events, refuse where unknown, push the title."""
    assert dict(DEFAULTS) == {
        "unanswered": "busy",
        "tentative": "busy",
        "travel": "busy",
        "all_day": "as_marked",
        "unknown": "refuse",
        "push_detail": "title",
    }


@pytest.mark.parametrize(
    ("name", "value", "level"),
    [
        ("colour", "red", "user"),
        ("unanswered", "maybe", "user"),
        ("unanswered", "free", "calendar"),
        ("push_detail", "full", "user"),
        ("push_detail", "full", "calendar"),
        ("unknown", "warn", "calendar"),
        ("all_day", "busy", "calendar"),
        ("all_day", "", "user"),
    ],
)
def test_a_policy_that_is_not_allowed_there_is_refused(name, value, level):
    """Unknown names, unknown values, and levels a policy does not have."""
    with pytest.raises(InvalidInput) as refused:
        check(name, value, level=level)
    assert "choose one of" in refused.value.message or "cannot be set" in refused.value.message


@pytest.mark.parametrize("level", ["sub_account", "user", "calendar"])
def test_all_day_may_be_set_on_every_level(level):
    """Case 5: also for one calendar of holidays."""
    check("all_day", "never", level=level)


def test_the_nearest_level_decides_and_says_so():
    """Calendar before user before sub-account before default."""
    found = effective({"all_day": "never", "tentative": "free"}, {"all_day": "as_marked", "travel": "free"}, {"all_day": "always"})
    assert found == {
        "unanswered": ("busy", "default"),
        "tentative": ("free", "sub_account"),
        "travel": ("free", "user"),
        "all_day": ("always", "calendar"),
        "unknown": ("refuse", "default"),
        "push_detail": ("title", "default"),
    }
    assert policy_of(found) == Policy(unanswered="busy", tentative="free", travel="free", all_day="always")


def test_a_value_on_a_level_that_has_none_is_not_obeyed():
    """A stray ``push_detail`` of a user does not widen what the sub-account allows (R4)."""
    assert effective({}, {"push_detail": "full"})["push_detail"] == ("title", "default")
