"""The own addresses of an integration: the principal's, and aliases a person added; both decide what DECLINED means to whom."""

from __future__ import annotations

from collections.abc import Iterable

from icalsync.core.lens import normal_address
from icalsync.errors import InvalidInput
from icalsync.store.transaction import Row, Transaction
from icalsync.store.versions import rewrite


def listed(tx: Transaction, integration_key: int) -> list[Row]:
    """Each address and where it comes from: ``principal`` or ``person``."""
    row = _current(tx, integration_key)
    principal = [{"address": address, "origin": "principal"} for address in row["from_principal"]]
    return principal + [{"address": address, "origin": "person"} for address in row["by_person"] if address not in row["from_principal"]]


def checked(addresses: Iterable[str]) -> list[str]:
    """Addresses as they are compared; ``InvalidInput`` for what is none."""
    result = []
    for text in addresses:
        address = normal_address(text)
        if "@" not in address.strip("@") or any(letter.isspace() for letter in address):
            raise InvalidInput(what="address", value=text, why="it is no e-mail address")
        result.append(address)
    return result


def keep(
    tx: Transaction, integration_key: int, *, from_principal: Iterable[str] | None = None, by_person: Iterable[str] | None = None
) -> bool:
    """The set from now on, under a number of its own where it changed; whether it did."""
    row = _current(tx, integration_key)
    principal = row["from_principal"] if from_principal is None else sorted({normal_address(one) for one in from_principal})
    person = row["by_person"] if by_person is None else sorted(set(by_person))
    if row["address_set_key"] is not None and principal == row["from_principal"] and person == row["by_person"]:
        return False
    wanted = {
        "address_set_key": tx.next_key("address_set_version", "address_set_key"),
        "integration_key": integration_key,
        "from_principal": principal,
        "by_person": person,
    }
    rewrite(tx, "address_set_version", ("integration_key",), [wanted], "integration_key = ?", [integration_key])
    return True


def _current(tx: Transaction, integration_key: int) -> Row:
    found = tx.row("SELECT * FROM _kept.address_set_version WHERE integration_key = ? AND known_to = 'infinity'", [integration_key])
    return found or {"address_set_key": None, "from_principal": [], "by_person": []}
