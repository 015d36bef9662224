"""When an account is asked again: pauses, what servers ask for, and when a password counts as dead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from icalsync.core.backoff import (
    DEAD_EVERY,
    LONGEST,
    REJECTED_FOR,
    REJECTIONS,
    WELL,
    Bucket,
    Standing,
    Trouble,
    after,
    clamped,
    delay,
    spread,
    waits,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def rejected(times: int, apart: timedelta) -> tuple[Standing, datetime]:
    """An account that was rejected so many times in a row, so far apart; and when it was last."""
    standing, now = WELL, NOW
    for number in range(times):
        now = NOW + number * apart
        standing = after(standing, Trouble.REJECTED, now, 0.5)
    return standing, now


def test_a_pause_doubles_from_half_a_minute_to_five_hours_with_jitter_within() -> None:
    """icloud.md §1.3: 30 s to 5 h; two accounts that failed together never have to come back together (P17)."""
    for failures in range(40):
        low, high = delay(failures, 0.0), delay(failures, 0.999)
        assert timedelta(seconds=30) <= low < high <= LONGEST
        assert high > 1.9 * low
    assert delay(1, 0.0) == timedelta(seconds=30)
    assert delay(2, 0.0) == timedelta(seconds=60)
    assert delay(1000, 1.0) == LONGEST


@pytest.mark.parametrize(
    ("seconds", "granted"), [(-5, 1), (0, 1), (0.2, 1), (90, 90), (3600, 3600), (3601, 3600), (3.2e8, 3600), (1e300, 3600)]
)
def test_what_a_server_asks_for_is_cut_to_between_a_second_and_an_hour_h16(seconds: float, granted: float) -> None:
    """H16: a date in the past, a negative number and ten years are no reason to hammer, nor to sleep for ever."""
    assert clamped(seconds) == timedelta(seconds=granted)


def test_one_rejection_is_a_reason_to_wait_and_not_to_give_up_h1() -> None:
    """H1: Apple rejects good passwords now and then: until it is believed, the account is throttled, and asked again soon."""
    standing, now = rejected(1, MINUTE)
    assert standing.status == "throttled"
    assert standing.next_try_at is not None
    assert standing.next_try_at - now <= MINUTE
    assert not standing.is_dead(now)


@pytest.mark.parametrize(
    ("times", "apart", "dead"), [(20, MINUTE / 2, False), (2, REJECTED_FOR, False), (REJECTIONS, REJECTED_FOR / 2, True)]
)
def test_a_password_is_dead_after_so_many_rejections_over_so_long_h1(times: int, apart: timedelta, *, dead: bool) -> None:
    """H1: neither many within a few minutes, nor two far apart."""
    standing, now = rejected(times, apart)
    assert standing.is_dead(now) is dead
    assert (standing.status == "reauthentication_needed") is dead


def test_a_dead_password_is_tried_about_once_a_day_h1() -> None:
    """H1: Apple locks accounts that are tried too often; a person's reconnecting is waited for."""
    standing, now = rejected(REJECTIONS, REJECTED_FOR)
    for _ in range(10):
        assert standing.next_try_at is not None
        assert timedelta(hours=22) < standing.next_try_at - now <= DEAD_EVERY
        now = standing.next_try_at
        standing = after(standing, Trouble.REJECTED, now, 0.9)


def test_where_a_person_waits_a_checked_rejection_is_told_at_once_and_still_tried_again_soon_h1() -> None:
    """A person is told to look at the password, and a watch beside it does not stop for a day because of one bad minute."""
    standing = after(WELL, Trouble.REJECTED, NOW, 0.5, confirmed=True)
    assert standing.status == "reauthentication_needed"
    assert standing.next_try_at is not None
    assert standing.next_try_at - NOW <= MINUTE
    assert after(standing, Trouble.REJECTED, NOW + MINUTE, 0.5).status == "reauthentication_needed"


def test_a_network_that_fails_says_nothing_about_the_password_and_throttling_says_it_is_good() -> None:
    """H1, N6: rejections go on counting over an outage; a root that answers 'later' has let us in (icloud.md §1.3)."""
    standing, now = rejected(2, MINUTE)
    between = after(standing, Trouble.UNREACHABLE, now, 0.5)
    assert (between.status, between.rejections) == ("unreachable", 2)
    assert after(between, Trouble.REJECTED, NOW + REJECTED_FOR, 0.5).status == "reauthentication_needed"
    assert after(standing, Trouble.BUSY, now, 0.5).rejections == 0
    dead, then = rejected(REJECTIONS, REJECTED_FOR)
    assert after(dead, Trouble.UNREACHABLE, then, 0.5).status == "reauthentication_needed"


@pytest.mark.parametrize(
    ("trouble", "status"), [(Trouble.BUSY, "throttled"), (Trouble.UNREACHABLE, "unreachable"), (Trouble.OTHER, "failing")]
)
def test_each_kind_of_trouble_has_its_state_and_its_pause(trouble: Trouble, status: str) -> None:
    """What was asked for is granted where something was; else the pause grows with the failures."""
    standing = WELL
    for failures in range(1, 6):
        standing = after(standing, trouble, NOW, 0.25)
        assert (standing.status, standing.failures) == (status, failures)
        assert standing.next_try_at == NOW + delay(failures, 0.25)
    assert after(standing, trouble, NOW, 0.25, asked=90).next_try_at == NOW + timedelta(seconds=90)


def test_a_missing_password_needs_a_person_at_once() -> None:
    """There is nothing that could be tried again."""
    assert after(WELL, Trouble.NO_PASSWORD, NOW, 0.0).status == "reauthentication_needed"


def test_a_wait_that_only_a_clock_set_back_since_can_have_noted_is_none_t12() -> None:
    """T12: one excursion of the clock must not keep an account unasked for a year."""
    assert waits(NOW + MINUTE, NOW)
    assert not waits(NOW - MINUTE, NOW)
    assert not waits(NOW + timedelta(days=365), NOW)
    assert not waits(None, NOW)
    ahead = after(WELL, Trouble.REJECTED, NOW + timedelta(days=365), 0.5)
    assert after(ahead, Trouble.REJECTED, NOW, 0.5).first_rejected_at == NOW


def test_daily_work_is_spread_evenly_and_always_at_the_same_time_for_the_same_account() -> None:
    """A thousand accounts connected on one day are not all discovered in one minute."""
    shares = [spread(f"int-{number}") for number in range(1000)]
    assert all(0 <= share < 1 for share in shares)
    assert all(60 <= sum(tenth / 10 <= share < (tenth + 1) / 10 for share in shares) <= 140 for tenth in range(10))
    assert spread("int-1") == shares[1]


def test_a_bucket_gives_a_burst_and_then_a_steady_rate_p17() -> None:
    """P17: after a long outage a host gets so many at once, and then so many a second; a clock that steps back gives nothing extra."""
    bucket: Bucket = Bucket(burst=5, rate=2, left=5, at=0.0)
    taken, now = 0, 0.0
    while now < 10:
        following = bucket.take(now)
        if following is not None:
            bucket, taken = following, taken + 1
        else:
            now += 0.01
    assert 5 + 19 <= taken <= 5 + 20
    assert bucket.take(now - 5) is None
