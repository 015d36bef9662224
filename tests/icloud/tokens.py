"""ETags and sync tokens in the shapes of icloud.md §2.2, §3.5 and §6.13."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_MAGIC: Final = base64.b64decode("HwoQ")
_SEQUENCE_BYTES: Final = 6


def base36(number: int) -> str:
    """A number in lower-case base 36, as iCloud's ETags write epoch milliseconds."""
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds."""
    return int(moment.timestamp() * 1000)


def sync_token(place: str, sequence: int) -> str:
    """The token of a collection at a sequence number: opaque base64 after ``HwoQ``; by the number it ends in nothing, ``=`` or ``==``."""
    digest = hashlib.sha256(f"{place}#{sequence}".encode()).digest()
    masked = sequence ^ int.from_bytes(digest[-_SEQUENCE_BYTES:], "big")
    body = digest[: 18 + sequence % 3] + digest[-_SEQUENCE_BYTES:] + masked.to_bytes(_SEQUENCE_BYTES, "big")
    return base64.b64encode(_MAGIC + body).decode()


def sequence_in(token: str, place: str) -> int | None:
    """The sequence number in a token of that collection; None for one that was never given out for it."""
    try:
        blob = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        return None
    mask, masked = blob[-2 * _SEQUENCE_BYTES : -_SEQUENCE_BYTES], blob[-_SEQUENCE_BYTES:]
    sequence = int.from_bytes(mask, "big") ^ int.from_bytes(masked, "big")
    return sequence if sync_token(place, sequence) == token else None
