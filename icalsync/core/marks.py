"""The properties of a VEVENT that a verdict depends on, apart from its time (design.md §1, busy rules)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from icalsync.core.ics import Property
from icalsync.core.lens import normal_address
from icalsync.core.model import Attendee, CdoStatus, Participation, Status, Transparency

_PARTICIPATION: Final = {
    "ACCEPTED": Participation.ACCEPTED,
    "TENTATIVE": Participation.TENTATIVE,
    "DECLINED": Participation.DECLINED,
    "DELEGATED": Participation.ACCEPTED,
}


def transparency_of(prop: Property | None) -> Transparency:
    """TRANSP; a value nobody knows counts as OPAQUE, its absence as UNSET."""
    value = "" if prop is None else prop.value.strip().upper()
    if value == "TRANSPARENT":
        return Transparency.TRANSPARENT
    return Transparency.OPAQUE if value else Transparency.UNSET


def status_of(prop: Property | None) -> Status:
    """STATUS; a missing or unknown one is CONFIRMED."""
    value = "" if prop is None else prop.value.strip().upper()
    return Status(value) if value in {"CANCELLED", "TENTATIVE"} else Status.CONFIRMED


def cdo_of(prop: Property | None) -> CdoStatus:
    """X-MICROSOFT-CDO-BUSYSTATUS; UNSET where it is missing or unknown."""
    value = "" if prop is None else prop.value.strip().upper()
    return CdoStatus(value) if value in {"FREE", "TENTATIVE", "BUSY", "OOF"} else CdoStatus.UNSET


def attendees_of(prop: Property) -> Iterator[Attendee]:
    """The addresses of one ATTENDEE: its value, and the EMAIL parameter Apple writes beside a principal's path."""
    partstat = prop.parameters.get("PARTSTAT", "NEEDS-ACTION").upper()
    participation = _PARTICIPATION.get(partstat, Participation.NEEDS_ACTION)
    for address in (prop.value, prop.parameters.get("EMAIL", "")):
        plain = normal_address(address)
        if "@" in plain:
            yield Attendee(plain, participation)
