"""Answers of one moment: everything a question needs is read in one look at the database, which is opened once for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from icalsync.app import asking
from icalsync.app.asking import Moment, Question, Users
from icalsync.app.parts import Parts
from icalsync.core.slots import AROUND
from icalsync.store.moment import OneMoment
from icalsync.store.transaction import Transaction

Answer = TypeVar("Answer")


@contextmanager
def at_one_moment(parts: Parts) -> Iterator[tuple[Parts, Transaction]]:
    """The same doors over one transaction: whatever is asked through them is of one moment of the database."""
    with parts.database.read() as tx:
        yield parts.over(OneMoment(parts.database, tx)), tx


def answered(
    parts: Parts,
    sub_account: str,
    users: Users,
    start: Moment,
    end: Moment,
    answer: Callable[[Parts, Question], Answer],
    *,
    known_at: Moment | None = None,
    tz: str | None = None,
) -> Answer:
    """What ``answer`` makes of the question, which is checked as in ``asking.ask``; expanding recurring events comes first where needed."""
    with at_one_moment(parts) as (held, _):
        question = asking.pose(held, sub_account, users, start, end, known_at=known_at, tz=tz)
        if asking.is_expanded(held, question.window, around=AROUND):
            return answer(held, question)
    question = asking.ask(parts, sub_account, users, start, end, known_at=known_at, tz=tz)
    with at_one_moment(parts) as (held, _):
        return answer(held, question)
