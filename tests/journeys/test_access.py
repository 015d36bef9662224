"""Signing in, and being invited, from the first command to the last click: by name and password, through a provider, by a link."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

import icalsync
from icalsync.app import App, signing
from icalsync.core.access import Reader
from icalsync.errors import (
    AuthenticationRejected,
    InvitationInvalid,
    NotAllowed,
    PasswordForm,
    PublicWithoutSignIn,
    SessionEnded,
    SignInLocked,
    SignInRefused,
    StoreInUse,
    StoreLocked,
    UnknownIntegration,
)
from icalsync.ports import Secret
from icalsync.settings import load_settings
from icalsync.store.accounts import Accounts
from tests.faults.world import held_open
from tests.icloud.clock import MovableClock
from tests.icloud.fixtures import ANNA, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.icloud import ICloud
    from tests.journeys.conftest import Cli

IN_PROCESS = True
LONG = "correct horse battery"
WRONG = "wrong horse battery"
CONFIG = """
[dashboard]
secrets_file = "secrets.toml"
[dashboard.readers]
"Petra@Example.org" = {role = "support", sub_accounts = ["acme"]}
"root@example.org" = {role = "admin"}
"kirk@example.org" = {role = "admin"}
"""


@pytest.fixture
def clock() -> MovableClock:
    """Time that a test moves."""
    return MovableClock()


@pytest.fixture
def app(tmp_path: Path, clock: MovableClock) -> Iterator[App]:
    """An empty database with one sub-account, on the look-alike's settings."""
    places = {"database": tmp_path / "data" / "x.duckdb", "secret_key_file": tmp_path / "keys" / "secret.key"}
    opened = icalsync.open(settings=load_settings({}, allow_private_hosts=True, **places), clock=clock, actor="root")
    with held_open(opened):
        opened.add_sub_account("acme", display_name="Acme Clinic", time_zone="Europe/Berlin")
        opened.add_user("acme", "anna", name="Anna Adler")
        yield opened


# --- where one has to sign in ------------------------------------------------------------------------------------------------------------


def test_a_dashboard_that_others_can_reach_does_not_start_without_sign_in_s13(clinic: Cli) -> None:
    """S13: exit 3, and how to make it possible; with an account, people sign in, wherever it listens."""
    error = clinic("dashboard", "--address", "0.0.0.0", "--json", code=3).error
    assert error["error"] == "PUBLIC_WITHOUT_SIGN_IN"
    assert "dashboard-user add" in error["next_step"]
    public = {"ICALSYNC_DASHBOARD_URL": "https://cal.example.org"}
    assert clinic("dashboard", "--json", code=3, **public).error["error"] == "PUBLIC_WITHOUT_SIGN_IN", "a proxy brings others here"
    clinic("dashboard-user", "add", "petra", "--role", "support", "--password-stdin", stdin=LONG + "\n")
    app = icalsync.open(settings=load_settings(clinic.environment))
    assert [app.sign_in_way(address) for address in ("0.0.0.0", None, "127.0.0.1")] == ["local"] * 3
    with pytest.raises(NotAllowed):
        app.open_reader("127.0.0.1")


def test_on_this_machine_alone_its_user_is_an_admin(app: App) -> None:
    """Who can open the database's file needs no password for its dashboard; nobody else gets that far."""
    assert app.sign_in_way("127.0.0.1") == "open"
    reader = app.open_reader("127.0.0.1")
    assert (reader.name, reader.role, reader.sub_accounts) == (signing.os_user(), "admin", None)
    for address in (None, "192.0.2.1"):
        with pytest.raises(PublicWithoutSignIn):
            app.open_reader(address)
    for ask in (app.open_reader, app.sign_in_way):
        with pytest.raises(PublicWithoutSignIn, match=r"At 127\.0\.0\.1, through a proxy, others can reach the dashboard"):
            ask("127.0.0.1", relayed=True)


def test_accounts_are_made_listed_and_removed_and_no_password_is_shown(clinic: Cli) -> None:
    """The command line: a short password, an unknown sub-account and a second removal are refused in plain words."""
    add = ("dashboard-user", "add", "petra", "--role", "support", "--password-stdin", "--json")
    assert clinic(*add, stdin="short\n", code=2).error["error"] == "INVALID_INPUT"
    assert clinic(*add, "--sub-account", "NOWHERE", stdin=LONG + "\n", code=2).error["error"] == "UNKNOWN_SUB_ACCOUNT"
    assert clinic(*add[:-2], "--json", code=2).error["error"] == "PASSWORD_MISSING"
    made = clinic(*add, "--sub-account", "acme", stdin=LONG + "\n").json
    assert (made["name"], made["role"], made["sub_accounts"]) == ("petra", "support", ["ACME"])
    listed = clinic("dashboard-user", "list", "--json")
    assert [row["name"] for row in listed.json] == ["petra"]
    assert "argon2" not in listed.out
    assert LONG not in listed.out
    clinic("dashboard-user", "remove", "petra")
    assert clinic("dashboard-user", "remove", "petra", "--json", code=2).error["error"] == "NOT_FOUND"


# --- by name and password ----------------------------------------------------------------------------------------------------------------


def refused(app: App, name: str, password: str = WRONG) -> tuple[str, str, float]:
    """What somebody is told who may not in, and how long it took."""
    began = time.monotonic()
    with pytest.raises(SignInRefused) as caught:
        app.sign_in(name, password, source="198.51.100.1")
    return caught.value.message, caught.value.next_step, time.monotonic() - began


def test_a_session_holds_the_role_as_it_is_now_and_ends(app: App, clock: MovableClock) -> None:
    """Signed in, another role, idle, signed out, removed: each is felt with the next click."""
    app.add_reader("petra", "analyst", LONG, sub_accounts=["acme"])
    session = app.sign_in("Petra", LONG)
    assert session.reader == Reader("petra", "analyst", frozenset({"acme"}))
    assert session.token.reveal() not in repr(session)
    assert app.signed_in(session.token) == session.reader
    clock.advance(59 * 60)
    assert app.signed_in(session.token.reveal()) == session.reader
    clock.advance(60 * 60)
    sessions = [session]
    app.sign_out((last := app.sign_in("petra", LONG)).token)
    sessions.append(last)
    sessions.append(app.sign_in("petra", LONG))
    app.add_reader("petra", "support", LONG)
    sessions.append(app.sign_in("petra", LONG))
    assert app.signed_in(sessions[-1].token).role == "support"
    app.remove_reader("petra")
    for each in sessions:
        with pytest.raises(SessionEnded):
            app.signed_in(each.token)
    with pytest.raises(SessionEnded):
        app.signed_in("never made")


def test_a_wrong_password_and_an_unknown_name_are_told_the_same_and_take_as_long_s11(app: App) -> None:
    """S11: neither the words nor the time tell which names there are."""
    app.add_reader("petra", "admin", LONG)
    known, unknown = refused(app, "petra"), refused(app, "nobody")
    assert known[:2] == unknown[:2]
    assert all(took >= signing.REFUSAL_LASTS for *_, took in (known, unknown))


def test_too_many_wrong_passwords_lock_for_longer_each_time_s11(
    app: App, clock: MovableClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """S11: also for the right password; it is logged, and no password is."""
    monkeypatch.setattr(signing, "REFUSAL_LASTS", 0.0)
    app.add_reader("petra", "admin", LONG)
    for _ in range(5):
        refused(app, "petra")
    with pytest.raises(SignInLocked) as caught:
        app.sign_in("petra", LONG, source="198.51.100.1")
    assert (caught.value.facts["seconds"], caught.value.facts["wait"], caught.value.exit_code) == (60, "1 min", 3)
    clock.advance(60)
    assert app.sign_in("petra", LONG).reader.name == "petra"
    log = [(row["action"], row["object"]) for row in app.desk(Reader("root", "admin")).audit()]
    assert ("SIGN_IN_LOCKED", "name petra 5 failures") in log
    assert WRONG not in caplog.text + repr(log)
    assert LONG not in caplog.text + repr(log)


# --- through a provider ------------------------------------------------------------------------------------------------------------------


def test_whom_a_provider_vouches_for_is_what_the_settings_make_of_them(app: App, clock: MovableClock, tmp_path: Path) -> None:
    """OIDC is who somebody is, and not what they may: only verified addresses that are named, whatever their case; its word grows old."""
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    settings = load_settings({"ICALSYNC_CONFIG": str(tmp_path / "config.toml")}, database=app.path)
    assert settings.dashboard.secrets_file == tmp_path / "secrets.toml"
    oidc = icalsync.open(settings=settings, clock=clock)
    assert oidc.sign_in_way("0.0.0.0") == "oidc"
    said = int(clock.now().timestamp())
    petra = {"email": "Petra@example.org", "email_verified": True, "iat": said}
    assert oidc.oidc_reader(petra) == Reader("Petra@Example.org", "support", frozenset({"acme"})), "spelt as in the settings"
    assert oidc.oidc_reader({"email": "root@example.org", "email_verified": True, "iat": said}).sub_accounts is None
    strangers: list[dict[str, Any]] = [
        {},
        {"email": "petra@example.org"},
        {"email": "petra@example.org", "email_verified": False},
        {"email": "petra@example.org", "email_verified": "true"},
        {"email": "eve@example.org", "email_verified": True},
        {"email": ["petra@example.org"], "email_verified": True},
        {"name": "petra@example.org", "email_verified": True},
        {"email": "\u212airk@example.org", "email_verified": True},  # the Kelvin sign, which Unicode folds to k
    ]
    for claims in strangers:
        with pytest.raises(NotAllowed):
            oidc.oidc_reader(claims | {"iat": said})
    clock.advance(12 * 60 * 60 - 1)
    assert oidc.oidc_reader(petra).role == "support"
    clock.advance(1)
    for old in (petra, petra | {"iat": None}, {name: claim for name, claim in petra.items() if name != "iat"}):
        with pytest.raises(SessionEnded):
            oidc.oidc_reader(old)
    with pytest.raises(NotAllowed):
        app.oidc_reader({"email": "root@example.org", "email_verified": True})  # nobody set a provider up here


# --- by a link ---------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def invited(app: App, icloud: ICloud) -> App:
    """The same, with the look-alike as iCloud."""
    app._parts.settings = app._parts.settings.model_copy(update={"icloud_url": icloud.url, "dashboard_url": "https://cal.example.org/x/"})
    return app


def locked(*_: Any, **__: Any) -> None:
    """Another process is at the database."""
    raise StoreLocked(path="/secret/place", holder="PID 12 on secret-host")


def test_an_invited_person_connects_their_account_and_picks_calendars_and_nobody_learns_the_password(
    invited: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password leaves the link as it was; success uses it up, and what carries on does nothing but pick calendars."""
    row = invited.desk(Reader("petra", "admin", frozenset({"acme"}))).invite("acme", "anna")
    assert row["link"] == f"https://cal.example.org/x/?invite={row['token']}"
    person = invited.invitation(row["token"])
    assert (person.purpose, person.user_name, person.sub_account_name, person.connected) == ("connect", "Anna Adler", "Acme Clinic", False)
    assert len(person.guide()) == 5
    assert row["token"] not in repr(person)
    for early in (person.calendars, person.sync, lambda: person.choose(linked=None, conflicts=[])):
        with pytest.raises(InvitationInvalid):
            early()
    with pytest.raises(PasswordForm):
        person.connect("icloud", ANNA, Secret(WRONG))
    with pytest.raises(AuthenticationRejected):
        person.connect("icloud", ANNA, Secret("xxxx-xxxx-xxxx-xxxx"))
    stages: list[str] = []
    done = invited.invitation(row["token"]).connect("icloud", ANNA, Secret(PASSWORD), report=stages.append)
    assert stages == ["form", "address", "principal", "calendars", "saving", "done"]
    for again in (lambda: invited.invitation(row["token"]), lambda: person.connect("icloud", ANNA, Secret(PASSWORD))):
        with pytest.raises(InvitationInvalid):
            again()
    going_on = invited.invitation(done["carry_on"])
    assert going_on.connected
    with pytest.raises(InvitationInvalid):
        going_on.connect("icloud", ANNA, Secret(PASSWORD))
    names = {each["display_name"]: each["calendar_id"] for each in going_on.calendars()}
    assert not {"used_by", "elsewhere"} & set(going_on.calendars()[0])
    assert going_on.preview(linked=names["Work"], conflicts=[names["Work"]]).events == 0
    roles = going_on.choose(linked=names["Work"], conflicts=[names["Work"]])
    assert {(each["role"], each["display_name"]) for each in roles} == {("LINKED", "Work"), ("CONFLICT", "Work")}
    told = going_on.sync()
    assert (told.exit_code, told.runs[0]["pushed"]) == (0, None)
    with monkeypatch.context() as patched:
        patched.setattr(Accounts, "calendars", locked)
        with pytest.raises(StoreInUse):
            going_on.calendars()
    log = [
        (line["actor"], line["action"])
        for line in invited.desk(Reader("root", "admin")).audit()
        if "INVIT" in line["action"] or line["action"] == "CONNECT"
    ]
    assert log == [("invited acme/anna", "USE_INVITATION"), ("invited acme/anna", "CONNECT"), ("petra", "INVITE")]
    invited.desk(Reader("petra", "admin")).revoke_invitation(row["invitation_id"])
    with pytest.raises(InvitationInvalid):
        going_on.calendars()


def test_a_link_for_a_new_password_reconnects_the_persons_own_account_and_no_other(invited: App, clock: MovableClock) -> None:
    """Bound to the user and the purpose: it connects nothing new, and reaches nobody else's account; after 72 h it is over."""
    mine = invited.connect("acme", "anna", provider="icloud", account=ANNA, password=PASSWORD)["integration_id"]
    row = invited.invite("acme", "anna", purpose="reconnect")
    person = invited.invitation(row["token"])
    assert [(each["integration_id"], each["account_name"]) for each in person.accounts()] == [(mine, ANNA)]
    with pytest.raises(InvitationInvalid):
        person.connect("icloud", ANNA, Secret(PASSWORD))
    with pytest.raises(UnknownIntegration):
        person.reconnect("int-0000000000", Secret(PASSWORD))
    clock.advance(timedelta(hours=72).total_seconds() - 1)
    assert person.reconnect(mine, Secret(PASSWORD))["status"] == "ok"
    late = invited.invite("acme", "anna", purpose="reconnect", integration_id=mine)
    clock.advance(timedelta(hours=72).total_seconds())
    with pytest.raises(InvitationInvalid):
        invited.invitation(late["token"])


def revoking(app: App, invitation_id: str) -> Callable[[str], None]:
    """An admin who revokes the link just as what was found under it is to be saved."""

    def heard(stage: str) -> None:
        if stage == "saving":
            app.desk(Reader("petra", "admin")).revoke_invitation(invitation_id)

    return heard


def test_a_link_that_is_revoked_while_it_is_used_connects_nothing(invited: App) -> None:
    """Just as the account is to be saved: there is no connection, no account and no password."""
    row = invited.invite("acme", "anna")
    with pytest.raises(InvitationInvalid):
        invited.invitation(row["token"]).connect("icloud", ANNA, Secret(PASSWORD), report=revoking(invited, row["invitation_id"]))
    assert invited.integrations() == []
    assert "int-" not in invited._parts.settings.secrets_file.read_text(encoding="utf-8")


def test_a_link_that_is_revoked_while_it_is_used_changes_no_password(invited: App) -> None:
    """The same for an account that others use already, and for a new password: the old one stands."""
    old = Secret("xxxx-xxxx-xxxx-xxxx")
    invited.add_user("acme", "ben")
    mine = invited.connect("acme", "ben", provider="icloud", account=ANNA, password=PASSWORD)["integration_id"]
    invited._parts.secrets.put(mine, old)
    row = invited.invite("acme", "anna")
    with pytest.raises(InvitationInvalid):
        invited.invitation(row["token"]).connect("icloud", ANNA, Secret(PASSWORD), report=revoking(invited, row["invitation_id"]))
    assert (invited.integrations("acme", "anna"), invited._parts.secrets.get(mine)) == ([], old)
    row = invited.invite("acme", "ben", purpose="reconnect")
    with pytest.raises(InvitationInvalid):
        invited.invitation(row["token"]).reconnect(mine, Secret(PASSWORD), report=revoking(invited, row["invitation_id"]))
    assert invited._parts.secrets.get(mine) == old
    log = [(line["actor"], line["action"]) for line in invited.desk(Reader("root", "admin")).audit()]
    assert log[0] == ("invited acme/ben", "RECONNECT_FAILED")
    assert "RECONNECT" not in {action for _, action in log}


def test_a_deletion_that_somebody_forces_is_logged_under_their_name_s23(invited: App) -> None:
    """S23, R13: who said that many events are really gone, and of which calendar; a credential's changes too."""
    mine = invited.connect("acme", "anna", provider="icloud", account=ANNA, password=PASSWORD)["integration_id"]
    work = invited.calendar("acme", "anna", "Work")["calendar_id"]
    invited.sync("acme", "anna", confirm_deletions=["Work"])
    desk = invited.desk(Reader("petra", "admin"))
    desk.reconnect(mine, Secret(PASSWORD))
    desk.disconnect("acme", "anna", mine)
    told = [(line["actor"], line["action"], line["object"]) for line in desk.audit()]
    assert told == [
        ("petra", "DISCONNECT", f"acme anna {mine}"),
        ("petra", "RECONNECT", mine),
        ("root", "CONFIRM_DELETIONS", work),
        ("root", "CONNECT", f"acme anna {mine}"),
    ]


def test_invite_prints_the_link_alone_on_standard_output(clinic: Cli) -> None:
    """``invite ACME anna``: to be piped into a mail; what is wrong is said in plain words."""
    shown = clinic("invite", "acme", "anna", ICALSYNC_DASHBOARD_URL="https://cal.example.org")
    assert shown.out.startswith("https://cal.example.org/?invite=")
    assert shown.out.count("\n") == 1
    assert "until" in shown.err
    told = clinic("invite", "ACME", "anna", "--json").json
    assert (told["link"], told["path"]) == (None, f"?invite={told['token']}")
    assert clinic("invite", "ACME", "anna", "--reconnect", "--json", code=2).error["error"] == "INVALID_INPUT"
    assert clinic("invite", "ACME", "nobody", "--json", code=2).error["error"] == "UNKNOWN_USER"
    assert clinic("invite", "ACME", "anna", "--integration", "x", "--json", code=2).error["error"] == "USAGE"
