"""What the demo answers after a real sync is what the world's answer key says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import icalsync
from icalsync.core.interval import Interval, merged
from icalsync.demo import run as demo_run
from icalsync.demo.cast import LINKS, PEOPLE, calendar
from icalsync.demo.place import Place
from icalsync.demo.show import settings
from icalsync.demo.world import EVENTS, world
from icalsync.settings import load_settings

pytestmark = pytest.mark.timeout(600)  # a loaded machine may need minutes to fill 17 calendars
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
MONTH = Interval(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 12, 21, tzinfo=UTC))


class StandingClock:
    """A clock that shows one moment, so that the demo's world is known beforehand."""

    def now(self):
        """A Sunday morning."""
        return NOW

    def monotonic(self):
        """Never asked to advance."""
        return 0.0


class Ended:
    """A demo that has ended: where it was, and what it said."""

    def __init__(self, directory):
        self.place = Place(directory)
        self.said = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(demo_run, "_dashboard_is_there", lambda: False)
            self.exit_code = demo_run.run(directory=directory, dashboard=True, say=self.said.append, clock=StandingClock())

    @property
    def text(self):
        """Everything it said."""
        return "\n".join(self.said)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """One demo, run to its end on a fixed day."""
    return Ended(tmp_path_factory.mktemp("demo") / "place")


@pytest.fixture
def app(ended):
    """The library, opened on the ended demo's database."""
    chosen = load_settings({}, database=ended.place.database, secret_key_file=ended.place.key_file, allow_private_hosts=True)
    return icalsync.open(settings=chosen, clock=StandingClock())


def test_it_ends_well(ended):
    """Exit code 0: all done, nothing found wrong."""
    assert ended.exit_code == 0, ended.text


def test_without_a_dashboard_it_says_so_and_ends(ended):
    """Asked for, but not installed: the answers stand, and the last line says what is missing."""
    assert ended.said[-1] == "The dashboard is not part of this installation; the demo ends here, and its server has stopped."
    assert "  icalsync sync" not in ended.said


def test_the_double_bookings_found_are_exactly_the_two_that_were_made(app):
    """The view finds both, each for the right user, time and events, and nothing else."""
    found = {
        (
            (row["sub_account"], row["user_id"]),
            Interval(row["starts_at"], row["ends_at"]),
            frozenset({row["first_uid"], row["second_uid"]}),
        )
        for row in app.view("double_bookings").to_dict("records")
    }
    assert found == {((made.sub_account, made.user_id), made.both, made.uids) for made in world(TODAY).double_bookings}


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.user_id)
def test_busy_time_is_what_the_answer_key_says(app, person):
    """R15 from outside: four weeks of each user, every kind of event included, in the user's own zone."""
    frame = app.busy(person.sub_account, person.user_id, MONTH.start, MONTH.end)
    assert str(frame["starts_at"].dt.tz) == person.time_zone
    rows = zip(frame["starts_at"], frame["ends_at"], strict=True)
    answered = merged(part for starts, ends in rows if (part := Interval(starts, ends).clip(MONTH)))
    expected = [part for taken in world(TODAY).taken[person.key] if (part := taken.clip(MONTH))]
    assert answered == expected


def test_slots_lie_where_nobody_is_taken(app):
    """What is offered for two users together collides with neither."""
    taken = [*world(TODAY).taken["ACME", "anna"], *world(TODAY).taken["ACME", "ben"]]
    frame = app.slots("ACME", ["anna", "ben"], TODAY, TODAY + timedelta(days=14), length="30m")
    assert len(frame) > 10
    for starts, ends in zip(frame["starts_at"], frame["ends_at"], strict=True):
        assert not any(Interval(starts, ends).overlaps(interval) for interval in taken)


def test_everything_was_understood(app):
    """No object of the world is quarantined, and every calendar was pulled clean (by the wall clock it may be stale: ours stands)."""
    assert app.view("quarantine").empty
    assert set(app.view("coverage")["state"]) <= {"ok", "stale"}
    assert app.view("sync_runs").query("purpose == 'sync'")["added"].sum() == EVENTS


def test_one_integration_serves_two_users_of_both_sub_accounts(app):
    """R9: connected twice, and one integration."""
    connections = app.view("connections")
    assert len(connections) == len(LINKS)
    served = connections.groupby("integration_id")["sub_account"].agg(list)
    assert len(served) == len({link.account for link in LINKS})
    assert [sorted(names) for names in served if len(names) > 1] == [["ACME", "NORTH"]]


def test_calendars_that_cannot_be_chosen_say_why(app):
    """R3, R10: the subscribed and the task calendar are listed and cannot be chosen; the read-only one can, for reading."""
    rows = {row["display_name"]: row for row in app.calendars("ACME", "anna")}
    assert not rows["Public holidays"]["selectable"]
    assert "subscription" in rows["Public holidays"]["says"]
    assert not rows["Reminders"]["selectable"]
    assert "reminders" in rows["Reminders"]["says"]
    assert (bool(rows["Clinic dates"]["selectable"]), rows["Clinic dates"]["access"]) == (True, "read")
    assert (bool(rows["Patients"]["selectable"]), rows["Patients"]["access"]) == (True, "write")


def test_roles_are_as_the_cast_has_them(app):
    """R4–R6: one linked calendar at most, which conflicts too; a calendar without a role touches nobody."""
    for person in PEOPLE:
        links = [link for link in LINKS if link.person == person]
        wanted = {calendar(link.account, slug).display_name for link in links for slug in (link.linked, *link.conflicts) if slug}
        roles = app.roles(*person.key)
        names = {row["calendar_id"]: row["display_name"] for row in app.calendars(*person.key)}
        assert {names[row["calendar_id"]] for row in roles if row["role"] == "CONFLICT"} == wanted
        assert len([row for row in roles if row["role"] == "LINKED"]) == 1


def test_it_says_who_is_free_on_the_next_working_day(ended):
    """From a Sunday: Monday, one line per user."""
    start = ended.said.index("Who is free on Monday 23 November 2026 (half hours, each in their own time zone):")
    lines = ended.said[start + 2 : start + 2 + len(PEOPLE)]
    for person, line in zip(PEOPLE, lines, strict=True):
        assert line.split()[:2] == [person.sub_account, person.user_id]
        assert re.search(r"\d\d:\d\d-\d\d:\d\d|not at all", line)


def test_it_shows_both_double_bookings_and_no_title(ended):
    """R18: by calendar; titles stay in the raw text."""
    start = ended.said.index("Double bookings found: 2")
    assert "anna" in ended.said[start + 2]
    assert "Patients" in ended.said[start + 2]
    assert "Private" in ended.said[start + 2]
    assert "olivia" in ended.said[start + 3]
    for title in ("Dentist", "First assessment", "Case review", "School concert", "Team meeting"):
        assert title not in ended.text


def test_it_says_where_the_database_lies(ended):
    """And there it is."""
    assert str(ended.place.database) in ended.text
    assert ended.place.database.is_file()


@pytest.mark.long
def test_every_command_it_offers_works_afterwards(ended, tmp_path):
    """Copied into a shell as printed, each one ends with 0 or, for an incomplete answer, 1, and with no error."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ICALSYNC_")} | settings(ended.place)
    environment["PYTHONPATH"] = str(Path(icalsync.__file__).parents[1])  # the shell stands elsewhere
    printed = [line.strip() for line in ended.said if line.startswith("  icalsync ")]
    exports = dict(line.strip().removeprefix("export ").split("=", 1) for line in ended.said if line.startswith("  export "))
    assert {name: shlex.split(value)[0] for name, value in exports.items()} == settings(ended.place)
    assert len(printed) >= 5
    for line in printed:
        command = [sys.executable, "-c", "from icalsync.cli.main import main; main()", *shlex.split(line)[1:]]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or (done.returncode == 1 and "incomplete" in done.stderr), (line, done.stdout, done.stderr)
        assert "Error" not in done.stderr, (line, done.stderr)
        assert done.stdout.strip(), line


def test_no_password_is_stored_or_said_in_plain_text(ended):
    """S1, S16: the servers' passwords stand in no file of the library's, and the demo does not print them."""
    users = (ended.place.server / "users").read_text().split()
    passwords = [line.split(":", 1)[1] for line in users]
    assert len(passwords) == 6
    ours = [path for path in ended.place.directory.iterdir() if path.is_file() and path.name.startswith("demo.duckdb")]
    assert ours
    for password in passwords:
        assert password not in ended.text
        assert not any(password.encode() in path.read_bytes() for path in ours)
