"""R18: no title, place, description, note or guest of a calendar leaves the library without a reveal, and each reveal is logged.

Every public view, every method of the library, every form of what they return, every export and every command is walked: the lists are made
from the code, so that what is new has to be added here before the suite is green again.
"""

from __future__ import annotations

import inspect
import io
import json
import logging
import shlex
from contextlib import ExitStack
from dataclasses import dataclass, field, is_dataclass
from typing import TYPE_CHECKING, Any

import click
import pandas as pd
import pytest

import icalsync
from icalsync.app import App
from icalsync.cli.main import cli, run
from icalsync.errors import InvalidInput
from icalsync.settings import load_settings
from icalsync.store.answers import VIEWS
from tests.conftest import PASSWORD
from tests.faults.world import held_open
from tests.journeys.remote import DavCalendar, edited
from tests.servers import Account, RadicaleServer, event_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

CANARY = "CANARY"
OWN = "OURCANARY"
"""In the titles and notes of our own: shown where bookings are run, and nowhere else."""
ABOUT = (
    f"LOCATION:{CANARY} street 5",
    f"DESCRIPTION:{CANARY} says the doctor",
    f"COMMENT:{CANARY} by the way",
    f"CONTACT:{CANARY} of the clinic",
    f"CATEGORIES:{CANARY}-ILLNESS",
    f"X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE={CANARY}-hall:geo:52.5,13.4",
    f'ORGANIZER;CN="{CANARY} Boss":mailto:canary-boss@else.example',
    f'ATTENDEE;CN="{CANARY} Guest";PARTSTAT=ACCEPTED:mailto:canary-guest@else.example',
)
TUESDAY = "2027-01-05"
WINDOW = ("2027-01-04", "2027-01-09")


def told(uid: str, hour: int, *more: str, day: int = 5, hours: int = 1) -> str:
    """An event with everything an owner may write into it."""
    start, end = f"202701{day:02}T{hour:02}0000Z", f"202701{day:02}T{hour + hours:02}0000Z"
    return event_at(uid, start, end, summary=f"{CANARY} {uid}", more=(*ABOUT, *more))


@dataclass
class Aviary:
    """The world: its database, what is in it, and what was logged while it was made."""

    directory: Path
    url: str
    names: dict[str, str] = field(default_factory=dict)
    """Ids by what they are; ``squeezed`` is an appointment over an event, ``calendar`` and ``href`` are of what cannot be read."""

    @property
    def environment(self) -> dict[str, str]:
        """As a user of the command line sets it."""
        return {
            "ICALSYNC_DATABASE": str(self.directory / "data" / "clinic.duckdb"),
            "ICALSYNC_SECRET_KEY_FILE": str(self.directory / "keys" / "secret.key"),
            "ICALSYNC_ALLOW_PRIVATE_HOSTS": "true",
        }

    def open(self, **options: Any) -> App:
        """The library on it."""
        return icalsync.open(settings=load_settings(self.environment), actor="support", **options)

    def reveals(self) -> list[tuple[str, str, str]]:
        """Action, who and why of each reveal in the log."""
        rows = self.open().sql("""SELECT action, actor, reason FROM audit_log WHERE action LIKE 'REVEAL%' ORDER BY "at" """)
        return [tuple(row) for row in rows.itertuples(index=False)]


@pytest.fixture(scope="module")
def aviary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aviary]:
    """Events of every kind on a real server, pulled; bookings, one pushed and edited there since; what cannot be read; double bookings."""
    directory = tmp_path_factory.mktemp("aviary")
    with ExitStack() as stack:
        url = stack.enter_context(RadicaleServer(directory / "server", {"anna": PASSWORD})).url
        records = stack.enter_context(listening())
        world = Aviary(directory, url)
        stack.enter_context(held_open(world.open()))  # opening the file each time would take most of the time
        fill(world, Account(url, "anna", PASSWORD))
        assert shown_in(records.getvalue()) == set()
        yield world


class listening:  # noqa: N801  # used like the context managers of the standard library
    """Everything that is logged meanwhile, at every level."""

    def __enter__(self) -> io.StringIO:
        self._handler = logging.StreamHandler(io.StringIO())
        self._before = logging.getLogger().level
        logging.getLogger().addHandler(self._handler)
        logging.getLogger().setLevel(logging.DEBUG)
        return self._handler.stream

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._handler)
        logging.getLogger().setLevel(self._before)


def fill(world: Aviary, account: Account) -> None:
    """Let everything happen once."""
    for name in ("Work", "Private", "Leisure"):
        account.mkcalendar(f"/anna/{name.lower()}/", name=name)
    events = {
        "plain": told("plain", 8),
        "free": told("free", 9, "TRANSP:TRANSPARENT"),
        "cancelled": told("cancelled", 10, "STATUS:CANCELLED"),
        "tentative": told("tentative", 11, "STATUS:TENTATIVE"),
        "declined": told("declined", 12, f'ATTENDEE;CN="{CANARY} Anna";PARTSTAT=DECLINED:mailto:anna@example.org'),
        "weekly": told("weekly", 13, "RRULE:FREQ=WEEKLY;COUNT=9", "EXDATE:20270112T130000Z"),
        "beside": told("beside", 8, hours=2),
        "unreadable": told("unreadable", 15, "RRULE:FREQ=DAILY;INTERVAL=0"),
    }
    for name, text in events.items():
        account.put(f"/anna/work/{name}.ics", text)
    account.put("/anna/private/plain.ics", told("other", 14))
    account.put("/anna/leisure/late.ics", told("late", 9))
    app = world.open()
    app.add_sub_account("acme", display_name="Acme", time_zone="Europe/Berlin")
    app.add_user("acme", "anna", name="Anna Adler", email="anna@example.org")
    done = app.connect("acme", "anna", provider="caldav", url=world.url, account="anna", password=PASSWORD)
    app.add_addresses(done["integration_id"], ["anna@example.org"])
    app.link("acme", "anna", "Work")
    app.add_conflicts("acme", "anna", ["Private"])
    app.sync()
    own = {"start": "2027-01-06 10:00", "end": "2027-01-06 11:00"}
    booked = app.book(
        "acme", "anna", **own, title=f"{OWN} visit", contact_name="Clara", contact_email="clara@example.org", check=False, push=True
    )
    squeezed = app.book("acme", "anna", "2027-01-05 09:15", "2027-01-05 09:45", f"{OWN} squeezed in", check=False)
    slot = app.block("acme", "anna", "2027-01-07 10:00", "2027-01-07 11:00", note=f"{OWN} note")
    app.sync()
    edit(app, account, booked["appointment_id"])
    account.put("/anna/work/afterwards.ics", told("afterwards", 10, day=6))
    app.sync()
    (kept,) = app.quarantine("acme")
    world.names |= {
        "appointment": booked["appointment_id"],
        "squeezed": squeezed["appointment_id"],
        "slot": slot["blocked_slot_id"],
        "integration": done["integration_id"],
        "calendar": kept["calendar_id"],
        "href": kept["href"],
        "drift": app.drift("acme")[0]["drift_id"],
        "finding": app.double_bookings("acme")["finding_id"].iloc[0],
        "alert": app.alerts()[0]["alert_id"],
    }


def edit(app: App, account: Account, appointment_id: str) -> None:
    """The owner moves our event, and writes into it."""
    href = app.appointment(appointment_id)["href"]
    assert href is not None
    work = DavCalendar(account, "/anna/work/")
    text = edited(edited(work.texts()[href], "DTSTART", "DTSTART:20270106T130000Z"), "DTEND", "DTEND:20270106T140000Z")
    work.put(href, edited(edited(text, "SUMMARY", f"SUMMARY:{CANARY} mine"), "DESCRIPTION", f"DESCRIPTION:{CANARY} private"))


# what came out ------------------------------------------------------------------------------------------------------------------------


def shown_in(*texts: str) -> set[str]:
    """Which canaries sing."""
    whole = "\n".join(texts).upper()
    return {OWN} & {OWN if OWN in whole else ""} | {CANARY} & {CANARY if CANARY in whole.replace(OWN, "") else ""}


def every_form(answer: Any) -> Iterator[str]:
    """An answer in all the ways it can be looked at."""
    yield repr(answer)
    yield str(answer)
    for name in ("_repr_html_", "as_dict", "for_customer", "for_staff"):
        if callable(getattr(answer, name, None)):
            yield str(getattr(answer, name)())
    if isinstance(answer, pd.DataFrame):
        yield answer.to_csv()
        yield json.dumps(answer.to_dict("records"), default=str, ensure_ascii=False)
    elif isinstance(answer, bytes):
        yield answer.decode("utf-8", "replace")
    elif isinstance(answer, dict | list | tuple):
        yield json.dumps(answer, default=str, ensure_ascii=False)
    for part in ("frame", "by_day", "lost", "slots", "collisions", "runs"):
        if is_dataclass(answer) and hasattr(answer, part):
            yield from every_form(getattr(answer, part))
    if callable(getattr(answer, "chart", None)):
        yield json.dumps(answer.chart().to_dict(), default=str)
        yield answer.to_html("A week")


def sung(answer: Any) -> set[str]:
    """Which canaries an answer shows in any form."""
    return shown_in(*every_form(answer))


def written(directory: Path) -> str:
    """Everything in the files of a directory; Parquet as the rows it holds."""
    paths = sorted(directory.iterdir())
    texts = [pd.read_parquet(path).to_csv() if path.suffix == ".parquet" else path.read_text(encoding="utf-8-sig") for path in paths]
    assert texts
    return "\n".join(texts)


def test_the_world_holds_its_canaries(aviary):
    """Else nothing here could fail: they are in the database, in raw texts and internal tables, and the broken object and the drift too."""
    app = aviary.open()
    with app._parts.database.read() as tx:
        assert tx.value("SELECT count(*) FROM _kept.event WHERE contains(summary, 'CANARY')") >= 9
        assert tx.value("SELECT count(*) FROM _kept.raw_text WHERE contains(decode(raw), 'CANARY Guest')") >= 9
        assert tx.value("SELECT count(*) FROM _kept.drift_text WHERE contains(decode(raw), 'CANARY private')") == 1
        assert tx.value("SELECT count(*) FROM _kept.appointment_version WHERE contains(title, 'OURCANARY')") >= 2
        assert tx.value("SELECT count(*) FROM _kept.blocked_slot_version WHERE contains(note, 'OURCANARY')") == 1
    assert set(app.double_bookings("acme")["cause"]) >= {"FORCED", "EXTERNAL_ONLY"}


# views and files ----------------------------------------------------------------------------------------------------------------------


def test_no_public_view_shows_any_of_it(aviary):
    """Every view that stands in the database is public and listed; each is read by name, by SQL, and as a cut of another."""
    app = aviary.open()
    with app._parts.database.read() as tx:
        standing = {row["view_name"] for row in tx.rows("SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal")}
    assert standing == set(VIEWS)
    for name in VIEWS:
        rows = app.view(name)
        assert sung(rows) == set(), name
        assert sung(app.sql(f"SELECT t, list(t) AS all_of_it FROM {name} t GROUP BY ALL")) == set(), name
    assert not app.view("events").empty
    assert sung(app.sql("FROM busy_as_of(now())")) == set()
    assert set(app.view("events")["summary"]) == set(app.view("appointments")["title"]) == set(app.view("blocked_slots")["note"]) == {"•••"}


def test_no_export_shows_any_of_it(aviary, tmp_path):
    """Every view in every format and dialect, busy time as iCalendar, heat maps as pages: their contents and their names."""
    app = aviary.open()
    for name in VIEWS:
        for form, dialect in (("csv", "plain"), ("csv", "excel-de"), ("parquet", "plain"), ("json", "plain")):
            app.export(name, tmp_path / f"{name}-{dialect}.{form}", dialect=dialect)
    app.export_free_busy("acme", "anna", *WINDOW, tmp_path / "anna.ics")
    heat = app.heatmap("acme", "anna", *WINDOW)
    for form in ("csv", "html", "json", "parquet"):
        app.write_heatmap(heat, tmp_path / f"heat.{form}")
    assert len(list(tmp_path.iterdir())) == 4 * len(VIEWS) + 5
    assert shown_in(written(tmp_path), *(path.name for path in tmp_path.iterdir())) == set()


# the library --------------------------------------------------------------------------------------------------------------------------

LOOKING: dict[str, Callable[[App, Mapping[str, str]], Any]] = {
    "sub_accounts": lambda app, _: app.sub_accounts(),
    "users": lambda app, _: app.users("acme"),
    "integrations": lambda app, _: app.integrations("acme"),
    "calendars": lambda app, _: app.calendars("acme", "anna"),
    "calendar": lambda app, _: app.calendar("acme", "anna", "Work"),
    "roles": lambda app, _: app.roles("acme", "anna"),
    "addresses": lambda app, ids: app.addresses(ids["integration"]),
    "policies": lambda app, _: app.policies("acme", "anna"),
    "hours": lambda app, _: app.hours("acme", "anna"),
    "outbox": lambda app, _: app.outbox("acme", "anna"),
    "drift": lambda app, _: app.drift("acme", settled=True),
    "alerts": lambda app, _: app.alerts(cleared=True),
    "quarantine": lambda app, _: app.quarantine("acme"),
    "quarantined": lambda app, ids: app.quarantined(ids["calendar"], ids["href"]),
    "plan": lambda app, _: app.plan("acme"),
    "sync": lambda app, _: app.sync("acme"),
    "retry_quarantine": lambda app, ids: app.retry_quarantine(ids["calendar"]),
    "busy": lambda app, _: [app.busy("acme", "anna", *WINDOW), app.busy("acme", None, *WINDOW, merged=True)],
    "slots": lambda app, _: app.slots("acme", "anna", *WINDOW),
    "coverage": lambda app, _: app.coverage("acme"),
    "heatmap": lambda app, _: app.heatmap("acme", None, *WINDOW),
    "double_bookings": lambda app, _: app.double_bookings("acme"),
    "explain": lambda app, ids: [
        app.explain("acme", "anna", at, "1h") for at in (*(f"{TUESDAY} {hour:02}:00" for hour in range(9, 17)), ids["finding"])
    ],
    "explain_appointment": lambda app, ids: [app.explain_appointment(ids[name]) for name in ("appointment", "squeezed")],
    "explain_window": lambda app, _: app.explain_window("acme", "anna", *WINDOW),
    "free_busy": lambda app, _: app.free_busy("acme", "anna", *WINDOW),
    "what_if": lambda app, _: app.what_if("acme", None, *WINDOW, policy={"tentative": "free"}, hours={"buffer_before": "30m"}),
    "view": lambda app, _: app.view("events"),
    "sql": lambda app, _: app.sql("FROM events"),
}
"""Every method that answers, with what it is asked; ``test_no_answer_shows_any_of_it`` walks them."""
OURS: dict[str, Callable[[App, Mapping[str, str]], Any]] = {
    "appointments": lambda app, _: app.appointments("acme"),
    "appointment": lambda app, ids: app.appointment(ids["appointment"]),
    "blocked_slots": lambda app, _: app.blocked_slots("acme"),
}
"""Methods for those who run the bookings: they show our own titles and notes, and nobody else's (R18)."""
ELSEWHERE = {
    "path": "where the database lies",
    "export": "test_no_export_shows_any_of_it",
    "export_free_busy": "test_no_export_shows_any_of_it",
    "write_heatmap": "test_no_export_shows_any_of_it",
    "watch": "the same runs as sync",
    **dict.fromkeys(
        ("add_sub_account", "add_user", "connect", "link", "add_conflicts", "add_addresses", "book", "block"),
        "called while the world is made",
    ),
    **dict.fromkeys(
        ("reconnect", "disconnect", "unlink", "remove_conflicts", "remove_addresses", "set_time_zone"), "rows of views walked here"
    ),
    **dict.fromkeys(("set_policy", "set_hours", "set_remote_changes", "clear_alert", "resolve_drift"), "rows of views walked here"),
    **dict.fromkeys(("reschedule", "cancel", "unblock"), "the row of the booking, as book gives it; walked on the command line"),
    **dict.fromkeys(("desk", "invite", "invitation", "readers", "add_reader", "remove_reader"), "who may: tests/app/test_desk.py"),
    **dict.fromkeys(("sign_in", "sign_in_way", "signed_in", "sign_out", "open_reader", "oidc_reader"), "who may: tests/app/test_desk.py"),
}
"""Methods that are walked in other tests here, or answer nothing that comes out of a calendar."""


def test_every_method_of_the_library_is_walked():
    """A new one is added to one of the lists before this is green."""
    methods = {name for name, _ in inspect.getmembers(App) if not name.startswith("_")}
    assert methods == LOOKING.keys() | OURS.keys() | ELSEWHERE.keys()


def test_no_answer_shows_any_of_it(aviary):
    """Rows, frames, reprs, pages for Jupyter, sentences for customers and staff, charts; and nothing of it is logged."""
    app = aviary.open()
    with listening() as records:
        for name, ask in LOOKING.items():
            answer = ask(app, aviary.names)
            for each in answer if isinstance(answer, list) else [answer]:
                assert sung(each) == set(), name
        for name, ask in OURS.items():
            assert sung(ask(app, aviary.names)) == {OWN}, name
    assert shown_in(records.getvalue()) == set()
    assert sung(app) == set()
    assert aviary.reveals() == []


# the command line ---------------------------------------------------------------------------------------------------------------------

BETWEEN = f"--from {WINDOW[0]} --to {WINDOW[1]}"
COMMANDS: dict[str, tuple[str, ...]] = {
    "sub-account add": ("OTHER",),
    "sub-account list": ("",),
    "user add": ("acme ben",),
    "user set": ("acme ben --time-zone Asia/Tokyo",),
    "user list": ("", "acme"),
    "connect": ("acme ben --provider caldav --url {url} --account anna --password-stdin",),
    "integrations": ("", "acme anna"),
    "reconnect": ("{integration} --password-stdin",),
    "connection": ("acme anna {integration} --remote-changes flag",),
    "addresses": ("{integration} list", "{integration} add a@example.org", "{integration} remove a@example.org"),
    "calendars": ("acme anna",),
    "link": ("acme ben Leisure --assume-writable",),
    "unlink": ("acme ben",),
    "conflicts": ("list acme anna", "add acme ben Leisure", "remove acme ben Leisure --yes"),
    "policy": ("acme", "acme anna travel=busy"),
    "hours": ("acme show", "acme anna show", 'acme ben set "Mon-Fri 09:00-17:00" --buffer-before 10m'),
    "sync": ("", "--plan", "--calendar Work"),
    "book": (
        f'acme anna --start "{TUESDAY} 09:00" --end "{TUESDAY} 09:30" --title "{OWN} refused"',
        f'acme anna --start "{TUESDAY} 09:00" --end "{TUESDAY} 09:30" --title "{OWN} forced" --no-check',
    ),
    "reschedule": ('{appointment} --start "2027-01-06 16:00" --end "2027-01-06 17:00" --no-check',),
    "cancel": ("{appointment}",),
    "block": (f'acme anna --start "2027-01-08 09:00" --end "2027-01-08 10:00" --note "{OWN}"',),
    "unblock": ("{slot}",),
    "busy": (f"acme anna {BETWEEN}",),
    "slots": (f"acme anna {BETWEEN}", f"acme anna ben {BETWEEN} --need any"),
    "explain": (
        *(f'acme anna "{TUESDAY} {hour}:00" --length 1h' for hour in ("09", 10, 13, 14, 16)),
        f'acme anna "{TUESDAY} 09:00" --for customer',
        f'acme anna "{TUESDAY} 09:00" --for staff',
        f"acme anna {BETWEEN}",
        "acme anna {finding}",
        "--appointment {squeezed}",
    ),
    "double-bookings": ("", f"acme anna {BETWEEN}"),
    "heatmap": (f"acme anna {BETWEEN}", f"acme anna {BETWEEN} --by-day"),
    "what-if": (f"acme anna {BETWEEN} --policy tentative=free",),
    "export": ("events -o {out}/events.csv", f"busy -o {{out}}/anna.ics --sub-account acme --user anna {BETWEEN}"),
    "quarantine list": ("", "acme anna"),
    "quarantine show": ("{calendar} {href}",),
    "quarantine retry": ("",),
    "drift list": ("", "acme --all"),
    "drift resolve": ("{drift} keep",),
    "alerts": ("", "--all", "--clear {alert}"),
    "dashboard-user add": ("vera --role analyst --password-stdin",),
    "dashboard-user list": ("",),
    "dashboard-user remove": ("vera",),
    "invite": ("acme anna",),
    "disconnect": ("acme ben {integration}",),
}
"""Every command, in an order in which each has something to say, with arguments; ``{name}`` is an id of the world."""
SERVERS = {"demo": "makes a world of its own", "dashboard": "serves pages, which have tests of their own"}
OURS_SHOWN = {"book", "reschedule", "cancel", "block", "unblock"}
"""Commands that answer with the row of a booking or a block, its title and note in it: whoever runs them wrote it."""


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that is not a group, by its name."""
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from leaves(each, (*path, name))
    else:
        yield " ".join(path), command


def test_every_command_is_walked():
    """Made from the tree of commands: a new one, or a new way to reveal, fails here until it is walked."""
    found = dict(leaves(cli))
    assert found.keys() == COMMANDS.keys() | SERVERS.keys()
    revealing = {name for name, command in found.items() if any("--reveal" in each.opts for each in command.params)}
    assert revealing == REVEALS.keys()


@pytest.fixture
def command(aviary, tmp_path, monkeypatch, capfd) -> Callable[[str], tuple[int, str]]:
    """Runs a command line in this process: its exit code, and all it wrote to either stream."""
    for name, value in aviary.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("getpass.getuser", lambda: "vera")

    def runs(line: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
        capfd.readouterr()
        code = run(shlex.split(line.format(**aviary.names, url=aviary.url, out=tmp_path)))
        written = capfd.readouterr()
        return code, written.out + written.err

    return runs


@pytest.mark.parametrize("as_json", [False, pytest.param(True, marks=pytest.mark.long)])
def test_no_command_shows_any_of_it(aviary, command, tmp_path, as_json):
    """With and without ``--json``: what is printed, what is said on standard error, what is logged; errors among it."""
    before = aviary.reveals()
    with listening() as records:
        for name, lines in COMMANDS.items():
            for line in lines:
                code, output = command(f"{name} {line} {'--json' if as_json else ''}")
                assert code in {0, 1, 2}, (name, line, output)
                assert "Traceback" not in output
                assert shown_in(output) <= ({OWN} if name in OURS_SHOWN else set()), (name, line)
    assert shown_in(records.getvalue(), written(tmp_path)) == set()
    assert aviary.reveals() == before


# revealing ----------------------------------------------------------------------------------------------------------------------------

REVEALS = {
    "explain": (f'explain acme anna "{TUESDAY} 09:00" --reveal --reason "ticket 11"', "REVEAL_EXPLANATION"),
    "quarantine show": ('quarantine show {calendar} {href} --reveal --reason "ticket 12"', "REVEAL_QUARANTINED"),
}


@pytest.mark.parametrize("name", sorted(REVEALS))
def test_a_command_reveals_where_it_is_told_to_and_the_log_says_who_and_why(aviary, command, name):
    """One named option; one line in ``audit_log``, without the title itself."""
    line, action = REVEALS[name]
    before = aviary.reveals()
    code, output = command(line)
    assert code == 0, output
    assert CANARY in shown_in(output)
    assert aviary.reveals()[len(before) :] == [(action, "vera", line.split('"')[-2])]
    assert sung(aviary.open().view("audit_log")) == set()


def test_a_method_reveals_where_it_is_told_to_and_the_log_says_who_and_why(aviary):
    """``reveal=True`` needs a reason, and nothing is shown or logged without one."""
    app, before = aviary.open(), aviary.reveals()
    for refused in ({"reveal": True}, {"reveal": True, "reason": " "}, {"reason": "because"}):
        with pytest.raises(InvalidInput):
            app.explain("acme", "anna", f"{TUESDAY} 09:00", **refused)
    assert aviary.reveals() == before
    assert CANARY in sung(app.explain("acme", "anna", f"{TUESDAY} 09:00", reveal=True, reason="ticket 13"))
    assert CANARY in sung(app.explain_appointment(aviary.names["squeezed"], reveal=True, reason="ticket 14"))
    assert CANARY in sung(app.quarantined(aviary.names["calendar"], aviary.names["href"], reveal=True, reason="ticket 15"))
    assert [(who, why) for _, who, why in aviary.reveals()[len(before) :]] == [("support", f"ticket {n}") for n in (13, 14, 15)]


def test_a_library_opened_to_reveal_shows_titles_and_the_log_says_so_at_once(aviary, tmp_path):
    """``icalsync.open(reveal=True, reason=…)``: views, SQL, files and explanations; in that library alone, and in no other call."""
    before = aviary.reveals()
    with pytest.raises(InvalidInput):
        aviary.open(reveal=True)
    assert aviary.reveals() == before
    app = aviary.open(reveal=True, reason="audit of march")
    assert aviary.reveals()[len(before) :] == [("REVEAL_OPENED", "support", "audit of march")]
    assert CANARY in sung(app.view("events"))
    assert OWN in sung(app.view("appointments")) & sung(app.sql("FROM blocked_slots"))
    assert CANARY in sung(app.sql("SELECT summary FROM events e WHERE EXISTS (FROM users)"))
    app.export("events", tmp_path / "events.csv")
    assert shown_in(written(tmp_path)) == {CANARY, OWN}
    assert CANARY in sung(app.explain("acme", "anna", f"{TUESDAY} 09:00"))
    assert aviary.reveals()[-1] == ("REVEAL_EXPLANATION", "support", "audit of march")
    assert sung(app.busy("acme", "anna", *WINDOW)) == sung(aviary.open().view("events")) == set()
