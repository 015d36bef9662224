"""Differential: the instances of generated rules, ours against python-dateutil's rrule (issue 3, "Checked against others").

Five differences are ours on purpose and kept out of the generator: BYWEEKNO without BYDAY takes the weekday from DTSTART (RFC 5545
§3.3.10; dateutil takes all seven), a BYDAY that mixes numbered and plain days means both (dateutil: what is both at once), a
numbered BYDAY beside BYWEEKNO is forbidden by the RFC, and BYSETPOS counts through the whole first week (dateutil: from DTSTART on), so
such rules start on their WKST here. And dateutil puts 2011-01-01 into week 53 of a year that has 52, so the weeks around the turn of the
year are compared with ISO 8601 (``date.isocalendar``) instead.
"""

# ruff: noqa: DTZ001, S311 - wall times are naive, and a seeded generator makes the examples

from __future__ import annotations

import datetime as dt
import random
from datetime import datetime, timedelta
from itertools import islice, takewhile
from types import SimpleNamespace

import pytest
from dateutil import rrule
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from icalsync.core.expansion import instances
from icalsync.core.rules import parse_rule

RULES_PER_EXAMPLE = 50
EXAMPLES = 45
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST = 400


def some(draw: random.Random, values: range | tuple[int, ...], most: int) -> str:
    """A few of the values, as a rule writes them."""
    return ",".join(str(one) for one in draw.sample(list(values), draw.randint(1, most)))


def a_rule(draw: random.Random) -> str:  # noqa: C901 - one choice per part of a rule
    """One rule the RFC allows, without its end."""
    freq = draw.choice(("YEARLY", "MONTHLY", "MONTHLY", "WEEKLY", "WEEKLY", "DAILY", "DAILY", "HOURLY", "MINUTELY"))
    parts = [f"FREQ={freq}"]
    if draw.random() < 0.5:
        parts.append(f"INTERVAL={draw.randint(1, 40 if freq in {'HOURLY', 'MINUTELY', 'DAILY'} else 5)}")
    chosen = 0
    if draw.random() < 0.3:
        parts.append("BYMONTH=" + some(draw, range(1, 13), 4))
        chosen += 1
    week_number = freq == "YEARLY" and draw.random() < 0.2
    if week_number:
        parts.append("BYWEEKNO=" + some(draw, (2, 3, 20, 35, 50, -10, -20), 3))
    elif freq in {"YEARLY", "HOURLY"} and draw.random() < 0.15:
        parts.append("BYYEARDAY=" + some(draw, (1, 60, 100, 200, 365, 366, -1, -100, -366), 4))
        chosen += 1
    elif freq != "WEEKLY" and draw.random() < 0.3:
        parts.append("BYMONTHDAY=" + some(draw, (1, 2, 13, 15, 28, 29, 30, 31, -1, -2, -15, -31), 4))
        chosen += 1
    if week_number or draw.random() < 0.4:
        days = draw.sample(DAYS, draw.randint(1, 4))
        if freq in {"MONTHLY", "YEARLY"} and not week_number and draw.random() < 0.5:
            days = [draw.choice(("1", "2", "+3", "4", "5", "-1", "-2", "-5")) + day for day in days]
        parts.append("BYDAY=" + ",".join(days))
        chosen += 1
    if draw.random() < 0.2:
        parts.append("BYHOUR=" + some(draw, (0, 9, 12, 17, 23), 3))
    if freq != "MINUTELY" and draw.random() < 0.2:
        parts.append("BYMINUTE=" + some(draw, (0, 15, 30, 59), 2))
    if chosen and draw.random() < 0.25:
        positions = (1, -1) if freq == "MINUTELY" else (1, 2, 3, -1, -2)  # a minute has one moment: of others dateutil walks for minutes
        parts.append("BYSETPOS=" + some(draw, positions, 2))
    if draw.random() < 0.3:
        parts.append("WKST=" + draw.choice(DAYS))
    return ";".join(parts)


def expected(rule: str, start: datetime, low: datetime, high: datetime) -> list[datetime]:
    """What dateutil makes of it; a rule it refuses as empty has none."""
    try:
        walked = takewhile(lambda moment: moment < high, rrule.rrulestr(rule, dtstart=start))
        return list(islice((moment for moment in walked if moment >= low), MOST))
    except ValueError as error:
        if "empty set" not in str(error):
            raise
        return []


@pytest.fixture(autouse=True)
def _a_shorter_calendar(monkeypatch):
    """A rule that makes nothing is walked by dateutil to the year 9999; here the calendar ends in 2034."""
    monkeypatch.setattr(rrule, "datetime", SimpleNamespace(**{**vars(dt), "MAXYEAR": 2034}))


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(min_value=0, max_value=2**32))
@pytest.mark.timeout(300)
def test_more_than_two_thousand_generated_rules_have_dateutils_instances(seed):
    """45 examples of 50 rules each, over stretches near and far from DTSTART, with and without COUNT (D9, D11, leap days, WKST)."""
    draw = random.Random(seed)
    for _ in range(RULES_PER_EXAMPLE):
        rule = a_rule(draw)
        start = datetime(draw.randint(1999, 2026), draw.randint(1, 12), draw.randint(1, 28), draw.randint(0, 23), draw.choice((0, 15, 59)))
        if draw.random() < 0.1:
            start = start.replace(year=2024, month=2, day=29)
        if "WEEKLY" in rule and "BYSETPOS" in rule:
            start -= timedelta(days=(start.weekday() - parse_rule(rule).week_start) % 7)
        if draw.random() < 0.3:
            rule += f";COUNT={draw.randint(1, 60)}"
        sub_daily = "HOURLY" in rule or "MINUTELY" in rule
        low = start + timedelta(days=draw.choice((0, 3, 40) if sub_daily else (0, 10, 400, 1500)))
        high = low + timedelta(days=draw.choice((1, 5) if sub_daily else (30, 800)))
        ours = list(islice(instances(parse_rule(rule), start, low, high, 10_000_000), MOST))
        assert ours == expected(rule, start, low, high), f"{rule} from {start} within {low} to {high}"


def test_a_rule_that_walks_by_weeks_of_the_year_takes_the_weekday_from_its_start():
    """RFC 5545 §3.3.10: what the rule does not say is taken from DTSTART (dateutil gives all seven days)."""
    start = datetime(2026, 5, 13, 9)
    found = list(instances(parse_rule("FREQ=YEARLY;BYWEEKNO=20"), start, start, start + timedelta(days=800), 100_000))
    assert found == [datetime(2026, 5, 13, 9), datetime(2027, 5, 19, 9), datetime(2028, 5, 17, 9)]


def test_numbered_and_plain_days_in_one_list_mean_both():
    """RFC 5545 §3.3.10: BYDAY is a list of days, each on its own (dateutil takes only days that are both)."""
    start = datetime(2026, 6, 5, 9)
    found = list(instances(parse_rule("FREQ=MONTHLY;BYDAY=FR,1MO"), start, start, start + timedelta(days=30), 100_000))
    assert found == [datetime(2026, 6, day, 9) for day in (5, 12, 19, 26)] + [datetime(2026, 7, 3, 9)]
    assert datetime(2026, 7, 6, 9) in instances(parse_rule("FREQ=MONTHLY;BYDAY=FR,1MO"), start, start, start + timedelta(days=60), 100_000)


@pytest.mark.parametrize("number", [1, 52, 53])
def test_the_weeks_around_the_turn_of_the_year_are_those_of_iso_8601(number):
    """RFC 5545 §3.3.10: the first week has at least four days of the year; with WKST=MO that is ISO 8601."""
    start = datetime(2000, 1, 1, 9)
    rule = parse_rule(f"FREQ=YEARLY;BYWEEKNO={number};BYDAY=MO,TU,WE,TH,FR,SA,SU")
    found = list(instances(rule, start, start, datetime(2030, 1, 1), 100_000))
    days = (start + timedelta(days=days) for days in range(30 * 366))
    assert found == [day for day in days if day.year < 2030 and day.isocalendar().week == number]


def test_the_last_week_of_a_year_may_be_counted_from_its_end():
    """BYWEEKNO=-1 is week 52 or 53, whichever the year has."""
    start = datetime(2009, 1, 1, 9)
    found = instances(parse_rule("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=TH"), start, start, datetime(2016, 1, 1), 100_000)
    assert [moment.isocalendar().week for moment in found] == [53, 52, 52, 52, 52, 52, 53]
