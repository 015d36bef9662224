"""People from the system's own bookings, and from nowhere else: guests of calendar events never become contacts (R7)."""

from __future__ import annotations

from uuid import uuid4

from icalsync.core.lens import normal_address
from icalsync.errors import InvalidInput
from icalsync.store.transaction import Transaction


def checked_email(email: str | None) -> str | None:
    """An address as it is compared, or None; ``InvalidInput`` for what is none."""
    if email is None or not email.strip():
        return None
    address = normal_address(email.strip())
    name, _, host = address.rpartition("@")
    if not name or not host or any(letter.isspace() or not letter.isprintable() for letter in address):
        raise InvalidInput(what="the contact's e-mail address", value=email, why="it is no e-mail address")
    return address


def keep(tx: Transaction, sub_account_key: int, name: str | None, email: str | None) -> str | None:
    """The contact's id: one per sub-account and address; without an address a new one; None where nobody is named."""
    name = (name or "").strip()
    if not name and email is None:
        return None
    if email is not None:
        known = tx.row("SELECT * FROM _kept.contact WHERE sub_account_key = ? AND lower(email) = ?", [sub_account_key, email])
        if known is not None:
            _rename(tx, known["contact_id"], known["name"], name)
            return str(known["contact_id"])
    contact_id = uuid4().hex
    tx.append("contact", [{"contact_id": contact_id, "sub_account_key": sub_account_key, "name": name or email, "email": email}])
    return contact_id


def _rename(tx: Transaction, contact_id: str, before: str, name: str) -> None:
    """The newest booking knows best what somebody is called; one without a name changes nothing."""
    if name and name != before:
        tx.execute("UPDATE _kept.contact SET name = ? WHERE contact_id = ?", [name, contact_id])
