"""R13, href by href: what goes, what stays held, and what a clock set back does to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from icalsync.core.pull import Removals, is_due, judge_removals

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hrefs(first: int, last: int) -> tuple[str, ...]:
    """Places in a calendar."""
    return tuple(f"/a/{number}.ics" for number in range(first, last))


def held(places: tuple[str, ...], age: timedelta) -> dict[str, datetime]:
    """Held for so long."""
    return dict.fromkeys(places, NOW - age)


def test_what_is_held_stays_held_for_its_hour_even_where_little_is_still_absent_r13() -> None:
    """R13: most came back within the hour; the few that did not still wait for their second proof."""
    few = hrefs(0, 3)
    young = held(hrefs(0, 15), HOUR / 2)
    assert judge_removals(few, stored=20, held=young, now=NOW) == Removals((), few)
    assert judge_removals(few, stored=20, held=held(hrefs(0, 15), HOUR), now=NOW) == Removals(few, ())


def test_a_few_that_vanish_beside_a_hold_go_only_where_they_are_no_part_of_something_bigger_r13() -> None:
    """R13: beside young holds they count together; beside proven ones they are judged by themselves."""
    old, new = hrefs(0, 15), hrefs(15, 17)
    assert judge_removals(old + new, stored=20, held=held(old, HOUR / 2), now=NOW) == Removals((), old + new)
    assert judge_removals(old + new, stored=20, held=held(old, HOUR), now=NOW) == Removals(old + new, ())


def test_only_a_complete_listing_is_a_second_proof_r13() -> None:
    """R13: an hour passes in vain where nothing complete was compared."""
    gone = hrefs(0, 15)
    assert judge_removals(gone, stored=20, held=held(gone, 2 * HOUR), now=NOW, complete=False) == Removals((), gone)


def test_a_hold_from_before_the_clock_was_set_back_proves_nothing_t12() -> None:
    """T12: nobody knows how old it is."""
    gone = hrefs(0, 15)
    assert judge_removals(gone, stored=20, held=held(gone, -365 * 24 * HOUR), now=NOW) == Removals((), gone)


@pytest.mark.parametrize(("age", "due"), [(HOUR, False), (24 * HOUR, True), (-HOUR, True), (timedelta(), False)])
def test_what_was_done_in_the_future_is_due_t12(age: timedelta, *, due: bool) -> None:
    """T12: a time that lies ahead was noted by a clock that has been set back since."""
    assert is_due(NOW - age, NOW, timedelta(days=1)) is due
    assert is_due(None, NOW, timedelta(days=1))
