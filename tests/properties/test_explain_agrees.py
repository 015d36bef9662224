"""R15: for any data, moment and length, asked and known at any time, ``explain`` says offered exactly where ``slots`` lists the slot."""

# ruff: noqa: S311 - a seeded generator makes the worlds, not a secret

from __future__ import annotations

import random
import shutil
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import icalsync
from icalsync.app import asking, explaining
from icalsync.core.interval import Interval
from icalsync.core.model import Participation, Status, Transparency
from icalsync.core.supposing import Supposed
from icalsync.settings import load_settings
from tests.faults.world import held_open
from tests.store.conftest import NOW, ToldClock, World, invited, meeting, rejected

if TYPE_CHECKING:
    from pathlib import Path

DAY = datetime(2026, 11, 24, tzinfo=UTC)
ZONES = ("Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Auckland")


def app_on(directory: Path, clock: ToldClock) -> icalsync.app.App:
    """The library on a database in that directory."""
    return icalsync.open(settings=load_settings({}, database=directory / "clinic.duckdb"), clock=clock)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anna with an account of two calendars; one is linked, both were pulled while they were empty."""
    directory = tmp_path_factory.mktemp("agrees") / "data"
    clock = ToldClock(NOW - timedelta(hours=2))
    app = app_on(directory, clock)
    world = World(app._parts.database, clock)
    world.people.add_sub_account("acme", "Acme", "Europe/Berlin")
    world.people.add_user("acme", "anna", name="Anna")
    world.people.add_user("acme", "ben", name="Ben")
    world.connect()
    world.roles.link("acme", "anna", "Work", actor="tester")
    for name in ("Work", "Home"):
        world.pull(name, token="t0")
    return directory


def an_event(draw: random.Random, name: str) -> object:
    """Something in a calendar on those days, in any of the ways events come."""
    start = DAY + timedelta(minutes=15 * draw.randrange(-20, 200))
    end = start + timedelta(minutes=draw.choice((0, 15, 30, 60, 180)))
    floating = start.replace(tzinfo=None), end.replace(tzinfo=None)
    whole = date(2026, 11, draw.randint(23, 26))
    kinds = {
        "plain": lambda: meeting(name, start, end),
        "free": lambda: meeting(name, start, end, transparency=Transparency.TRANSPARENT),
        "cancelled": lambda: meeting(name, start, end, status=Status.CANCELLED),
        "tentative": lambda: meeting(name, start, end, status=Status.TENTATIVE),
        "floating": lambda: meeting(name, *floating),
        "travel": lambda: meeting(name, start, end, travel=timedelta(minutes=45)),
        "all-day": lambda: meeting(name, whole, whole + timedelta(days=1)),
        "all-day-free": lambda: meeting(name, whole, whole + timedelta(days=1), transparency=Transparency.TRANSPARENT),
        "declined": lambda: invited(name, start, end, Participation.DECLINED),
        "unanswered": lambda: invited(name, start, end, Participation.NEEDS_ACTION),
        "unreadable": lambda: rejected("BAD_RULE", start, end + timedelta(minutes=15)),
        "unplaced": lambda: rejected("BAD_DATE"),
    }
    weights = [4, 2, 1, 1, 2, 2, 1, 1, 1, 2, 1, 0.3]
    return draw.choices(list(kinds.values()), weights)[0]()


def something_happens(draw: random.Random, world: World, number: int) -> None:
    """A pull, a booking, or a change of what somebody chose."""
    act = draw.choice(("pull", "pull", "hours", "hours", "policy", "role", "zone", "booking", "blocked", "trouble"))
    if act == "pull":
        writes = [(f"{number}-{n}", an_event(draw, f"{number}-{n}")) for n in range(draw.randint(1, 4))]
        name = draw.choice(("Work", "Work", "Home"))
        query = "SELECT sync_token FROM _kept.calendar_sync JOIN _kept.calendar USING (calendar_key) WHERE calendar_id = "
        (state,) = world.rows(f"{query} '{world.id_of(name)}'")
        world.pull(name, *writes, token=f"t{number}", before=state["sync_token"])
    elif act == "hours":
        world.choices.set_hours("acme", draw.choice((None, "anna")), some_hours(draw))
    elif act == "policy":
        choices = {
            "unanswered": ("busy", "free"),
            "tentative": ("busy", "free"),
            "travel": ("busy", "free"),
            "all_day": ("always", "never"),
            "unknown": ("warn", "refuse"),
        }
        name = draw.choice(list(choices))
        one = world.id_of(draw.choice(("Work", "Home"))) if name == "all_day" and draw.random() < 0.5 else None
        world.choices.set_policy("acme", "anna", {name: draw.choice(choices[name])}, calendar_id=one)
    elif act == "role":
        (world.roles.add_conflicts if draw.random() < 0.7 else world.roles.remove_conflicts)("acme", "anna", [world.id_of("Home")])
    elif act == "zone":
        world.people.set_time_zone("acme", "anna", draw.choice(ZONES))
    elif act == "trouble":
        trouble(world, draw.choice(("unreachable", "reauthentication_needed", "ok")))
    else:
        our_own(draw, world, act, number)


def trouble(world: World, status: str) -> None:
    """The account can no longer be asked, or can again: what is not covered is not known (R12)."""
    with world.db.write() as tx:
        tx.execute("UPDATE _kept.integration_status_version SET known_to = ? WHERE known_to = 'infinity'", [tx.now])
        tx.append("integration_status_version", [{"integration_key": 1, "status": status, "reason": None, "known_from": tx.now}])


def some_hours(draw: random.Random) -> dict[str, str]:
    """One or two of the settings of opening hours and limits."""
    values = {
        "weekly": ("Mon-Sun 06:00-22:00", "Mon-Fri 09:00-12:00,13:00-17:00", "Tue 22:00-02:00; Wed 08:10-11:00"),
        "buffer_before": ("0m", "20m", "2h"),
        "buffer_after": ("15m", "1h"),
        "slot_step": ("10m", "25m", "none"),
        "notice": ("0m", "26h"),
        "horizon": ("36h", "none"),
        "daily_limit": ("1", "none"),
        "exceptions": ("2026-11-24 10:00-11:15", "2026-11-25 closed", "none"),
    }
    return {name: draw.choice(values[name]) for name in draw.sample(list(values), draw.randint(1, 2))}


def our_own(draw: random.Random, world: World, kind: str, number: int) -> None:
    """A booking or a blocked slot, as the system keeps it."""
    start = DAY + timedelta(minutes=30 * draw.randrange(0, 90))
    with world.db.write() as tx:
        user = tx.value("SELECT user_key FROM _kept.account_user WHERE user_id = 'anna'")
        row = {"user_key": user, "starts_at": start, "ends_at": start + timedelta(minutes=30), "known_from": tx.now}
        if kind == "blocked":
            tx.append("blocked_slot_version", [row | {"blocked_slot_id": f"b{number}", "note": None}])
        else:
            own = {"appointment_id": f"a{number}", "title": "CANARY", "status": draw.choice(("booked", "booked", "cancelled"))}
            tx.append("appointment_version", [row | own | {"booked_at": tx.now}])


@pytest.mark.parametrize("stories", [4, pytest.param(12, marks=pytest.mark.long)])
def test_explain_says_offered_exactly_where_slots_lists_the_slot(stories, template, tmp_path_factory):
    """R15, case 23: at every slot that is listed, and at grid starts and odd minutes around, now and as known at any moment before."""

    @settings(
        max_examples=stories,
        phases=[Phase.explicit, Phase.generate],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(seed=st.integers(min_value=0, max_value=2**40))
    def each(seed):
        tell(random.Random(seed), template, tmp_path_factory.mktemp("world") / "data")

    each()


def tell(draw: random.Random, template, directory) -> None:
    """One story, in a database of its own."""
    shutil.copytree(template, directory)
    clock = ToldClock(NOW)
    app = app_on(directory, clock)
    world = World(app._parts.database, clock)
    moments = [NOW]
    with held_open(app):  # opening the file anew for each question takes most of the time
        for number in range(1, draw.randint(3, 9)):
            something_happens(draw, world, number)
            moments.append(clock.pass_(minutes=draw.choice((1, 30))))
        check(draw, app, clock, moments)
    shutil.rmtree(directory)


def check(draw: random.Random, app: icalsync.app.App, clock: ToldClock, moments: list[datetime]) -> None:
    """Both ways, for some length, asked at some moment, known at some moment: those of the changes, and any between them."""
    length = timedelta(minutes=draw.choice((5, 15, 30, 40, 90, 240)))
    asked = draw.choice((clock.at, DAY + timedelta(minutes=draw.randrange(-2000, 2000))))
    window = Interval(DAY, DAY + timedelta(days=draw.choice((1, 2))))
    between = moments[0] + (clock.at - moments[0]) * draw.random()
    known = draw.choice((None, None, between, *moments))
    frame = app.slots("acme", "anna", window.start, window.end, length=length, asked_at=asked, known_at=known)
    listed = {moment.to_pydatetime() for moment in frame["starts_at"]}
    odd = [DAY + timedelta(minutes=draw.choice((5, 15, 30)) * draw.randrange(0, 48)) for _ in range(3)]
    points = [*draw.sample(sorted(listed), min(2, len(listed))), *odd]
    expected = {at: at in listed and at + length <= window.end for at in points}
    for at in points[::5]:
        explanation = app.explain("acme", "anna", at, length, known, asked)
        assert explanation.offered is expected[at], (known, explanation)
        assert explanation.offered is (explanation.because[0] == "OFFERED")
    assert cases(app, points, length, known, asked) == expected


def cases(
    app: icalsync.app.App, points: list[datetime], length: timedelta, known: datetime | None, asked: datetime
) -> dict[datetime, bool]:
    """What ``explain`` judges at each point, all in one look; its evidence must account for the judgement: no row is left out or added."""
    result = {}
    with explaining.at_one_moment(app._parts) as (held, tx):
        users = asking.people_of(held, "acme", "anna")
        for at in points:
            question = asking.Question(tuple(users), Interval(at, at + length), users[0]["time_zone"], known)
            case, _ = explaining._case(held, tx, explaining.Slot(question, asked))
            assert Supposed.as_it_is(case).judge(case) == case.judgement
            result[at] = case.judgement.offered
    return result
