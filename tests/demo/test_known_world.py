"""The known world: the same bytes whenever it is made, every cause seeded, and found as seeded by the product, over CalDAV or not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

import icalsync
from icalsync.core.audit import Cause
from icalsync.demo.known.__main__ import main
from icalsync.demo.known.served import load_through_caldav
from icalsync.demo.known.story import Book, Put
from icalsync.demo.known.writing import ANSWERS, STEPS, answer_key, known_world, write
from icalsync.errors import AlreadyExists

if TYPE_CHECKING:
    from pathlib import Path

    from icalsync.app import App

LAST_DAY = date(2026, 11, 20)
USERS, WEEKS = 4, 8
SMALL = {"users": USERS, "weeks": WEEKS}


def written(directory: Path, **options: int) -> dict[str, bytes]:
    """What is written of a world, by file."""
    write(known_world(LAST_DAY, **options), directory)
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def findings(app: App) -> set[tuple]:
    """What the audit finds, in the terms of the answer key."""
    rows = app.double_bookings().itertuples()
    return {
        (
            r.sub_account,
            r.user_id,
            r.starts_at.to_pydatetime(),
            r.ends_at.to_pydatetime(),
            str(r.cause),
            r.detail if isinstance(r.detail, str) else None,
        )
        for r in rows
    }


def test_the_same_date_and_seed_give_the_same_bytes_on_any_day(tmp_path):
    """Twice in this process on two days, and in another one with another order of sets and another zone."""
    with time_machine.travel(datetime(2031, 3, 1, tzinfo=UTC)):
        one = written(tmp_path / "one", **SMALL)
    code = (
        "import sys, pathlib, datetime as d; from icalsync.demo.known.writing import known_world, write; "
        f"write(known_world(d.date.fromisoformat('{LAST_DAY}'), users={USERS}, weeks={WEEKS}), pathlib.Path(sys.argv[1]))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "two")], check=True, env=environment)
    two = {path.name: path.read_bytes() for path in sorted((tmp_path / "two").iterdir())}
    assert one == two == written(tmp_path / "three", **SMALL)
    assert sorted(one) == [ANSWERS, STEPS]


def test_another_seed_is_another_world(tmp_path):
    """The seed decides."""
    assert written(tmp_path / "one", **SMALL) != written(tmp_path / "two", seed=8, **SMALL)


def test_the_whole_world_has_forty_users_a_year_and_every_cause():
    """Several sub-accounts, 40 users, a year, and several defects of each of the nine causes."""
    world = known_world(LAST_DAY)
    assert len(world.cast.members) == 40
    assert len({member.sub_account for member in world.cast.members}) == len(world.cast.tenants) == 4
    assert (world.until - world.begins_at.date()) >= timedelta(weeks=52)
    caused = Counter(str(answer.cause) for answer in world.answers)
    assert set(caused) == {str(cause) for cause in Cause}
    assert min(caused.values()) >= 4
    kinds = Counter(type(step) for step in world.steps)
    assert kinds[Put] > 2500
    assert kinds[Book] > 150


def test_the_answer_key_stands_apart_from_the_calendars(tmp_path):
    """What happens does not tell why; the key names user, time and cause of each, and no id of any database."""
    files = written(tmp_path, **SMALL)
    assert not any(str(cause).encode() in files[STEPS] for cause in Cause)
    key = json.loads(files[ANSWERS])
    assert key == answer_key(known_world(LAST_DAY, **SMALL))
    assert set(key["double_bookings"][0]) == {"sub_account", "user_id", "starts_at", "ends_at", "cause", "detail"}


@pytest.mark.parametrize("options", [{"users": 3}, {"users": 41}, {"weeks": 7}])
def test_a_world_that_cannot_be_is_refused(options):
    """Before anything is made."""
    with pytest.raises(ValueError, match=r"to 40 users|at least 8 weeks"):
        known_world(LAST_DAY, **options)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_what_was_seeded_is_found_through_a_real_caldav_server(tmp_path):
    """Radicale, HTTP, the product's own door: precision and recall are 1, and the history says when things became known (R16)."""
    world = known_world(LAST_DAY, **SMALL)
    load_through_caldav(world, tmp_path / "known.duckdb", tmp_path / "server")
    app = icalsync.open(tmp_path / "known.duckdb")
    assert findings(app) == {(a.sub_account, a.user_id, a.starts_at, a.ends_at, str(a.cause), a.detail) for a in world.answers}
    half = world.begins_at + timedelta(weeks=WEEKS // 2)
    then = app.sql("SELECT count(*) AS n FROM busy_as_of($t) WHERE source = 'external'", t=half)["n"].iloc[0]
    now = app.sql("SELECT count(*) AS n FROM busy WHERE source = 'external'")["n"].iloc[0]
    assert 0 < then < now
    assert set(app.view("sync_runs")["outcome"]) == {"ok", "failed"}


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_command_makes_a_database_and_its_key_and_nothing_over_an_old_one(tmp_path, capsys):
    """Straight into a database; what is found is what was seeded; made again into the same place it is refused, with exit code 2."""
    arguments = [str(tmp_path / "known"), "--users", str(USERS), "--weeks", str(WEEKS), "--seed", "9"]
    assert main(arguments) == 0
    app = icalsync.open(tmp_path / "known" / "known.duckdb")
    world = known_world(LAST_DAY, seed=9, **SMALL)
    assert findings(app) == {(a.sub_account, a.user_id, a.starts_at, a.ends_at, str(a.cause), a.detail) for a in world.answers}
    assert json.loads((tmp_path / "known" / ANSWERS).read_text("utf-8")) == answer_key(world)
    assert main(arguments) == 2
    assert "known.duckdb" in capsys.readouterr().err
    assert AlreadyExists.exit_code in {1, 2}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_whole_world_is_loaded_in_under_a_minute_and_found_as_seeded(tmp_path):
    """40 users and a year, in computing time of this process: what other processes take meanwhile does not count."""
    from icalsync.demo.known.playing import load  # noqa: PLC0415  # only here

    world, started = known_world(LAST_DAY), os.times()
    load(world, tmp_path / "known.duckdb")
    ended = os.times()
    assert (ended.user + ended.system) - (started.user + started.system) < 60
    found = findings(icalsync.open(tmp_path / "known.duckdb"))
    assert found == {(a.sub_account, a.user_id, a.starts_at, a.ends_at, str(a.cause), a.detail) for a in world.answers}
