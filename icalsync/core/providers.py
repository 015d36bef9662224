"""What each provider offers (R7): a table, so that another one can offer more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Provider:
    """The capabilities of one provider."""

    name: str
    display_name: str
    default_url: str | None
    """Where discovery starts; None where the person gives the address."""
    app_specific_password: bool
    """R1: the form of the password is checked before any request."""
    origin_is_identity: bool
    """Whether the host belongs to an integration's identity; false for iCloud, whose partition hosts rotate."""
    sync_modes: tuple[Literal["default"], ...] = ("default",)
    """``default``: what comes in is a blocked slot (R7)."""
    creates_contacts: bool = False
    pushes_changes: bool = False
    """Whether the provider notifies us; none here does, so all are polled."""
    authorisation: Literal["basic"] = "basic"


PROVIDERS: Final = {
    "icloud": Provider("icloud", "iCloud", "https://caldav.icloud.com/", app_specific_password=True, origin_is_identity=False),
    "caldav": Provider("caldav", "CalDAV", None, app_specific_password=False, origin_is_identity=True),
}
