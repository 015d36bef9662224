"""Who takes part in the demo: two sub-accounts, five users, their accounts on the server and the calendars there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class SubAccount:
    """One tenant and its usual opening hours."""

    name: str
    display_name: str
    time_zone: str
    hours: dict[str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """One user of one sub-account; ``hours`` are what differs from the sub-account's."""

    sub_account: str
    user_id: str
    name: str
    email: str
    time_zone: str
    hours: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Sub-account and user id, as the views name a user."""
        return self.sub_account, self.user_id


@dataclass(frozen=True, slots=True)
class CalendarPlan:
    """One collection of one account. ``source`` makes it a subscription; ``read_only`` one its owner may only read."""

    account: str
    slug: str
    display_name: str
    color: str
    component: Literal["VEVENT", "VTODO"] = "VEVENT"
    read_only: bool = False
    source: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Account and slug: which calendar on the server."""
        return self.account, self.slug


@dataclass(frozen=True, slots=True)
class Link:
    """One connection of a user to an account: which of its calendars is linked, and which can conflict (R4, R6)."""

    person: Person
    account: str
    linked: str | None
    conflicts: tuple[str, ...]


ACME: Final = SubAccount(
    "ACME", "Acme Physiotherapy", "Europe/Berlin", {"weekly": "Mon-Thu 08:00-18:00; Fri 08:00-14:00", "buffer_before": "10m"}
)
NORTH: Final = SubAccount("NORTH", "Northside Advice", "Europe/London", {"weekly": "Mon-Fri 09:00-17:00"})
SUB_ACCOUNTS: Final = (ACME, NORTH)

ANNA: Final = Person("ACME", "anna", "Anna Berger", "anna.berger@acme-physio.example", "Europe/Berlin")
BEN: Final = Person("ACME", "ben", "Ben Okafor", "ben.okafor@acme-physio.example", "Europe/Berlin")
CLARA: Final = Person("ACME", "clara", "Clara Vogt", "clara.vogt@acme-physio.example", "Europe/Berlin", {"weekly": "Mon-Thu 08:30-14:00"})
OLIVIA: Final = Person("NORTH", "olivia", "Olivia Reyes", "olivia.reyes@northside-advice.example", "America/New_York")
JAMES: Final = Person("NORTH", "james", "James Whitfield", "james.whitfield@northside-advice.example", "Europe/London")
PEOPLE: Final = (ANNA, BEN, CLARA, OLIVIA, JAMES)

ADDRESSES: Final = {
    "anna": (ANNA.email,),
    "ben": (BEN.email,),
    "clara": (CLARA.email, "clara@vogt-family.example"),
    "olivia": (OLIVIA.email,),
    "james": (JAMES.email,),
    "joint": ("joint-projects@northside-advice.example",),
}
"""Each account's own addresses, by which invitations know it."""

CALENDARS: Final = (
    CalendarPlan("anna", "patients", "Patients", "#1E4C63"),
    CalendarPlan("anna", "private", "Private", "#B04A5A"),
    CalendarPlan("anna", "family", "Family", "#6A8D3B"),
    CalendarPlan("anna", "clinic-dates", "Clinic dates", "#8A6FB0", read_only=True),
    CalendarPlan("anna", "holidays", "Public holidays", "#999999", source="https://calendars.example/public-holidays.ics"),
    CalendarPlan("anna", "reminders", "Reminders", "#E0A030", component="VTODO"),
    CalendarPlan("ben", "patients", "Ben: patients", "#1E4C63"),
    CalendarPlan("ben", "home", "Home", "#4F8F8B"),
    CalendarPlan("ben", "football", "Football (watching)", "#3A7D44"),
    CalendarPlan("clara", "courses", "Courses", "#2F6DB5"),
    CalendarPlan("clara", "family", "Family Vogt", "#C77B30"),
    CalendarPlan("olivia", "clients", "Clients", "#27548A"),
    CalendarPlan("olivia", "personal", "Personal", "#A1488C"),
    CalendarPlan("james", "clients", "Advice sessions", "#27548A"),
    CalendarPlan("james", "home", "Home and family", "#5B7F3A"),
    CalendarPlan("james", "reminders", "To do", "#E0A030", component="VTODO"),
    CalendarPlan("joint", "projects", "Joint projects", "#D1495B"),
)

LINKS: Final = (
    Link(ANNA, "anna", "patients", ("private", "family", "clinic-dates")),
    Link(BEN, "ben", "patients", ("home",)),
    Link(BEN, "joint", None, ("projects",)),
    Link(CLARA, "clara", "courses", ("family",)),
    Link(OLIVIA, "olivia", "clients", ("personal",)),
    Link(JAMES, "james", "clients", ("home",)),
    Link(JAMES, "joint", None, ("projects",)),
)

WORK: Final = {ANNA.key: "patients", BEN.key: "patients", CLARA.key: "courses", OLIVIA.key: "clients", JAMES.key: "clients"}
PRIVATE: Final = {ANNA.key: "private", BEN.key: "home", CLARA.key: "family", OLIVIA.key: "personal", JAMES.key: "home"}


def calendar(account: str, slug: str) -> CalendarPlan:
    """The plan of one calendar; ``KeyError`` for one that is not in the cast."""
    return {plan.key: plan for plan in CALENDARS}[account, slug]


def readers(plan: CalendarPlan) -> tuple[Person, ...]:
    """The users whose availability a calendar touches: those for whom it is linked or can conflict."""
    return tuple(link.person for link in LINKS if link.account == plan.account and plan.slug in (link.linked, *link.conflicts))
