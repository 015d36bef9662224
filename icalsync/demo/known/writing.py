"""The known world as a whole: made from a date and a seed, and written down with its answer key apart."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from icalsync.demo.known.defects import seed_defects
from icalsync.demo.known.people import FORTY, cast_of
from icalsync.demo.known.routine import fill, routine_syncs
from icalsync.demo.known.stage import Stage
from icalsync.demo.known.story import KnownWorld, Put, Step

YEAR: Final = 52
"""Weeks."""
SHORTEST: Final = 8
ANSWERS: Final = "answers.json"
STEPS: Final = "steps.jsonl"
_EACH: Final = 4
"""Defects of each cause among forty users in a year."""


def known_world(until: date, *, seed: int = 7, users: int = FORTY, weeks: int = YEAR) -> KnownWorld:
    """So many weeks that end on ``until``, and five more that are already written down: the same bytes for the same arguments.

    ``ValueError`` for less than 4 or more than 40 users, or less than 8 weeks.
    """
    if weeks < SHORTEST:
        raise ValueError(f"at least {SHORTEST} weeks")
    cast = cast_of(users)
    first_day = until - timedelta(weeks=weeks)
    first_day -= timedelta(days=first_day.weekday())
    begins_at, ends_at = datetime.combine(first_day, time(3), UTC), datetime.combine(until, time(18), UTC)
    rng = Random(f"{until.isoformat()}/{seed}/{users}/{weeks}")  # noqa: S311 - a believable world, no secret
    stage = Stage(cast, rng, first_day, until, begins_at, ends_at)
    seed_defects(stage, max(1, round(_EACH * users * weeks / (FORTY * YEAR))))
    fill(stage)
    routine_syncs(stage, every=max(4, weeks // 2))
    steps = tuple(sorted((step for step in stage.steps if step.at <= ends_at), key=lambda step: step.at))
    answers = tuple(sorted(stage.answers, key=lambda one: (one.starts_at, one.sub_account, one.user_id)))
    return KnownWorld(until, seed, weeks, cast, begins_at, ends_at, stage.policies, steps, answers)


def answer_key(world: KnownWorld) -> dict[str, Any]:
    """The answer key as plain data: every seeded double booking with user, time and cause, and nothing that depends on a database."""
    facts = {"until": world.until.isoformat(), "seed": world.seed, "users": len(world.cast.members), "weeks": world.weeks}
    return facts | {
        "double_bookings": [
            asdict(answer) | {"starts_at": answer.starts_at.isoformat(), "ends_at": answer.ends_at.isoformat()} for answer in world.answers
        ]
    }


def write(world: KnownWorld, directory: Path) -> None:
    """Everything that happens as ``steps.jsonl``, and the answer key apart as ``answers.json``; the bytes depend on the world alone."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(_plain(step), ensure_ascii=False, sort_keys=True) + "\n" for step in world.steps)
    (directory / STEPS).write_text(lines, "utf-8")
    write_answers(world, directory / ANSWERS)


def write_answers(world: KnownWorld, path: Path) -> None:
    """The answer key as JSON."""
    path.write_text(json.dumps(answer_key(world), indent=1, sort_keys=True) + "\n", "utf-8")


def _plain(step: Step) -> dict[str, Any]:
    facts: dict[str, Any] = {"step": type(step).__name__.lower()}
    for name, value in asdict(step).items():
        facts[name] = value.isoformat() if isinstance(value, datetime) else value
    if isinstance(step, Put):
        facts["raw"] = step.raw.decode()
    return facts
