"""Signing in through an OpenID Connect provider: the settings an administrator writes, a real provider, and a real browser between them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from icalsync.cli import main
from icalsync.messages import say
from tests.browser.conftest import Clinic, clinic_in
from tests.browser.hands import PATIENCE
from tests.browser.provider import Person, Provider
from tests.browser.serving import Dashboard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.browser.hands import Visitor

pytestmark = pytest.mark.timeout(180)
PETRA = Person("Petra Post", "Petra@Example.org")
ROOT = Person("Rita Root", "root@example.org")
UNKNOWN = Person("Ulf Unknown", "ulf@example.org")
UNVERIFIED = Person("Vera Verified", "root@example.org", verified=False)
YESTERDAY = Person("Rita Root of yesterday", "root@example.org", ago=24 * 60 * 60)
SETTINGS = """
[dashboard]
secrets_file = "secrets.toml"
[dashboard.readers]
"petra@example.org" = { role = "analyst", sub_accounts = ["ACME"] }
"root@example.org" = { role = "admin" }
"""


def written(values: dict[str, str], name: str = "auth") -> str:
    """A section of a TOML file."""
    return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """Some people have an account there; nobody ever asked it wrongly."""
    with Provider((PETRA, ROOT, UNKNOWN, UNVERIFIED, YESTERDAY)) as running:
        yield running
        assert running.refusals == []


@pytest.fixture(scope="module")
def dashboard(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """As README says it is set up, listening for everybody (S13); its log has no traceback, no secret and no code."""
    place = tmp_path_factory.mktemp("oidc")
    (place / "config.toml").write_text(SETTINGS, encoding="utf-8")
    clinic = clinic_in(place)
    people(clinic)
    environment = clinic.environment | {"ICALSYNC_CONFIG": str(place / "config.toml")}
    served = Dashboard(environment, place / "dashboard.log", address="0.0.0.0")
    provider.redirect_uri = f"{served.url}/oauth2callback"
    (place / "secrets.toml").write_text(provider.secrets_file, encoding="utf-8")
    with served:
        yield served
        assert [word for word in ("Traceback", provider.secret, "code=", "eyJ") if word in served.said] == []


def people(clinic: Clinic) -> None:
    """A user in each of two sub-accounts."""
    app = clinic.app
    for name in ("ACME", "OTHER"):
        app.add_sub_account(name, time_zone="Europe/Berlin")
    app.add_user("ACME", "anna", name="Anna Adler")
    app.add_user("OTHER", "olaf", name="Olaf Orth")


@pytest.fixture
def come_as(dashboard: Dashboard, provider: Provider, enter: Callable[..., Visitor]) -> Callable[..., Visitor]:
    """Open a page of the dashboard, click on "Sign in", say at the provider who one is, and come back to it."""

    def come(person: Person, page: str = "connections", **asked: str) -> Visitor:
        visitor = enter(dashboard, others=(provider.issuer,))
        visitor.open(page, **asked)
        visitor.sees(say("page.signing_in_oidc"))
        assert "Anna Adler" not in visitor.page.content()
        visitor.click("page.sign_in")
        visitor.page.get_by_role("button", name=person.name, exact=True).click()
        visitor.page.wait_for_url(f"{dashboard.url}/{page}**", timeout=PATIENCE)
        visitor.settle()
        return visitor

    return come


@pytest.mark.long
def test_a_reader_signs_in_at_the_provider_reads_what_their_role_may_and_signs_out_s13(
    come_as: Callable[..., Visitor], dashboard: Dashboard, provider: Provider
) -> None:
    """S13: name, role and sub-accounts are those of the settings, whatever the address's case; signed out, nothing stays in the browser."""
    visitor = come_as(PETRA)
    visitor.sees(PETRA.email)
    visitor.sees(say("page.role_and_reach", role=say("page.post.analyst"), where="ACME"))
    for name in ("availability", "why"):
        visitor.visit(name)
        expect(visitor.page.get_by_role("combobox", name=say("page.user"))).to_have_value("Anna Adler (ACME/anna)", timeout=PATIENCE)
        assert "Olaf" not in visitor.page.content(), name
    assert visitor.button("page.add_new").count() == 0
    assert set(kept_of(visitor, dashboard).values()) == {True}, "no script can read who somebody is"
    visitor.click("page.sign_out")
    visitor.sees(say("page.signing_in_oidc"))
    deadline = time.monotonic() + PATIENCE / 1000
    while (left := kept_of(visitor, dashboard)) and time.monotonic() < deadline:
        visitor.page.wait_for_timeout(100)  # the browser goes to the provider and back
    assert left == {}
    assert provider.signed_out == [PETRA.email]
    visitor.open("connections")
    visitor.sees(say("page.signing_in_oidc"))
    assert "Anna Adler" not in visitor.page.content()


def kept_of(visitor: Visitor, dashboard: Dashboard) -> dict[str, bool]:
    """What the browser keeps of who somebody is, and whether scripts cannot read it."""
    cookies = visitor.context.cookies(dashboard.url)
    return {each["name"]: each["httpOnly"] for each in cookies if each["name"].startswith("_streamlit_user")}


@pytest.mark.long
def test_an_admin_who_comes_back_in_another_window_is_still_signed_in(come_as: Callable[..., Visitor], dashboard: Dashboard) -> None:
    """The provider's word is kept by the browser, not by the page: a reload asks nothing again; an admin sees every sub-account.

    A ticket's link leads to what it asks, through the provider and back.
    """
    visitor = come_as(ROOT, "why", user="OTHER/olaf", at="2026-11-24T09:00", length="45m")
    visitor.sees("Olaf Orth")
    assert [f"{name}={value}" in visitor.page.url for name, value in (("length", "45m"), ("at", "2026-11-24T09%3A00"))] == [True, True]
    visitor.sees(say("page.role_and_reach", role=say("page.post.admin"), where=say("page.everywhere")))
    visitor.open("connections", user="OTHER/olaf")
    expect(visitor.button("page.add_new")).to_be_visible(timeout=PATIENCE)
    expect(visitor.page.get_by_role("combobox", name=say("page.user"))).to_have_value("Olaf Orth (OTHER/olaf)", timeout=PATIENCE)
    visitor.click("page.sign_out")
    visitor.sees(say("page.signing_in_oidc"))


@pytest.mark.long
def test_what_a_provider_said_too_long_ago_has_to_be_said_again(come_as: Callable[..., Visitor]) -> None:
    """Their browser keeps it for 30 days; a session lasts twelve hours (``session_lasts``)."""
    visitor = come_as(YESTERDAY)
    visitor.sees(say("SESSION_ENDED"))
    assert "Anna Adler" not in visitor.page.content()
    visitor.click("page.sign_in")
    visitor.page.get_by_role("button", name=ROOT.name, exact=True).click()
    visitor.sees(say("page.role_and_reach", role=say("page.post.admin"), where=say("page.everywhere")))


@pytest.mark.long
@pytest.mark.parametrize("person", [UNKNOWN, UNVERIFIED], ids=["unknown", "unverified"])
def test_who_is_not_named_or_not_vouched_for_is_refused_in_plain_words(come_as: Callable[..., Visitor], person: Person) -> None:
    """S13: an address that the settings do not name, or that the provider does not call verified, opens nothing but the way out."""
    visitor = come_as(person)
    refusal = say("READER_UNVERIFIED") if person is UNVERIFIED else say("READER_UNKNOWN", email=person.email)
    visitor.sees(refusal)
    assert "Anna Adler" not in visitor.page.content()
    visitor.click("page.sign_out")
    visitor.sees(say("page.signing_in_oidc"))


GOOD = {
    "redirect_uri": "https://cal.example.org/oauth2callback",
    "cookie_secret": "0123456789" * 4,
    "client_id": "icalsync",
    "client_secret": "not to be told",
    "server_metadata_url": "https://id.example.org/.well-known/openid-configuration",
}


@pytest.mark.parametrize(
    ("section", "says"),
    [
        (None, "no such file or directory"),
        ("[auth", "is not valid TOML"),
        (written(GOOD, name="other"), "lacks redirect_uri, cookie_secret, client_id, client_secret, server_metadata_url"),
        (written(GOOD | {"client_secret": ""}), "lacks client_secret"),
        (written(GOOD | {"cookie_secret": "short"}), "shorter than 32 characters"),
    ],
    ids=["no file", "no TOML", "no section", "incomplete", "weak"],
)
def test_a_provider_that_is_set_up_halfway_is_said_before_anything_starts(
    section: str | None, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 and what is missing, instead of an error page for the first who signs in; no secret is repeated (R18)."""
    (tmp_path / "config.toml").write_text(SETTINGS, encoding="utf-8")
    if section is not None:
        (tmp_path / "secrets.toml").write_text(section, encoding="utf-8")
    for name, value in (clinic_in(tmp_path).environment | {"ICALSYNC_CONFIG": str(tmp_path / "config.toml")}).items():
        monkeypatch.setenv(name, value)
    assert main.run(["dashboard", "--json"]) == 2
    error = json.loads(capsys.readouterr().err)
    assert error["error"] == "SETTINGS_INVALID"
    assert says in error["message"]
    assert GOOD["client_secret"] not in error["message"]
