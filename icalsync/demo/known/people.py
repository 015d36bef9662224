"""Who is in the known world: sub-accounts, their users, and the accounts and calendars behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

Who = tuple[str, str]
"""Sub-account and user id."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One sub-account, and which part of the users is its."""

    name: str
    display_name: str
    time_zone: str
    hours: dict[str, str]
    share: int
    """Users of it among forty."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One calendar of an account."""

    slug: str
    display_name: str
    color: str


@dataclass(frozen=True, slots=True)
class Account:
    """One login on the server, with its calendars."""

    name: str
    display_name: str
    addresses: tuple[str, ...]
    calendars: tuple[Shelf, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One user: where they are, which account serves them, and what each of its calendars is for them."""

    sub_account: str
    user_id: str
    name: str
    email: str
    time_zone: str
    account: str
    work: str
    """The slug of the calendar of their work: a conflict calendar, and for users with an account of their own the linked one (R4, R5)."""
    conflicts: tuple[str, ...] = ()
    """Further conflict calendars."""
    unchosen: tuple[str, ...] = ()
    """Calendars that block nothing."""
    person: str | None = None

    @property
    def who(self) -> Who:
        """As the views name a user."""
        return self.sub_account, self.user_id

    @property
    def human(self) -> str:
        """One human, however many users: nobody is in two places by accident."""
        return self.person or f"{self.sub_account}/{self.user_id}"

    @property
    def alone(self) -> bool:
        """Whether the account is theirs alone, with a private and an unchosen calendar."""
        return bool(self.conflicts)


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody."""

    tenants: tuple[Tenant, ...]
    members: tuple[Member, ...]
    accounts: tuple[Account, ...]

    def account(self, name: str) -> Account:
        """One account by its name."""
        return next(account for account in self.accounts if account.name == name)


TENANTS: Final = (
    Tenant("ACME", "Acme Physiotherapy", "Europe/Berlin", {"weekly": "Mon-Thu 08:00-18:00; Fri 08:00-14:00", "buffer_before": "10m"}, 14),
    Tenant("NORTH", "Northside Advice", "Europe/London", {"weekly": "Mon-Fri 09:00-17:00"}, 10),
    Tenant("ALPINE", "Alpine Dental", "Europe/Zurich", {"weekly": "Mon-Fri 07:30-17:30", "buffer_after": "5m"}, 8),
    Tenant("HARBOR", "Harbor Counselling", "America/New_York", {"weekly": "Mon-Fri 09:00-18:00"}, 8),
)
FORTY: Final = sum(tenant.share for tenant in TENANTS)

_FIRST: Final = (
    ("Anna", "Ben", "Clara", "David", "Elif", "Felix", "Greta", "Hannes", "Ines", "Jonas", "Katrin", "Lukas", "Mira", "Nils"),
    ("Olivia", "James", "Priya", "Tom", "Rosie", "Callum", "Zainab", "Ewan", "Megan", "Harriet"),
    ("Reto", "Selina", "Urs", "Vreni", "Beat", "Chiara", "Luca", "Nadja"),
    ("Maya", "Ethan", "Sofia", "Liam", "Grace", "Noah", "Ruth", "Isaac"),
)
_LAST: Final = (
    *("Berger", "Okafor", "Vogt", "Lindner", "Yilmaz", "Brandt", "Sommer", "Keller", "Duarte", "Weiss", "Hartung", "Nowak", "Petrov"),
    *("Reyes", "Whitfield", "Nair", "Ashdown", "Marsh", "Fraser", "Haddad", "Morrison", "Price", "Cole"),
)
_COLORS: Final = ("#1E4C63", "#B04A5A", "#6A8D3B", "#8A6FB0", "#E0A030", "#2F6DB5")
_TWINS: Final = ((("ACME", 0), ("ALPINE", 0)), (("ACME", 1), ("NORTH", 0)))
"""Users of two sub-accounts that are one human, by sub-account and place."""


def cast_of(users: int = FORTY) -> Cast:
    """So many users over the sub-accounts: half of each (rounded up) with an account of their own, the others with one practice's."""
    members: list[Member] = []
    accounts: list[Account] = []
    for number, (tenant, size) in enumerate(zip(TENANTS, _sizes(users), strict=True)):
        own = (size + 1) // 2
        alone = [_alone(tenant, number, place) for place in range(own)]
        shared = [_shared(tenant, number, place) for place in range(own, size)]
        members += alone + shared
        accounts += [_account_of(member) for member in alone]
        if shared:
            accounts.append(_practice(tenant, shared))
    return Cast(TENANTS, tuple(members), tuple(accounts))


def _sizes(users: int) -> list[int]:
    if not len(TENANTS) <= users <= FORTY:
        raise ValueError(f"from {len(TENANTS)} to {FORTY} users")
    sizes = [1] * len(TENANTS)
    for place in _turns():
        if sum(sizes) == users:
            return sizes
        if sizes[place] < TENANTS[place].share:
            sizes[place] += 1
    raise AssertionError


def _turns() -> Iterator[int]:
    while True:
        yield from range(len(TENANTS))


def _names(number: int, place: int) -> tuple[str, str]:
    first = _FIRST[number][place]
    return first, _LAST[(7 * number + place) % len(_LAST)]


def _email(tenant: Tenant, first: str, last: str) -> str:
    return f"{first}.{last}@{tenant.name.lower()}.example".lower()


def _alone(tenant: Tenant, number: int, place: int) -> Member:
    first, last = _names(number, place)
    user_id = first.lower()
    return Member(
        sub_account=tenant.name,
        user_id=user_id,
        name=f"{first} {last}",
        email=_email(tenant, first, last),
        time_zone=tenant.time_zone,
        account=f"{tenant.name}-{user_id}".lower(),
        work="work",
        conflicts=("private",),
        unchosen=("leisure",),
        person=_person(tenant.name, place),
    )


def _shared(tenant: Tenant, number: int, place: int) -> Member:
    first, last = _names(number, place)
    return Member(
        sub_account=tenant.name,
        user_id=first.lower(),
        name=f"{first} {last}",
        email=_email(tenant, first, last),
        time_zone=tenant.time_zone,
        account=f"{tenant.name}-practice".lower(),
        work=f"room-{first.lower()}",
    )


def _person(sub_account: str, place: int) -> str | None:
    return next((f"person-{number}" for number, pair in enumerate(_TWINS, 1) if (sub_account, place) in pair), None)


def _account_of(member: Member) -> Account:
    first = member.name.split()[0]
    names = {"work": f"{first}: work", "private": f"{first}: private", "leisure": f"{first}: leisure"}
    shelves = tuple(Shelf(slug, name, _COLORS[place]) for place, (slug, name) in enumerate(names.items()))
    return Account(member.account, member.name, (member.email,), shelves)


def _practice(tenant: Tenant, shared: list[Member]) -> Account:
    shelves = tuple(Shelf(m.work, f"{m.name} ({tenant.name.title()})", _COLORS[place % len(_COLORS)]) for place, m in enumerate(shared))
    return Account(shared[0].account, tenant.display_name, (f"practice@{tenant.name.lower()}.example",), shelves)
