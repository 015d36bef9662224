"""The instances of one rule as wall times (RFC 5545 §3.3.10), bounded by the stretch that is asked for.

A rule without COUNT is entered at the stretch itself, wherever it began; so the cost is the stretch's, not the rule's age (D5, D6, D27).
Only COUNT makes a rule walk from its start, and then the budget counts the steps (D10).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final

from icalsync.core.bounds import Unreadable
from icalsync.core.rules import Rule

Moment = datetime
_UNITS: Final = {"DAILY": timedelta(days=1), "HOURLY": timedelta(hours=1), "MINUTELY": timedelta(minutes=1), "WEEKLY": timedelta(weeks=1)}
_SUB_DAILY: Final = ("HOURLY", "MINUTELY")
_FIRST_WEEK_DAYS: Final = 4


def instances(rule: Rule, start: datetime, low: datetime, high: datetime, steps: int) -> Iterator[datetime]:
    """The naive instances of ``rule`` in ``[low, high)``, in order, from a naive DTSTART.

    UNTIL is the caller's business, because only the caller knows the zone. DTSTART itself is yielded only where the rule makes it.
    ``Unreadable`` (BUDGET) where more than ``steps`` days or instances would have to be walked through.
    """
    budget = _Budget(steps)
    counted = _counted_out(rule, start)
    if counted is not None:
        rule, high = replace(rule, count=None), min(high, counted)
    if rule.count is None:
        found = _walk(rule, start, max(low, start), high, budget)
    else:
        found = islice(_walk(rule, start, start, high, budget), rule.count)
    return (moment for moment in found if moment >= low)


class _Budget:
    """Counts what was walked through."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        self._left -= steps
        if self._left < 0:
            raise Unreadable("BUDGET", "the rule walks through too much")


def _counted_out(rule: Rule, start: datetime) -> datetime | None:
    """Just after the last instance of a rule with COUNT and no filters, by arithmetic; None where it has to be counted."""
    filters = (rule.by_month, rule.by_week_no, rule.by_year_day, rule.by_month_day, rule.by_day)
    times = (rule.by_hour, rule.by_minute, rule.by_second, rule.by_set_pos)
    if rule.count is None or rule.freq not in _UNITS or any(filters) or any(times):
        return None
    try:
        return start + (rule.count - 1) * rule.interval * _UNITS[rule.freq] + timedelta(seconds=1)
    except OverflowError:
        return datetime.max  # noqa: DTZ901 - wall time


def _walk(rule: Rule, start: datetime, low: datetime, high: datetime, budget: _Budget) -> Iterator[datetime]:
    """Instances from ``start`` on and before ``high``, beginning with the period that holds ``low``."""
    rule = _completed(rule, start)
    periods = _sub_daily(rule, start, low, high, budget) if rule.freq in _SUB_DAILY else _periods(rule, start, low, high, budget)
    for period in periods:
        for moment in _positions(rule, period) if rule.by_set_pos else period:
            if moment >= high:
                return
            if moment >= start:
                budget.spend()
                yield moment


def _positions(rule: Rule, period: list[datetime]) -> list[datetime]:
    """BYSETPOS: the nth of each period's set, from either end."""
    size = len(period)
    chosen = {number - 1 if number > 0 else size + number for number in rule.by_set_pos}
    return [period[index] for index in sorted(chosen) if 0 <= index < size]


def _completed(rule: Rule, start: datetime) -> Rule:
    """What the rule leaves open is taken from DTSTART (RFC 5545 §3.3.10)."""
    changes: dict[str, tuple[int, ...] | tuple[tuple[int, int], ...]] = {}
    if not (rule.by_week_no or rule.by_year_day or rule.by_month_day or rule.by_day):
        if rule.freq == "YEARLY":
            changes["by_month"] = rule.by_month or (start.month,)
        if rule.freq in {"YEARLY", "MONTHLY"}:
            changes["by_month_day"] = (start.day,)
        if rule.freq == "WEEKLY":
            changes["by_day"] = ((0, start.weekday()),)
    elif rule.freq == "YEARLY" and rule.by_week_no and not (rule.by_year_day or rule.by_month_day or rule.by_day):
        changes["by_day"] = ((0, start.weekday()),)
    if rule.freq not in _SUB_DAILY:
        changes["by_hour"] = rule.by_hour or (start.hour,)
    if rule.freq != "MINUTELY":
        changes["by_minute"] = rule.by_minute or (start.minute,)
    changes["by_second"] = tuple(sorted({min(second, 59) for second in rule.by_second})) or (start.second,)
    return replace(rule, **changes)  # type: ignore[arg-type]  # the names above are the rule's own


def _periods(rule: Rule, start: datetime, low: datetime, high: datetime, budget: _Budget) -> Iterator[list[datetime]]:
    """The set of each year, month, week or day, in order."""
    matches = _day_filter(rule)
    times = [time(hour, minute, second) for hour in rule.by_hour for minute in rule.by_minute for second in rule.by_second]
    candidates = {"YEARLY": _years, "MONTHLY": _months, "WEEKLY": _weeks, "DAILY": _days}[rule.freq]
    for days in candidates(rule, start.date(), low.date(), high.date()):
        budget.spend(max(1, len(days)))
        chosen = [day for day in days if matches(day)] if matches else days
        yield [datetime.combine(day, moment) for day in chosen for moment in times]


def _years(rule: Rule, start: date, low: date, high: date) -> Iterator[list[date]]:
    first = start.year + _skipped(low.year - start.year, rule.interval)
    for year in range(first, min(high.year, date.max.year) + 1, rule.interval):
        yield [day for month in rule.by_month or range(1, 13) for day in _month(rule, year, month)]


def _months(rule: Rule, start: date, low: date, high: date) -> Iterator[list[date]]:
    base = start.year * 12 + start.month - 1
    first = base + _skipped(low.year * 12 + low.month - 1 - base, rule.interval)
    for number in range(first, high.year * 12 + high.month, rule.interval):
        year, month = number // 12, number % 12 + 1
        yield _month(rule, year, month) if not rule.by_month or month in rule.by_month else []


def _month(rule: Rule, year: int, month: int) -> list[date]:
    last = monthrange(year, month)[1]
    if not rule.by_month_day:
        return [date(year, month, day) for day in range(1, last + 1)]
    numbers = {day if day > 0 else last + 1 + day for day in rule.by_month_day}
    return [date(year, month, day) for day in sorted(numbers) if 1 <= day <= last]


def _weeks(rule: Rule, start: date, low: date, high: date) -> Iterator[list[date]]:
    base = start.toordinal() - (start.weekday() - rule.week_start) % 7
    first = base + _skipped(low.toordinal() - base, 7 * rule.interval)
    offsets = sorted({(weekday - rule.week_start) % 7 for _, weekday in rule.by_day}) or range(7)
    for monday in range(first, high.toordinal() + 1, 7 * rule.interval):
        numbers = (monday + offset for offset in offsets)
        yield [date.fromordinal(number) for number in numbers if 1 <= number <= date.max.toordinal()]


def _days(rule: Rule, start: date, low: date, high: date) -> Iterator[list[date]]:
    first = start.toordinal() + _skipped(low.toordinal() - start.toordinal(), rule.interval)
    for number in range(first, high.toordinal() + 1, rule.interval):
        yield [date.fromordinal(number)]


def _skipped(distance: int, interval: int) -> int:
    """The largest multiple of ``interval`` that does not pass ``distance``; zero for one that lies behind."""
    return max(0, distance) // interval * interval


def _sub_daily(rule: Rule, start: datetime, low: datetime, high: datetime, budget: _Budget) -> Iterator[list[datetime]]:
    """The set of each hour or minute: day by day, so that a filter on days or hours skips them whole."""
    matches = _day_filter(rule)
    unit = _UNITS[rule.freq]
    stride = rule.interval * unit
    for number in range(low.toordinal(), high.toordinal() + 1):
        budget.spend()
        day = date.fromordinal(number)
        if matches and not matches(day):
            continue
        for hour in rule.by_hour or range(24):
            opens = datetime.combine(day, time(hour))
            base = start.replace(minute=0, second=0, microsecond=0) if rule.freq == "HOURLY" else start.replace(second=0, microsecond=0)
            distance = max(opens - base, timedelta())
            at = base + -(-distance // stride) * stride
            while at < opens + timedelta(hours=1):
                budget.spend()
                yield _within(rule, at)
                at += stride


def _within(rule: Rule, at: datetime) -> list[datetime]:
    if rule.freq == "HOURLY":
        return [at.replace(minute=minute, second=second) for minute in rule.by_minute for second in rule.by_second]
    if rule.by_minute and at.minute not in rule.by_minute:
        return []
    return [at.replace(second=second) for second in rule.by_second]


def _day_filter(rule: Rule) -> Callable[[date], bool] | None:
    """What a day must pass, beyond what the candidates already are; None where every one passes."""
    tests: list[Callable[[date], bool]] = []
    if rule.by_month and rule.freq not in {"YEARLY", "MONTHLY"}:
        tests.append(lambda day: day.month in rule.by_month)
    if rule.by_week_no:
        tests.append(lambda day: _in_week(rule, day))
    if rule.by_year_day:
        tests.append(lambda day: _in_year(rule, day))
    if rule.by_month_day and rule.freq not in {"YEARLY", "MONTHLY"}:
        tests.append(lambda day: _in_month(rule, day))
    if rule.by_day and rule.freq != "WEEKLY":
        tests.append(_weekday_filter(rule))
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else lambda day: all(test(day) for test in tests)


def _in_month(rule: Rule, day: date) -> bool:
    return day.day in rule.by_month_day or day.day - monthrange(day.year, day.month)[1] - 1 in rule.by_month_day


def _in_year(rule: Rule, day: date) -> bool:
    number = day.timetuple().tm_yday
    return number in rule.by_year_day or number - _year_length(day.year) - 1 in rule.by_year_day


def _year_length(year: int) -> int:
    return 365 + (monthrange(year, 2)[1] == 29)  # noqa: PLR2004 - the leap day


def _in_week(rule: Rule, day: date) -> bool:
    """Whether the day's week (from WKST; the first one has four days or more of the year) is one of BYWEEKNO."""
    monday = day.toordinal() - (day.weekday() - rule.week_start) % 7
    middle = monday + _FIRST_WEEK_DAYS - 1
    if not 1 <= middle <= date.max.toordinal():
        return False
    year = date.fromordinal(middle).year
    number = (middle - date(year, 1, 1).toordinal()) // 7 + 1
    last = number + (date(year, 12, 31).toordinal() - middle) // 7
    return number in rule.by_week_no or number - last - 1 in rule.by_week_no


def _weekday_filter(rule: Rule) -> Callable[[date], bool]:
    """BYDAY: every such weekday, or the nth of the month (MONTHLY, or YEARLY with BYMONTH) or of the year (YEARLY)."""
    nths = rule.freq in {"YEARLY", "MONTHLY"} and not rule.by_week_no
    every = frozenset(weekday for nth, weekday in rule.by_day if nth == 0 or not nths)
    some = frozenset(pair for pair in rule.by_day if pair[0] and nths)
    in_month = rule.freq == "MONTHLY" or bool(rule.by_month)

    def test(day: date) -> bool:
        weekday = day.weekday()
        if weekday in every:
            return True
        if not some:
            return False
        number, size = (day.day, monthrange(day.year, day.month)[1]) if in_month else (day.timetuple().tm_yday, _year_length(day.year))
        return ((number - 1) // 7 + 1, weekday) in some or (-((size - number) // 7 + 1), weekday) in some

    return test
