"""Who may do what: the roles of the dashboard's readers, and which role each of a desk's methods needs. Pure; the desk asks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, Self, get_args

Post = Literal["admin", "support", "analyst"]
"""A reader's role; ``core.model.Role`` is what a calendar is to a user."""
POSTS: Final[tuple[Post, ...]] = get_args(Post)


class Action(StrEnum):
    """What somebody wants to do."""

    READ = "read"
    EXPLAIN = "explain"
    EXPORT = "export"
    TITLES = "titles"
    """See the titles of the system's own bookings (R18)."""
    REVEAL = "reveal"
    """See what is masked, for a reason that is logged (R18)."""
    CHECK = "check"
    """Ask a calendar's server what is new."""
    BOOK = "book"
    """Book, move, cancel and block: for an admin alone, because support's list is closed (issue 7)."""
    PROPOSE = "propose"
    SETTLE = "settle"
    CONFIGURE = "configure"
    """Choose calendars, policies and opening hours."""
    CREDENTIALS = "credentials"
    """Connect, reconnect, disconnect, invite."""
    OVERSEE = "oversee"
    """Read who did what, close alerts, read the quarantine again, decide about removals that are held (R13)."""


_ANALYST: Final = frozenset({Action.READ, Action.EXPLAIN, Action.EXPORT})
_SUPPORT: Final = _ANALYST | {Action.TITLES, Action.REVEAL, Action.CHECK, Action.PROPOSE}
MAY: Final[Mapping[Post, frozenset[Action]]] = MappingProxyType(
    {"admin": frozenset(Action), "support": frozenset(_SUPPORT), "analyst": _ANALYST}
)
"""What each role may."""


class Actor(str):
    """A name for the audit log, with the sub-accounts that whoever bears it is limited to (None: all)."""

    __slots__ = ("limit",)
    limit: frozenset[str] | None

    def __new__(cls, name: str, limit: frozenset[str] | None = None) -> Self:
        """Everywhere else it is the name alone."""
        made = super().__new__(cls, name)
        made.limit = limit
        return made


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who is signed in: their name, for the audit log, their role, and the sub-accounts they are limited to (None: all)."""

    name: str
    role: Post
    sub_accounts: frozenset[str] | None = None

    @property
    def actor(self) -> Actor:
        """Under which name, and within which limit, the audit log knows them."""
        return Actor(self.name, self.sub_accounts)

    def may(self, action: Action) -> bool:
        """Whether the role allows it; where, is another question (``covers``)."""
        return action in MAY[self.role]

    def covers(self, sub_account: str) -> bool:
        """Whether a sub-account is among the reader's; names differ in more than case, so case says nothing."""
        return self.sub_accounts is None or sub_account.lower() in {name.lower() for name in self.sub_accounts}

    def covers_any(self, sub_accounts: Iterable[str]) -> bool:
        """Whether one of these is; what belongs to nobody in particular is only for those who see all."""
        return self.sub_accounts is None or any(self.covers(name) for name in sub_accounts)


_BY_ACTION: Final[Mapping[Action, str]] = MappingProxyType(
    {
        Action.READ: (
            "people sub_accounts terms connections calendars slots busy coverage stretches heatmap freshness appointments "
            "history blocked_slots outbox drifts runs lag errors quarantine alerts silent held_removals lost_rights without_availability "
            "double_bookings by_cause trend"
        ),
        Action.EXPLAIN: "explain explain_appointment explain_address",
        Action.EXPORT: "download",
        Action.CHECK: "check_calendar preview invitations",
        Action.REVEAL: "quarantined",
        Action.BOOK: "book reschedule cancel block unblock",
        Action.PROPOSE: "propose",
        Action.SETTLE: "settle",
        Action.CONFIGURE: "choose sync set_policy set_hours set_remote_changes",
        Action.CREDENTIALS: "connect reconnect disconnecting disconnect invite revoke_invitation",
        Action.OVERSEE: "retry_quarantine clear_alert confirm_removals hold_removals audit readers",
    }
)
DESK: Final[Mapping[str, Action]] = MappingProxyType({name: action for action, names in _BY_ACTION.items() for name in names.split()})
"""What each method of a desk needs. A method that is not here cannot be called, nor even defined (``app.desks.guard``)."""

QUESTIONS: Final = frozenset(_BY_ACTION[Action.READ].split()) - {"without_availability"} | {"preview", "invitations"}
"""Methods that are answered from one moment of the database; that one judges everybody's coming days, and the file is not open so long."""
READINGS: Final = QUESTIONS | set(_BY_ACTION[Action.READ].split()) | set(_BY_ACTION[Action.EXPLAIN].split()) | {"download"}
"""Methods that may be asked together with others, in one look; any other does something, which is not done in a look."""

FREE_FAILURES: Final = 5
"""So many wrong passwords in a row cost nothing but a moment."""
LONGEST_LOCK: Final = timedelta(hours=1)


def lock_after(failures: int) -> timedelta:
    """How long nobody may sign in after so many failures in a row: 1, 2, 4 … minutes from the fifth on, an hour at most (S11)."""
    if failures < FREE_FAILURES:
        return timedelta()
    doublings = min(failures - FREE_FAILURES, 10)
    return min(timedelta(minutes=2**doublings), LONGEST_LOCK)


def is_loopback(address: str | None) -> bool:
    """Whether a server at this address can be reached from its own machine alone; no address means all of them (S13)."""
    if not address:
        return False
    name = address.strip().strip("[]").lower()
    return name in {"localhost", "::1"} or (name.startswith("127.") and name.replace(".", "").isdigit())
