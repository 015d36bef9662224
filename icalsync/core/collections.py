"""What a collection may be used for, and why not (R3, R10): from what the server says, never from a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from icalsync.core.paths import last_segment, path_key

WRITING: Final = frozenset({"all", "write", "write-content", "bind"})
"""RFC 3744 privileges of which any one means author access (icloud.md §2.2)."""

Access = Literal["read", "write"]


def access_of(privileges: frozenset[str] | None) -> Access:
    """``write`` only where the server grants a writing privilege; ``read`` where it does not say (R3)."""
    return "write" if privileges is not None and privileges & WRITING else "read"


def not_selectable_reason(
    kinds: frozenset[str], components: frozenset[str] | None, privileges: frozenset[str] | None, *, has_source: bool = False
) -> str | None:
    """Why a collection can have no role, as an upper-case code of the catalogue (``not_selectable.…``); None where it can.

    Both tests are needed: iCloud's home advertises VEVENT and is no calendar, and its reminder lists are calendars without VEVENT.
    A missing component set is kept (icloud.md §2.2).
    """
    if "subscribed" in kinds or has_source:
        return "SUBSCRIBED"
    for kind, reason in (("schedule-inbox", "INBOX"), ("schedule-outbox", "OUTBOX"), ("notification", "NOTIFICATIONS")):
        if kind in kinds:
            return reason
    if "calendar" not in kinds:
        return "NOT_A_CALENDAR"
    if components is not None and "VEVENT" not in components:
        return "REMINDERS" if "VTODO" in components else "NO_EVENTS"
    if privileges is not None and not privileges & (WRITING | {"read"}):
        return "NO_READ_ACCESS"
    return None


@dataclass(frozen=True, slots=True)
class Description:
    """What is stored of a collection besides its content: equal descriptions mean nothing to save."""

    path: str
    display_name: str
    color: str | None
    access: str
    not_selectable_reason: str | None


def describe(
    href: str,
    kinds: frozenset[str],
    *,
    display_name: str | None,
    color: str | None,
    components: frozenset[str] | None,
    privileges: frozenset[str] | None,
    has_source: bool = False,
) -> Description:
    """A collection as it is stored; without a display name it is called by its last path segment (icloud.md §2.2)."""
    return Description(
        path=path_key(href),
        display_name=display_name or last_segment(href),
        color=color,
        access=access_of(privileges),
        not_selectable_reason=not_selectable_reason(kinds, components, privileges, has_source=has_source),
    )
