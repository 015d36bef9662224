"""Lengths of time in the reader's words."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from data import say

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_LENGTH: Final = re.compile(r"(?:(?P<hours>\d{1,2})h)?(?:(?P<minutes>\d{1,3})m)?")


def lasting(span: timedelta | None) -> str:
    """``less than a minute``, ``4 min``, ``2 h 05 min``, ``3 days``; a dash for none."""
    if span is None:
        return "–"
    minutes = int(span.total_seconds()) // 60
    if minutes < 1:
        return say("page.span.moment")
    if span < _HOUR:
        return say("page.span.minutes", minutes=minutes)
    if span < _DAY:
        return say("page.span.hours" if minutes % 60 else "page.span.whole_hours", hours=minutes // 60, minutes=minutes % 60)
    return say("page.span.day" if span < 2 * _DAY else "page.span.days", days=span.days)


def ago(span: timedelta | None) -> str:
    """``4 min ago``; that it never was, for none."""
    if span is None:
        return say("page.span.never")
    return say("page.span.days_ago", days=span.days) if span >= 2 * _DAY else say("page.span.ago", span=lasting(span))


def span_in(text: Any) -> timedelta | None:
    """How long ``1h30m`` is; None for what is no such length."""
    found = _LENGTH.fullmatch(str(text))
    return timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0)) or None if found else None


def length_of(text: Any) -> str:
    """A slot's length as it is chosen (``1h30m``) in words: ``1 h 30 min``."""
    span = span_in(text)
    # from a page's address, where anybody may have typed anything; the library says what is wrong with it
    return str(text) if span is None else lasting(span)
