"""Which single events there are in the demo, how many of each kind, and what they are called."""

from __future__ import annotations

from typing import Final

from icalsync.demo.flavours import (
    Flavour,
    a_moment,
    conference,
    evening,
    floating,
    in_another_zone,
    in_utc,
    invited,
    marked,
    one_day,
    overnight,
    several_days,
    travelling,
    working_time,
)

FLAVOURS: Final = (
    Flavour(
        "all_day", 6, "private", several_days, marked(transp="OPAQUE"), ("Holiday", "Visiting family", "Away"), weekdays=frozenset({2, 3})
    ),
    Flavour("all_day", 4, "work", one_day, marked(transp="OPAQUE"), ("Training day", "Audit", "Study leave")),
    Flavour("all_day_unanswered", 1, "work", one_day, invited("NEEDS-ACTION"), ("Strategy day",)),
    Flavour(
        "multi_day", 3, "work", conference, marked(location="Congress centre"), ("Conference", "Spring school"), weekdays=frozenset({1, 2})
    ),
    Flavour("overnight", 5, "work", overnight, marked(), ("On-call night", "Night shift cover")),
    Flavour("floating", 8, "private", floating, marked(), ("Lunch with a friend", "Run", "Physio for myself")),
    Flavour(
        "other_zone", 18, "work", in_another_zone, marked(), ("Call with the Lisbon office", "Overseas case conference", "Supplier call")
    ),
    Flavour("utc", 8, "work", in_utc, marked(), ("Webinar", "Registry upload")),
    Flavour(
        "tentative", 20, "work", working_time, marked(status="TENTATIVE"), ("Maybe: new patient", "Pencilled in", "Option: home visit")
    ),
    Flavour("travel", 14, "work", working_time, travelling, ("Home visit", "On-site consultation", "Court appointment")),
    Flavour("accepted", 16, "work", working_time, invited("ACCEPTED"), ("Case conference", "Joint review", "Supervision")),
    Flavour("unanswered", 14, "work", working_time, invited("NEEDS-ACTION"), ("Proposal: project meeting", "Invitation: round table")),
    Flavour("invited_tentative", 8, "work", working_time, invited("TENTATIVE"), ("Maybe: journal club", "Maybe: budget round")),
    Flavour("outlook", 4, "work", working_time, marked(cdo="OOF"), ("Out of office", "Works outing")),
    Flavour("outlook", 4, "work", working_time, marked(cdo="TENTATIVE"), ("Provisional: quality circle",)),
    Flavour("outlook_free", 4, "work", working_time, marked(cdo="FREE"), ("Office hours (online)",), blocks=False),
    Flavour("free", 22, "work", working_time, marked(transp="TRANSPARENT"), ("Paperwork", "Flexible: reading", "Phone hour"), blocks=False),
    Flavour(
        "all_day_free",
        14,
        "private",
        one_day,
        marked(transp="TRANSPARENT"),
        ("Bin day", "Neighbour's birthday", "School: non-uniform day"),
        blocks=False,
    ),
    Flavour("declined", 14, "work", working_time, invited("DECLINED"), ("Sales presentation", "Optional training"), blocks=False),
    Flavour("cancelled", 10, "work", working_time, marked(status="CANCELLED"), ("Cancelled: follow-up", "Cancelled: call"), blocks=False),
    Flavour("zero_length", 6, "private", a_moment, marked(), ("Call the insurer", "Pick up the parcel"), blocks=False),
    Flavour("shared", 10, "joint", working_time, marked(), ("Joint workshop", "Grant meeting", "Interview for the joint post")),
    Flavour(
        "shared", 10, "family", evening, marked(), ("Family dinner", "Cinema with the children", "Garden"), weekdays=frozenset({4, 5, 6})
    ),
    Flavour("read_only", 8, "clinic", working_time, marked(), ("All-hands", "Fire drill", "Visit of the health insurer")),
    Flavour("not_chosen", 6, "football", evening, marked(), ("Cup match", "Youth tournament"), weekdays=frozenset({2, 5})),
)
"""Everything but plain appointments, series and the double bookings."""

PLAIN_WORK: Final = Flavour(
    "plain",
    0,
    "work",
    working_time,
    marked(),
    (
        "First assessment",
        "Follow-up",
        "Manual therapy",
        "Gait analysis",
        "Consultation",
        "Review of findings",
        "Advice session",
        "Telephone advice",
    ),
)
PLAIN_PRIVATE: Final = Flavour(
    "plain",
    0,
    "private",
    evening,
    marked(),
    ("Choir", "Dinner", "Parents' evening", "Swimming with the kids", "Cinema", "Badminton", "Hausarzt: Müller", "Book club"),
    weekdays=frozenset(range(7)),
)

SURNAMES: Final = (
    "Keller",
    "Nowak",
    "Ferreira",
    "Hughes",
    "Öztürk",
    "Lindqvist",
    "Dubois",
    "Marini",
    "O'Neill",
    "Schäfer",
    "Kowalski",
    "Nguyễn",
    "Vasquez",
    "Haddad",
)
