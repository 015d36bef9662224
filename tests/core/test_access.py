"""Who may do what, how long a name is locked, what loopback is, and when an account is silent: pure, and so tried in full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from icalsync.core.access import DESK, MAY, POSTS, Action, Reader, is_loopback, lock_after
from icalsync.core.rhythm import rhythm_of

CREDENTIALS = {"connect", "reconnect", "disconnect", "disconnecting", "invite", "revoke_invitation"}
BOOKING = {"book", "reschedule", "cancel", "block", "unblock"}


@pytest.mark.parametrize("post", POSTS)
def test_each_role_may_what_the_one_below_it_may(post: str) -> None:
    """An analyst reads, support does more, an admin may everything."""
    order = {"analyst": MAY["analyst"], "support": MAY["support"], "admin": frozenset(Action)}
    names = list(order)
    assert MAY[post] == order[post]
    assert all(order[lower] < order[upper] for lower, upper in pairwise(names))


@pytest.mark.parametrize(
    "method", sorted(CREDENTIALS | BOOKING | {"choose", "settle", "retry_quarantine", "audit", "readers", "set_policy"})
)
def test_support_touches_no_credentials_books_nothing_and_settles_nothing(method: str) -> None:
    """Issue 7: support reads, explains, checks a calendar now, proposes; credentials, bookings and decisions are an admin's."""
    assert [post for post in POSTS if Reader("x", post).may(DESK[method])] == ["admin"]


@pytest.mark.parametrize("method", ["check_calendar", "propose", "quarantined"])
def test_analysts_change_nothing_and_reveal_nothing(method: str) -> None:
    """What support may, and an analyst may not."""
    assert [post for post in POSTS if Reader("x", post).may(DESK[method])] == ["admin", "support"]


def test_a_reader_covers_their_sub_accounts_whatever_the_case_and_no_others() -> None:
    """Names differ in more than case; nobody in particular is covered only by who sees all."""
    limited, unlimited, nobodys = Reader("x", "admin", frozenset({"Acme"})), Reader("x", "admin"), Reader("x", "admin", frozenset())
    assert [limited.covers(each) for each in ("ACME", "acme", "acme2", "")] == [True, True, False, False]
    assert limited.covers_any(["globex", "acme"])
    assert not limited.covers_any([])
    assert unlimited.covers_any([])
    assert not nobodys.covers("acme")


def test_the_fifth_failure_locks_for_a_minute_and_each_further_one_for_twice_as_long_s11() -> None:
    """S11: 1, 2, 4 … minutes, an hour at most, however many there are."""
    minutes = [lock_after(number) / timedelta(minutes=1) for number in (0, 1, 4, 5, 6, 7, 8, 10, 11, 12, 10**9)]
    assert minutes == [0, 0, 0, 1, 2, 4, 8, 32, 60, 60, 60]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1", "[::1]"])
def test_loopback_is_this_machine_alone_s13(address: str) -> None:
    """S13: only here may a dashboard be open to whoever reaches it."""
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address", [None, "", "0.0.0.0", "::", "10.0.0.1", "127.example.org", "localhost.example.org", "1270.0.0.1", "::ffff:127.0.0.1"]
)
def test_everything_else_can_be_reached_by_others_s13(address: str | None) -> None:
    """S13: no address means every one of them; a name that only looks like loopback is none."""
    assert not is_loopback(address)


START = datetime(2026, 11, 1, 8, tzinfo=UTC)


def test_an_account_is_silent_only_where_its_own_rhythm_does_not_explain_it() -> None:
    """Half as long again as its longest pause, and never less than a day."""
    daily = rhythm_of([START + timedelta(days=day) for day in range(10)])
    assert daily is not None
    assert (daily.usual_gap, daily.longest_gap) == (timedelta(days=1), timedelta(days=1))
    assert daily.silent_for(daily.last_at + timedelta(hours=35)) is None
    assert daily.silent_for(daily.last_at + timedelta(hours=36)) == timedelta(hours=36)
    busy = rhythm_of([START + timedelta(minutes=minute) for minute in range(10)])
    assert busy is not None
    assert busy.silent_for(busy.last_at + timedelta(hours=23)) is None
    weekly = rhythm_of([START, *(START + timedelta(days=3 + day) for day in range(9))])
    assert weekly is not None
    assert weekly.silent_for(weekly.last_at + timedelta(days=4)) is None, "it was silent for three days once"


def test_too_few_changes_are_no_rhythm() -> None:
    """Nobody is called silent on the strength of a handful of changes."""
    assert rhythm_of([START]) is None
    few = rhythm_of([START + timedelta(days=day) for day in range(7)])
    assert few is not None
    assert few.silent_for(START + timedelta(days=300)) is None
