"""A window as one row per stretch of equal reason, as a frame (R15)."""

from __future__ import annotations

import pandas as pd

from icalsync.app import asking, explaining
from icalsync.app.asking import Moment
from icalsync.app.frames import CATEGORICAL, in_zone
from icalsync.app.moments import at_one_moment
from icalsync.app.parts import Parts
from icalsync.core.stretches import stretches


def of_window(
    parts: Parts, sub_account: str, user: str, start: Moment, end: Moment, *, known_at: Moment | None, asked_at: Moment | None
) -> pd.DataFrame:
    """Stretches of ``[start, end)``, each with the coverage they rest on; see ``App.explain_window``."""
    question = asking.ask(parts, sub_account, user, start, end, known_at=known_at)
    asked = parts.clock.now() if asked_at is None else asking.moment(asked_at, question.zone, "the asked_at")
    with at_one_moment(parts) as (held, tx):
        person = explaining.person_around(held, tx, question)
        coverage = asking.summary(asking.coverage_rows(held, question))
    found = stretches(person, question.window, asked)
    frame = pd.DataFrame(
        {
            "starts_at": pd.Series([one.interval.start for one in found], dtype="datetime64[us, UTC]"),
            "ends_at": pd.Series([one.interval.end for one in found], dtype="datetime64[us, UTC]"),
            "busyness": pd.Series([one.busyness.value for one in found], dtype="object"),
            "reason": pd.Series([one.reason for one in found], dtype="object"),
            "source": pd.Series([one.source for one in found], dtype="object"),
            "offered": pd.Series([one.offered for one in found], dtype="bool"),
            "complete": pd.Series([coverage["complete"] for _ in found], dtype="bool"),
            "as_of": pd.Series([coverage["as_of"] for _ in found], dtype="datetime64[us, UTC]"),
        }
    )
    return in_zone(frame, question.zone).astype(dict.fromkeys(CATEGORICAL, "category"))
