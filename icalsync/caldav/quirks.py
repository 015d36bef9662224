"""What servers do that no RFC says: values, each with its source and the day it was written down; no behaviour of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CHECKED_ON: Final = "2026-11-22"
"""The day the sources below were last read; none was checked against the real service by this project."""

TOKEN_REFUSED: Final = frozenset({403, 409, 410, 412})
"""Statuses of a sync-collection with a token that mean: the token is no longer accepted, whatever the body says.

RFC 6578 §3.2 asks for 403 or 409 with ``DAV:valid-sync-token``; 410 and a bare 403 were met by KashCal, 412 on the CardDAV side
(icloud.md §3.1).
"""

NOT_OFFERED: Final = frozenset({405, 415, 501, 507})
"""Statuses of a report that mean: not this way (H8). 507 on the request as a whole: it cannot be cut into pages either (RFC 6578 §3.6)."""

MULTIGET_BATCH: Final = 50
"""Hrefs in one calendar-multiget: 50 were verified against iCloud by KashCal (icloud.md §3.2)."""

DELETE_WITH_DEPTH: Final = False
"""iCloud rejects a DELETE with a ``Depth`` header (icloud.md §3.6, a field note)."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """What to expect of one provider beyond the RFCs."""

    discovery_403_is_rejection: bool = False
    """A wrong account name is answered with 403 during discovery (icloud.md §1.2)."""
    rejection_below_root_is_throttling: bool = False
    """After bursts everything below the root answers an empty 401 while the root still answers 207 (icloud.md §1.3): the password is
    not dead; one PROPFIND on the root tells."""


PROVIDER_QUIRKS: Final = {
    "icloud": Quirks(discovery_403_is_rejection=True, rejection_below_root_is_throttling=True),
    "caldav": Quirks(),
}
