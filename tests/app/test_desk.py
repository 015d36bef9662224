"""The desk: what each role may, and that nothing of another tenant is told by any method, in any role, with any id (S5, S11–S13, S23).

Arguments are made from the parameters' names, so that a new method is covered as soon as it exists; one with a parameter nobody has met
fails here until ``value_of`` knows it.
"""

from __future__ import annotations

import inspect
import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pytest

import icalsync
from icalsync.app.desk import Desk
from icalsync.app.desks.guard import Guarded
from icalsync.core.access import DESK, POSTS, Reader
from icalsync.errors import IcalsyncError, InputError, InvalidInput, NotAllowed, NotFound, QueryRefused
from icalsync.ports import Secret
from icalsync.settings import load_settings
from icalsync.store.belonging import KINDS
from tests.faults.world import held_open
from tests.icloud import ICloud
from tests.journeys.remote import CloudCalendar, edited
from tests.properties.test_tenants_are_apart import PASSWORD, SHARED, Tenant, _furnish, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icalsync.app import App

ROOT: Final = Path(__file__).parents[2]
METHODS: Final = sorted(name for name in dir(Desk) if not name.startswith("_") and name not in {"reader", "may", "at_once"})
WRITING: Final = {"connect", "reconnect", "disconnect", "choose", "settle", "cancel", "unblock", "clear_alert", "revoke_invitation", "sync"}
WRITING |= {"confirm_removals", "hold_removals"}
"""What ends, changes or takes long: asked last, and by an admin alone."""
NO_TITLES: Final = re.compile(r"title of|note of|guest of|@acme\.example|@globex\.example", re.IGNORECASE)


@dataclass
class World:
    """Two tenants with an account each and one in common, bookings, drift, alerts, invitations, what cannot be read."""

    app: App
    acme: Tenant
    globex: Tenant
    more: dict[str, dict[str, str]] = field(default_factory=dict)
    """Ids by tenant and by the parameter that takes them."""

    def desk(self, role: str, *sub_accounts: str) -> Desk:
        """A reader's desk, of one tenant or of some."""
        return self.app.desk(
            Reader(f"{role}-of-{'-'.join(sub_accounts) or 'all'}", role, frozenset(sub_accounts) if sub_accounts else None)
        )

    def canaries(self, tenant: Tenant) -> set[str]:
        """What nobody else may ever be told."""
        return tenant.canaries | {value.lower() for value in self.more[tenant.name].values()}

    def value_of(self, name: str, method: str, tenant: Tenant) -> Any:
        """A fitting value for a parameter of this name; KeyError for one nobody has met."""
        ids = self.more[tenant.name]
        known = {
            **dict.fromkeys(("user",), "sam"),
            "users": ["sam"],
            "password": Secret(PASSWORD),
            "provider": "icloud",
            "linked": tenant.ids["calendar_id"],
            "conflicts": [tenant.ids["calendar_id"]],
            "calendar_id": tenant.ids["calendar_id"],
            "settlement": "keep",
            "reason": "a customer asks",
            "frame": pd.DataFrame({"a": [1]}),
            "form": "csv",
            "href": ids["href"],
            "changes": {"unanswered": "busy"} if method == "set_policy" else {"slot_step": None},
            "policy": "flag",
            "title": f"Title of {tenant.name}",
            "start": "2027-01-05 09:00",
            "end": "2027-01-05 18:00",
            "at": "2027-01-05 10:00",
        }
        if name == "explanation":
            return self.desk("support", tenant.name).explain(tenant.name, "sam", "2027-01-05 10:00")
        return ids[name] if name in ids else known[name] if name in known else tenant.value_of(name, method)

    def ask(self, desk: Desk, method: str, tenant: Tenant, **other: Any) -> Any:
        """Call a method with what belongs to a tenant."""
        given = {name: self.value_of(name, method, tenant) for name in needed(method)}
        return getattr(desk, method)(**given | other)


def needed(method: str) -> list[str]:
    """The parameters that have to be given, and those that say for whom."""
    found = inspect.signature(getattr(Desk, method)).parameters
    return [name for name, each in found.items() if name != "self" and (each.default is each.empty or name in {"sub_account", "user"})]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """See ``World``; made once, because making it takes most of the time."""
    directory = tmp_path_factory.mktemp("desk")
    acme = Tenant("acme", "anna", "anna@icloud.com", tmp_path_factory.mktemp("first"))
    globex = Tenant("globex", "ben", "ben@icloud.com", tmp_path_factory.mktemp("second"))
    with ExitStack() as stack:
        accounts = {each.account: PASSWORD for each in (acme, globex)} | {SHARED: PASSWORD}
        cloud = stack.enter_context(ICloud(accounts, furnished=False))
        places = {"database": directory / "data" / "two.duckdb", "secret_key_file": directory / "keys" / "secret.key"}
        app = icalsync.open(settings=load_settings({}, icloud_url=cloud.url, allow_private_hosts=True, **places))
        stack.enter_context(held_open(app))
        made = World(app, acme, globex)
        for tenant in (acme, globex):
            _furnish(app, cloud, tenant)
            made.more[tenant.name] = _more(app, cloud, tenant)
        for tenant, user in ((acme, "pat"), (globex, "quinn")):  # one human, at both
            app.add_user(tenant.name, user, person="p1", time_zone="Europe/Berlin")
            app.book(tenant.name, user, "2027-02-01 10:00", f"2027-02-01 1{len(user) - 2}:00", title="Visit", check=False)
        yield made


def _more(app: App, cloud: ICloud, tenant: Tenant) -> dict[str, str]:
    """Somebody drags the booking's event away: drift and its alert; and an invitation that is open."""
    calendar = CloudCalendar(cloud.account(tenant.account).calendar(f"Calendar of {tenant.name}"))
    before = set(calendar.texts())
    app.sync(tenant.name)
    (href,) = set(calendar.texts()) - before
    text = edited(calendar.texts()[href], "DTSTART", "DTSTART:20270105T170000Z")
    calendar.put(href, edited(text, "DTEND", "DTEND:20270105T180000Z"))
    app.sync(tenant.name)
    (drift,) = app.drift(tenant.name)
    (alert,) = [row for row in app.alerts(tenant.name) if row["kind"] == "DRIFT"]
    (broken,) = [row for row in app.quarantine(tenant.name) if row["calendar_id"] == tenant.ids["calendar_id"]]
    invited = app.invite(tenant.name, "sam")
    ids = {name: tenant.ids[name] for name in ("appointment_id", "blocked_slot_id", "integration_id")}
    found = {"drift_id": drift["drift_id"], "alert_id": alert["alert_id"], "invitation_id": invited["invitation_id"]}
    return ids | found | {"href": broken["href"]}


# --- the table ---------------------------------------------------------------------------------------------------------------------------


def test_every_public_method_of_the_desk_is_in_the_table_and_the_table_has_no_other() -> None:
    """A method without an entry would be one that nobody decided about."""
    assert set(METHODS) == set(DESK)


def test_a_method_that_is_not_in_the_table_cannot_even_be_defined() -> None:
    """A page cannot forget the check, and neither can whoever writes the next method."""
    with pytest.raises(TypeError, match="backdoor"):
        type("Leaky", (Guarded,), {"backdoor": lambda _self: None})
    with pytest.raises(TypeError, match="door"):
        type("Leaky", (Guarded,), {"door": property(lambda _self: None)})


@pytest.mark.parametrize("post", POSTS)
def test_what_a_role_does_not_include_is_refused_before_anything_is_done(world: World, post: str) -> None:
    """Roles are checked in the library, whatever a page shows; the refusal is the same for what exists and for what does not."""
    desk = world.desk(post, "acme")
    refused = [name for name in METHODS if not Reader("x", post).may(DESK[name])]
    for method in refused:
        for tenant in (world.acme, world.globex):
            with pytest.raises(NotAllowed) as caught:
                world.ask(desk, method, tenant)
            assert caught.value.exit_code == 3
            assert not [canary for canary in world.canaries(tenant) if canary in f"{caught.value.message} {caught.value.facts}".lower()]
    assert [name for name in METHODS if not desk.may(name)] == refused


# --- other tenants -----------------------------------------------------------------------------------------------------------------------


def answer(world: World, desk: Desk, method: str, tenant: Tenant) -> str:
    """Everything a method tells, refusals included, in lower case."""
    try:
        result = world.ask(desk, method, tenant)
    except NotFound:
        raise
    except IcalsyncError as error:
        return f"{error.message} {error.next_step} {error.facts}".lower()
    told = result.decode("utf-8").lower() if isinstance(result, bytes) else text_of(result)
    return told + (text_of(result.frame) if hasattr(result, "frame") else "")


@pytest.mark.parametrize("post", POSTS)
def test_no_method_in_any_role_tells_anything_of_another_tenant_s5(world: World, post: str) -> None:
    """S5: with one's own arguments, with an account that both share, and with no sub-account named at all."""
    desk = world.desk(post, "ACME")
    for method in METHODS:
        if not desk.may(method) or method in WRITING:
            continue
        told = answer(world, desk, method, world.acme)
        if "sub_account" in inspect.signature(getattr(Desk, method)).parameters and "sub_account" not in _required(method):
            told += text_of(getattr(desk, method)())
        assert [canary for canary in sorted(world.canaries(world.globex)) if canary in told] == [], method
        assert post != "analyst" or not NO_TITLES.search(told), f"{method}: R18"


def _required(method: str) -> set[str]:
    return {name for name, each in inspect.signature(getattr(Desk, method)).parameters.items() if each.default is each.empty}


def test_the_check_above_can_fail(world: World) -> None:
    """Who sees all is told of both, so the canaries are there to be found."""
    told = "".join(
        text_of(getattr(world.desk("admin"), method)()) for method in ("people", "connections", "drifts", "alerts", "invitations")
    )
    for tenant in (world.acme, world.globex):
        assert {canary for canary in world.canaries(tenant) if canary in told} >= {
            tenant.name,
            *_lower(world, tenant, "drift_id", "alert_id"),
        }


def _lower(world: World, tenant: Tenant, *names: str) -> set[str]:
    return {world.more[tenant.name][name].lower() for name in names}


BY_ID: Final = sorted((method, kind) for method in METHODS for kind in set(inspect.signature(getattr(Desk, method)).parameters) & KINDS)


@pytest.mark.parametrize(("method", "kind"), BY_ID)
def test_an_id_of_another_tenant_is_answered_like_one_that_does_not_exist(world: World, method: str, kind: str) -> None:
    """S5, IDOR: the same error with the same words, and nothing is done; what is no id at all is no way around it either."""
    desk, foreign, told = world.desk("admin", "acme"), world.value_of(kind, method, world.globex), []
    for identifier in (foreign, "0123456789abcdef", *_NOBODYS[None in _default(method, kind)]):
        with pytest.raises(NotFound) as caught:
            world.ask(desk, method, world.acme, **{kind: identifier})
        said = repr(identifier if isinstance(identifier, str) else "")
        told.append((type(caught.value), caught.value.message.replace(said, "ID"), caught.value.next_step.replace(said, "ID")))
    assert len(set(told)) == 1, told


_NOBODYS: Final = {False: ("", None, ["globex"], 0), True: ("", ["globex"], 0)}
"""What is no name; None is one where, and only where, a method can be asked about all of the reader's (is that its default?)."""


def _default(method: str, name: str) -> tuple[Any, ...]:
    return (inspect.signature(getattr(Desk, method)).parameters[name].default,)


BY_NAME: Final = [method for method in METHODS if "sub_account" in inspect.signature(getattr(Desk, method)).parameters]


def test_another_tenants_name_is_answered_like_one_that_does_not_exist(world: World) -> None:
    """S5: for every method that takes one, whatever the case it is written in."""
    desk = world.desk("admin", "acme")
    for method in BY_NAME:
        told = []
        for name in ("globex", "GLOBEX", "nowhere", *_NOBODYS[None in _default(method, "sub_account")]):
            with pytest.raises(NotFound) as caught:
                world.ask(desk, method, world.acme, sub_account=name)
            told.append((type(caught.value), caught.value.message.replace(repr(name if isinstance(name, str) else ""), "X")))
        assert len(set(told)) == 1, method


def test_what_also_serves_others_is_elsewhere_without_name_or_count(world: World) -> None:
    """Issue 7: an Apple ID that serves another tenant's users, too: a fact, and nothing more."""
    rows = {row["account_name"]: row for row in world.desk("support", "acme").connections()}
    assert (rows[SHARED]["elsewhere"], rows[world.acme.account]["elsewhere"]) == (True, False)
    assert [user["user_id"] for user in rows[SHARED]["users"]] == ["sam"]
    assert world.acme.account in rows
    assert world.globex.account not in rows
    everywhere = {row["account_name"]: row for row in world.desk("admin").connections()}
    assert {user["sub_account"] for user in everywhere[SHARED]["users"]} == {"acme", "globex"}
    assert not everywhere[SHARED]["elsewhere"]
    ends = world.desk("admin", "acme").disconnecting("acme", "sam", rows[SHARED]["integration_id"])
    assert (ends["elsewhere"], ends["last"]) == (True, False)
    assert all(run["pushed"] is None for run in world.desk("admin", "acme").runs() if run["elsewhere"])


def test_of_a_double_booking_across_sub_accounts_the_other_side_is_elsewhere(world: World) -> None:
    """Issue 7: that the person is taken there, and nothing of when until when, by what, or under which name."""
    pats = world.desk("analyst", "acme").double_bookings("acme", "pat")
    (row,) = pats.to_dict("records")
    assert row["cause"] == "CROSS_SUB_ACCOUNT"
    (far,) = [side for side in ("first", "second") if row[f"{side}_source"] == "elsewhere"]
    hidden = {name: row[name] for name in row if name.startswith(far) and name not in {f"{far}_source", f"{far}_calendar"}}
    assert len(hidden) == 6
    assert all(pd.isna(value) for value in hidden.values()), hidden
    assert row[f"{far}_calendar"] == ""
    assert "quinn" not in text_of(pats)
    desk = world.desk("admin")
    assert set(desk.double_bookings()["sub_account"]) >= {"acme", "globex"}
    found = desk.double_bookings("acme", "pat")
    assert desk.by_cause(found=found)[["cause", "findings", "share"]].to_dict("records") == [
        {"cause": "CROSS_SUB_ACCOUNT", "findings": 1, "share": 1.0}
    ]
    assert [str(week) for week in desk.trend(found=found)["week"]] == ["2027-02-01 00:00:00"]


def test_a_reader_of_nothing_sees_nothing(world: World) -> None:
    """No sub-account is not all of them."""
    desk = world.app.desk(Reader("nobody", "admin", frozenset()))
    for method in ("people", "connections", "outbox", "drifts", "runs", "lag", "errors", "quarantine", "alerts", "silent", "lost_rights"):
        assert getattr(desk, method)() == [], method
    assert desk.double_bookings().empty
    assert desk.trend().empty
    assert desk.audit() == world.desk("admin").audit(most=-1) == world.desk("admin").runs(most=-1) == []


# --- titles ------------------------------------------------------------------------------------------------------------------------------


def test_support_sees_the_titles_of_our_own_bookings_and_an_analyst_a_mask_r18(world: World) -> None:
    """R18; that an analyst is told no title by any method at all, the tests above say."""
    analyst, support = world.desk("analyst", "acme"), world.desk("support", "acme")
    assert [row["title"] for row in support.appointments("acme", "sam")] == ["Title of acme"]
    assert "Note of acme" in {row["note"] for row in support.blocked_slots("acme")}
    assert [row["title"] for row in support.drifts()] == ["Title of acme"]
    assert [row["title"] for row in analyst.appointments("acme", "sam")] == ["•••"]


def test_a_reveal_needs_the_right_and_a_reason_and_stands_in_the_log_under_the_readers_name_r18_s23(world: World) -> None:
    """S23: before anybody sees a title."""
    analyst, support = world.desk("analyst", "acme"), world.desk("support", "acme")
    where = ("acme", "sam", "2027-01-04 10:00")
    with pytest.raises(NotAllowed):
        analyst.explain(*where, reveal=True, reason="curious")
    with pytest.raises(NotAllowed):
        analyst.explain_appointment(world.acme.ids["appointment_id"], reveal=True, reason="curious")
    with pytest.raises(InvalidInput):
        support.explain(*where, reveal=True, reason="  ")
    broken = (world.acme.ids["calendar_id"], world.more["acme"]["href"])
    with pytest.raises(InvalidInput):
        support.quarantined(*broken, reveal=True)
    assert "raw" not in support.quarantined(*broken)
    assert "•••" in str(support.explain(*where))
    assert "Title of acme" in str(support.explain(*where, reveal=True, reason="ticket 12"))
    assert b"BEGIN:VEVENT" in support.quarantined(*broken, reveal=True, reason="ticket 13")["raw"]
    told = [
        (row["actor"], row["action"], row["reason"]) for row in world.desk("admin", "acme").audit() if row["action"].startswith("REVEAL")
    ]
    assert told[:2] == [("support-of-acme", "REVEAL_QUARANTINED", "ticket 13"), ("support-of-acme", "REVEAL_EXPLANATION", "ticket 12")]


# --- what the desk does ------------------------------------------------------------------------------------------------------------------


def test_a_proposal_is_recorded_and_settles_nothing_and_an_admin_settles(world: World) -> None:
    """Issue 7, R11: support proposes; what each way would do stands beside it; both are logged under their names."""
    support, admin, drift_id = world.desk("support", "globex"), world.desk("admin", "globex"), world.more["globex"]["drift_id"]
    row = support.propose(drift_id, "accept", reason="the customer moved it")
    assert row["settled_at"] is None
    assert {way["settlement"]: way["possible"] for way in row["ways"]} == {"accept": True, "restore": True, "keep": True}
    assert len({way["says"] for way in row["ways"]}) == 3
    assert [(each["settlement"], each["proposed_by"]) for each in row["proposals"]] == [("accept", "support-of-globex")]
    with pytest.raises(InputError):
        support.propose(drift_id, "accept", reason=" ")
    with pytest.raises(InputError):
        support.propose(drift_id, "toss a coin", reason="why not")
    settled = admin.settle(drift_id, "accept", reason="agreed")
    assert (settled["settlement"], settled["ways"]) == ("accept", [])
    with pytest.raises(InputError):
        support.propose(drift_id, "keep", reason="too late")
    lines = [(line["actor"], line["action"], line["reason"]) for line in admin.audit() if line["action"].endswith("DRIFT")]
    assert lines == [
        ("admin-of-globex", "SETTLE_DRIFT", "agreed"),
        ("support-of-globex", "PROPOSE_DRIFT", "the customer moved it"),
    ]


def test_a_preview_of_the_choice_in_force_changes_nothing_and_of_none_frees_what_was_taken(world: World) -> None:
    """The preview is what would be: of the present choice it says the present, with the warning of R5 where that is lifted."""
    desk, mine = world.desk("admin", "acme"), world.acme.ids["calendar_id"]
    world.app.set_hours("acme", "sam", {"weekly": "Mon-Fri 09:00-17:00"})
    world.app.set_policy("acme", "sam", {"unknown": "warn"})  # there is something that cannot be read
    same = desk.preview("acme", "sam", linked=mine, conflicts=[mine], days=60)
    assert same.hours_now == same.hours_then > 0
    assert (same.hours_lost, same.hours_gained) == (0, 0)
    assert not any("linked, but is no conflict calendar" in warning for warning in same.warnings)
    other = desk.preview("acme", "sam", linked=mine, conflicts=[], days=60)
    assert (other.events, other.hours_lost) == (0, 0)
    assert other.hours_gained > 0
    assert any("linked, but is no conflict calendar" in warning for warning in other.warnings)
    assert desk.calendars("acme", "sam") == desk.calendars("ACME", "SAM")


def test_a_choice_that_cannot_be_leaves_everything_as_it_was(world: World) -> None:
    """All or nothing: an unknown calendar among the right ones."""
    desk = world.desk("admin", "acme")
    before = world.app.roles("acme", "sam")
    with pytest.raises(NotFound):
        desk.choose("acme", "sam", linked=world.acme.ids["calendar_id"], conflicts=[world.acme.ids["calendar_id"], "nowhere"])
    with pytest.raises(NotFound):
        desk.choose("acme", "sam", linked=world.globex.ids["calendar_id"], conflicts=[])
    assert world.app.roles("acme", "sam") == before


def test_a_permanent_link_pins_the_question_and_says_nothing_of_the_answer(world: World) -> None:
    """Asked again with what it holds, the answer is the same; whoever may not ask it is told nothing."""
    desk = world.desk("support", "acme")
    first = desk.explain("acme", "sam", "2027-01-04 10:00")
    address = desk.explain_address(first)
    assert set(address) == {"user", "at", "length", "known_at", "asked_at"}
    told = {name: address[name] for name in ("length", "known_at", "asked_at")}
    again = desk.explain("acme", "sam", address["at"], **told)
    assert (again.reason, again.offered, again.asked_at) == (first.reason, first.offered, first.asked_at)
    assert desk.explain_address(again) == address
    with pytest.raises(NotFound):
        world.desk("support", "globex").explain("acme", "sam", address["at"], **told)


def test_downloads_are_safe_against_formulas(world: World) -> None:
    """ASVS 1.2.10: a title or a name never runs in a spreadsheet."""
    frame = pd.DataFrame({"name": ["=1+1", "plain"], "hours": [1.5, 2.0]})
    desk = world.desk("analyst", "acme")
    assert desk.download(frame, "csv").decode().splitlines() == ["name,hours", "'=1+1,1.5", "plain,2.0"]
    assert desk.download(frame, "csv", dialect="excel-de").startswith("\ufeff".encode())
    assert desk.download(frame, "parquet")[:4] == b"PAR1"
    with pytest.raises(InvalidInput):
        desk.download(frame, "../../etc/passwd")


# --- what must not be --------------------------------------------------------------------------------------------------------------------


def test_nothing_alters_the_audit_log_s23(world: World) -> None:
    """S23: no SQL that anybody can ask reaches it, and no code of ours writes but at its end."""
    before = world.desk("admin").audit(most=5000)
    for query in (
        "DELETE FROM audit_log",
        "UPDATE audit_log SET actor = 'x'",
        "DROP VIEW audit_log",
        "FROM _kept.audit_log",
        "TRUNCATE audit_log",
    ):
        with pytest.raises(QueryRefused):
            world.app.sql(query)
    assert world.desk("admin").audit(most=5000) == before
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "icalsync").rglob("*") if path.suffix in {".py", ".sql"}}
    altering = "UPDATE|DELETE FROM|INSERT INTO|TRUNCATE|DROP TABLE|ALTER TABLE"
    writing = re.compile(rf"({altering})\s+(_kept\.)?audit_log(?! ADD COLUMN)", re.IGNORECASE)
    assert [path.name for path, text in texts.items() if writing.search(text)] == []
    assert {path.name for path, text in texts.items() if 'append("audit_log"' in text} == {"audit.py"}


def test_identity_never_comes_from_a_header_s13() -> None:
    """S13: Streamlit is told to trust none, and no code of ours reads any; that there is one may only close what was open."""
    from icalsync.cli import dashboard  # noqa: PLC0415  # only here

    assert dashboard.OPTIONS["server.trustedUserHeaders"] == "{}"
    reading = re.compile(r"context\.headers\b(?! for name in RELAYS)|Remote-User|trusted_?user", re.IGNORECASE)
    ours = [path for name in ("icalsync", "dashboard") for path in (ROOT / name).rglob("*.py")]
    assert [path.name for path in ours if reading.search(path.read_text(encoding="utf-8")) and path.name != "dashboard.py"] == []


def test_a_dashboard_is_driven_by_its_own_pages_alone_s12(tmp_path: Path) -> None:
    """S12: cross-site requests and foreign names are refused; a public one answers to its own name only."""
    from icalsync.cli import dashboard  # noqa: PLC0415  # only here

    kept = {"server.enableCORS": True, "server.enableXsrfProtection": True, "server.enableAgentApi": False, "client.allowedOrigins": []}
    assert kept.items() <= dashboard.OPTIONS.items()
    here = dashboard.reach(load_settings({}, database=tmp_path / "x.duckdb"), "127.0.0.1")
    assert here == {"server.address": "127.0.0.1", "server.allowedHosts": ["localhost", "127.0.0.1", "::1"]}
    public = dashboard.reach(load_settings({}, dashboard_url="https://cal.example.org/x"), "0.0.0.0")
    assert public["server.allowedHosts"] == ["localhost", "127.0.0.1", "::1", "cal.example.org"]
    assert public["server.corsAllowedOrigins"] == ["https://cal.example.org"]
    typed = dashboard.reach(load_settings({}, dashboard_url="https://Cal.Example.org:443/x"), "0.0.0.0")
    assert typed["server.corsAllowedOrigins"] == ["https://cal.example.org"], "as a browser says it"
    everywhere = dashboard.reach(load_settings({}, database=tmp_path / "x.duckdb"), "0.0.0.0")
    assert everywhere["browser.serverAddress"] == "localhost", "unset, Streamlit asks a host on the internet for this one's address"


def test_nothing_is_pickled_and_nothing_of_a_tenant_is_cached_for_all_s21_s4() -> None:
    """S21, S4: no pickle in sessions or caches; Streamlit's caches are everybody's, so that nothing of ours goes there."""
    pickling = re.compile(r"^\s*(import|from) (pickle|shelve|marshal|dill|cloudpickle|joblib)\b", re.MULTILINE)
    caching = re.compile(r"st\.cache_(data|resource)|@cache_(data|resource)")
    texts = {path: path.read_text(encoding="utf-8") for name in ("icalsync", "dashboard") for path in (ROOT / name).rglob("*.py")}
    # workers speak to a process of their own, which they started; nothing of it is kept
    assert [path.name for path, text in texts.items() if pickling.search(text) and path.parent.name != "workers"] == []
    assert [path.name for path, text in texts.items() if caching.search(text)] == []


def test_passwords_of_readers_have_one_door() -> None:
    """Nothing but ``secret.signing_in`` knows ``argon2``, and it only when somebody signs in."""
    ours = [path for name in ("icalsync", "dashboard") for path in (ROOT / name).rglob("*.py")]
    found = [path.name for path in ours if re.search(r"^\s*(from|import) argon2", path.read_text(encoding="utf-8"), re.MULTILINE)]
    assert found == ["signing_in.py"]


def test_the_key_and_what_it_locks_never_lie_in_one_directory_by_default_s19(world: World) -> None:
    """S19: a backup of the data directory holds no key, and the database no password at all."""
    settings = load_settings({})
    assert settings.secret_key_file.parent != settings.database.parent
    assert not settings.secret_key_file.is_relative_to(settings.database.parent)
    kept = b"".join(path.read_bytes() for path in world.app.path.parent.iterdir() if path.is_file())
    assert PASSWORD.encode() not in kept
