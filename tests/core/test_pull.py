"""Deciding a pull: the cheapest safe way, and removals only with proof."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icalsync.core.pull import Marks, Way, choose_way, compare_delta, compare_listing, is_suspicious

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SYNCS = frozenset({"sync-collection", "calendar-multiget"})


def way(**options: object) -> Way:
    """The way for a calendar that was pulled a minute ago and holds a token."""
    usual = {
        "token": "t1",
        "before": Marks("c1", "s1"),
        "listed": Marks("c2", "s2"),
        "reports": SYNCS,
        "reconciled_at": NOW - timedelta(minutes=1),
        "now": NOW,
    }
    return choose_way(**(usual | options))


def test_equal_marks_mean_an_unchanged_calendar() -> None:
    """The home listing tells for all calendars at once (design.md §7)."""
    assert way(listed=Marks("c1", "s1")) is Way.UNCHANGED


def test_a_calendar_without_marks_is_never_taken_for_unchanged() -> None:
    """Neither token nor ctag: nothing to compare, so it is listed (C6)."""
    assert way(before=Marks(None, None), listed=Marks(None, None), token=None, reports=frozenset()) is Way.LISTING


def test_a_held_token_asks_for_a_delta() -> None:
    """sync-collection where a token is held."""
    assert way() is Way.DELTA


def test_without_a_token_everything_is_listed() -> None:
    """A full listing, with a token for the next time where the server offers one."""
    assert way(token=None) is Way.TOKEN_LISTING
    assert way(token=None, reports=frozenset({"calendar-multiget"})) is Way.LISTING


def test_once_a_day_a_full_listing_is_compared_because_tokens_lie_c2() -> None:
    """C2: also where nothing seems to have changed."""
    assert way(listed=Marks("c1", "s1"), reconciled_at=NOW - timedelta(days=1)) is Way.TOKEN_LISTING
    assert way(reconciled_at=None) is Way.TOKEN_LISTING


def test_where_the_server_names_no_reports_sync_collection_is_tried_once() -> None:
    """Capabilities are found by asking: after a first pull that gave no token, the plain listing is used."""
    nothing = {"reports": None, "token": None, "listed": Marks("c2", None)}
    assert way(**nothing, reconciled_at=None) is Way.TOKEN_LISTING
    assert way(**nothing) is Way.LISTING


def test_a_listing_tells_new_changed_and_gone() -> None:
    """By place and ETag."""
    changes = compare_listing(
        {"/a/1.ics": "x", "/a/2.ics": "y", "/a/3.ics": "z"}, [("/a/1.ics", "x"), ("/a/2.ics", "Y"), ("/a/4.ics", "n")]
    )
    assert (changes.new, changes.changed, changes.gone) == (("/a/4.ics",), ("/a/2.ics",), ("/a/3.ics",))


def test_a_place_spelt_in_two_ways_is_one_c14() -> None:
    """C14: hex case and unneeded escapes make no other place, and the stored spelling stays."""
    changes = compare_listing({"/a/%c3%a4%41.ics": "x"}, [("/a/%C3%A4A.ics", "x2")])
    assert (changes.new, changes.changed, changes.gone) == ((), ("/a/%c3%a4%41.ics",), ())


def test_a_missing_etag_counts_as_changed_c6() -> None:
    """C6, H28: without an ETag only the text can tell."""
    assert compare_listing({"/a/1.ics": None}, [("/a/1.ics", None)]).changed == ("/a/1.ics",)


def test_a_duplicate_row_is_fetched_once() -> None:
    """Duplicate hrefs occur (icloud.md §3.1)."""
    assert compare_listing({}, [("/a/1.ics", "x"), ("/a/1.ics", "x")]).new == ("/a/1.ics",)


def test_a_404_row_for_an_unknown_href_is_nothing() -> None:
    """An add and a delete between two tokens collapse to one 404 row (icloud.md §3.1)."""
    assert compare_delta({"/a/1.ics": "x"}, [], ["/a/9.ics"]).gone == ()


def test_a_row_both_changed_and_removed_is_kept() -> None:
    """What was added again after its deletion is there."""
    changes = compare_delta({"/a/1.ics": "x"}, [("/a/1.ics", "y")], ["/a/1.ics"])
    assert (changes.changed, changes.gone) == (("/a/1.ics",), ())


@pytest.mark.parametrize(
    ("removals", "stored", "held"), [(10, 12, False), (11, 12, True), (11, 55, False), (12, 55, True), (100, 100, True)]
)
def test_more_than_a_fifth_and_more_than_ten_are_held_r13(removals: int, stored: int, held: bool) -> None:
    """R13: both figures must be passed."""
    assert is_suspicious(removals, stored) is held


HREFS = st.sets(st.integers(0, 30).map("/a/{}.ics".format))


@given(HREFS, HREFS)
def test_applying_a_listing_gives_the_listing(stored: set[str], listed: set[str]) -> None:
    """Whatever was stored: what is new comes, what is gone goes, and the rest stays."""
    changes = compare_listing(dict.fromkeys(stored, "x"), ((href, "x") for href in listed))
    assert (stored | set(changes.new)) - set(changes.gone) == listed
    assert changes.changed == ()
