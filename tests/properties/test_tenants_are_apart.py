"""S5: two tenants in one database, and every method of ``App`` that takes a sub-account: nothing of the other tenant is ever told.

Arguments are made from the parameters' names, so a new method is covered as soon as it exists; one with a parameter nobody has met
before fails here until ``Tenant.value_of`` knows it.
"""

from __future__ import annotations

import dataclasses
import inspect
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pytest

import icalsync
from icalsync.app import App
from icalsync.errors import IcalsyncError, NotFound, UnknownSubAccount, UnknownUser
from icalsync.settings import load_settings
from tests.icloud import ICloud
from tests.servers import event_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD: Final = "abcd-efgh-ijkl-mnop"
SHARED: Final = "shared@icloud.com"
TENANT: Final = frozenset({"sub_account", "user_id", "user", "users"})
"""Parameters that say for whom something is asked."""
USERS: Final = ("user_id", "user", "users")
METHODS: Final = sorted(
    name
    for name, method in inspect.getmembers(App, callable)
    if not name.startswith("_") and TENANT & inspect.signature(method).parameters.keys()
)
ENDS: Final = ("unlink", "disconnect")
"""What takes away what the others need: asked last."""
WINDOW: Final = {"start": "2027-01-04", "end": "2027-01-06", "at": "2027-01-04 10:00"}


@dataclass
class Tenant:
    """A sub-account with what belongs to it alone."""

    name: str
    user: str
    """A user id that only this tenant has; ``sam`` is a user of both."""
    account: str
    directory: Path
    """Where its files go."""
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def canaries(self) -> set[str]:
        """What nobody else may ever be told."""
        own = {self.name, self.user, self.account, f"Title of {self.name}", f"sam@{self.name}.example", f"uid-{self.name}"}
        return {each.lower() for each in own | set(self.ids.values())}

    def value_of(self, name: str, method: str) -> Any:
        """A fitting value for a parameter of this name; KeyError for one nobody has met."""
        common = {
            "sub_account": self.name,
            "user_id": "sam",
            "user": "sam",
            "users": ["sam"],
            "calendar": self.ids["calendar_id"],
            "calendars": [self.ids["calendar_id"]],
            "integration_id": self.ids["integration_id"],
            "appointment_id": self.ids["appointment_id"],
            "provider": "icloud",
            "account": self.account,
            "password": PASSWORD,
            "title": f"Title of {self.name}",
            "policy": "flag",
            "time_zone": "Europe/Berlin",
            "output": self.directory / f"{method}.ics",
            "stop": _set_event(),
            "changes": {"unanswered": "busy"} if method == "set_policy" else {"slot_step": None},
            "name": self.ids["calendar_id"] if method == "calendar" else f"user of {self.name}",
        }
        return (common | WINDOW)[name]


def _set_event() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass(frozen=True)
class Both:
    """The database, and who is in it."""

    app: App
    acme: Tenant
    globex: Tenant


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Two tenants, each with an account of its own, and one account that serves a user of the same name in each."""
    directory = tmp_path_factory.mktemp("tenants")
    acme = Tenant("acme", "anna", "anna@icloud.com", tmp_path_factory.mktemp("first"))
    globex = Tenant("globex", "ben", "ben@icloud.com", tmp_path_factory.mktemp("second"))
    with ICloud({each.account: PASSWORD for each in (acme, globex)} | {SHARED: PASSWORD}, furnished=False) as cloud:
        places = {"database": directory / "data" / "two.duckdb", "secret_key_file": directory / "keys" / "secret.key"}
        app = icalsync.open(settings=load_settings({}, icloud_url=cloud.url, allow_private_hosts=True, **places))
        for tenant in (acme, globex):
            _furnish(app, cloud, tenant)
        yield Both(app, acme, globex)


def _furnish(app: App, cloud: ICloud, tenant: Tenant) -> None:
    own = cloud.account(tenant.account)
    calendar = own.add_calendar(f"Calendar of {tenant.name}")
    href = calendar.put("a.ics", event_at(f"uid-{tenant.name}", "20270104T090000Z", "20270104T100000Z", summary=f"Title of {tenant.name}"))
    calendar.put("bad.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:bad\r\nDTSTART:20270230T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    app.add_sub_account(tenant.name, display_name=f"{tenant.name} Inc.", time_zone="Europe/Berlin")
    app.add_user(tenant.name, "sam", name=f"Sam of {tenant.name}", email=f"sam@{tenant.name}.example")
    app.add_user(tenant.name, tenant.user, email=f"{tenant.user}@{tenant.name}.example")
    connected = app.connect(tenant.name, "sam", provider="icloud", account=tenant.account, password=PASSWORD)
    app.connect(tenant.name, "sam", provider="icloud", account=SHARED, password=PASSWORD)
    found = app.calendar(tenant.name, "sam", f"Calendar of {tenant.name}")
    tenant.ids |= {"integration_id": connected["integration_id"], "calendar_id": found["calendar_id"], "href": href, "dsid": own.dsid}
    app.link(tenant.name, "sam", found["calendar_id"])
    app.sync(tenant.name)
    times = ("2027-01-05 10:00", "2027-01-05 11:00")
    booked = app.book(tenant.name, "sam", *times, title=f"Title of {tenant.name}", contact_name=f"Guest of {tenant.name}", check=False)
    blocked = app.block(tenant.name, "sam", "2027-01-05 14:00", "2027-01-05 15:00", note=f"Note of {tenant.name}")
    tenant.ids |= {"appointment_id": booked["appointment_id"], "blocked_slot_id": blocked["blocked_slot_id"]}


def parameters(method: str) -> dict[str, inspect.Parameter]:
    """Those that have to be given, and those that say for whom or about what."""
    found = inspect.signature(getattr(App, method)).parameters
    about = TENANT | {"calendar", "stop"}
    return {name: each for name, each in found.items() if name != "self" and (each.default is each.empty or name in about)}


def ask(app: App, tenant: Tenant, method: str, **other: Any) -> Any:
    """Call a method as that tenant would."""
    if method == "add_user":
        return app.add_user(tenant.name, f"new-{len(app.users(tenant.name))}") if not other else app.add_user(**{"user_id": "x", **other})
    return getattr(app, method)(**{name: tenant.value_of(name, method) for name in parameters(method)} | other)


def text_of(result: Any) -> str:
    """Everything a result says, in lower case."""
    if isinstance(result, pd.DataFrame):
        return (result.to_csv() + repr(result.attrs)).lower()
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return repr({each.name: text_of(getattr(result, each.name)) for each in dataclasses.fields(result)}).lower()
    if isinstance(result, dict):
        return repr({key: text_of(value) for key, value in result.items()}).lower()
    if isinstance(result, list | tuple):
        return repr([text_of(each) for each in result]).lower()
    return str(result).lower()


@pytest.mark.parametrize("method", sorted(METHODS, key=lambda name: (name in ENDS, name)))
def test_s5_no_method_tells_anything_of_another_tenant(both: Both, method: str) -> None:
    """S5, R9, R11: asked for one's own, with an account shared between both tenants."""
    try:
        told = text_of(ask(both.app, both.acme, method))
    except NotFound:
        raise
    except IcalsyncError as error:  # a refusal (a clash, a role that is needed) is an answer, too
        told = f"{error.message} {error.next_step} {error.facts}".lower()
    told += "".join(each.read_text(encoding="utf-8").lower() for each in both.acme.directory.iterdir())
    assert [canary for canary in sorted(both.globex.canaries) if canary in told] == []


def test_s5_what_is_told_is_ones_own(both: Both) -> None:
    """S5: the check above can fail: each tenant's answers are full of its own."""
    told = "".join(text_of(ask(both.app, both.globex, method)) for method in ("busy", "calendars", "integrations", "quarantine", "users"))
    assert {each for each in both.globex.canaries if each in told} >= {"globex", "ben", both.globex.ids["integration_id"]}


FOREIGN: Final = [
    (method, name)
    for method in METHODS
    for name in inspect.signature(getattr(App, method)).parameters
    if name in {*USERS, "sub_account", "calendar", "calendars", "integration_id"} or (method, name) == ("calendar", "name")
    if (method, name) != ("add_user", "user_id")
]


@pytest.mark.parametrize(("method", "name"), FOREIGN)
def test_s5_what_belongs_to_another_tenant_does_not_exist(both: Both, method: str, name: str) -> None:
    """S5, IDOR: another's user, calendar, integration or an unknown sub-account is not found, and nothing was done or told about it."""
    for mine, other in ((both.acme, both.globex), (both.globex, both.acme)):
        foreign = {
            "sub_account": "nobody",
            "users": ["sam", other.user],
            "calendars": [other.ids["calendar_id"]],
            "calendar": other.ids["calendar_id"],
            "name": other.ids["calendar_id"],
            "integration_id": other.ids["integration_id"],
        }.get(name, other.user)
        with pytest.raises(NotFound) as caught:
            ask(both.app, mine, method, **{name: foreign})
        told = f"{caught.value.message} {caught.value.next_step}".lower()
        given = {str(each).lower() for each in (foreign if isinstance(foreign, list) else [foreign])}
        assert [canary for canary in other.canaries - given if canary in told] == []
        assert name != "sub_account" or isinstance(caught.value, UnknownSubAccount | UnknownUser)
