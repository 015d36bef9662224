"""Drift as people settle it: what each way would do, and what somebody who may not settle it proposes (R11)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, get_args

from icalsync.core import drift as core_drift
from icalsync.core.drift import CancelHere, Impossible, Seen, Settlement
from icalsync.core.own import OwnFields, own_fields
from icalsync.errors import InvalidInput, NotFound
from icalsync.store import drifts, own_objects
from icalsync.store.audit import audit
from icalsync.store.belonging import owners
from icalsync.store.database import Database
from icalsync.store.transaction import Row, Transaction

SETTLEMENTS: Final[tuple[Settlement, ...]] = get_args(Settlement)
_SAYS: Final[Mapping[type, str]] = MappingProxyType(
    {CancelHere: "CANCEL_HERE", core_drift.LeaveBoth: "LEAVE_BOTH", core_drift.LetGo: "LET_GO"}
)


class Proposals:
    """Reads what could be done, and keeps what somebody would do."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def ways(self, drift_id: str) -> list[tuple[Settlement, str]]:
        """Each settlement with the code of what it would do now.

        ``TAKE, CANCEL_HERE, SEND_AGAIN, SEND_ANEW, LEAVE_BOTH, LET_GO``; ``NOT_AN_APPOINTMENT`` means that it is impossible.
        Empty for a drift that is settled. ``NotFound``.
        """
        with self._db.read() as tx:
            found = _drift(tx, drift_id)
            if found["settled_at"] is not None:
                return []
            own = own_objects.generation(tx, found["appointment_id"], found["generation"])
            over = drifts.appointment(tx, found["appointment_id"])["status"] == "cancelled" or not own["live"]
            seen = Seen(found["kind"], _fields(tx, found, own), found["fingerprint"])
            return [(each, _code(core_drift.resolve(seen, each, over=over))) for each in SETTLEMENTS]

    def propose(self, drift_id: str, settlement: str, reason: str, *, actor: str) -> None:
        """Keep it, and log it; nothing is settled. ``NotFound``, ``InvalidInput``."""
        if settlement not in SETTLEMENTS:
            raise InvalidInput(what="the settlement", value=settlement, why="choose one of " + ", ".join(SETTLEMENTS))
        with self._db.write() as tx:
            found = _drift(tx, drift_id)
            if found["settled_at"] is not None:
                raise InvalidInput(what="the drift", value=drift_id, why=f"it is settled already ({found['settlement']})")
            row = {"drift_id": drift_id, "settlement": settlement, "proposed_by": actor, "proposed_at": tx.clock_now, "reason": reason}
            tx.append("drift_proposal", [row])
            audit(tx, actor, "PROPOSE_DRIFT", f"{drift_id} {settlement}", reason, about=owners(tx, "drift_id", drift_id))

    def rows(self) -> dict[str, list[Row]]:
        """Drift id → what was proposed for it: ``settlement, proposed_by, proposed_at, reason``, the oldest first."""
        with self._db.read() as tx:
            found = tx.rows("FROM _kept.drift_proposal ORDER BY proposed_at, proposed_by")
        told: dict[str, list[Row]] = {}
        for row in found:
            told.setdefault(row.pop("drift_id"), []).append(row)
        return told


def _drift(tx: Transaction, drift_id: str) -> Row:
    found = tx.row("SELECT * FROM _kept.drift WHERE drift_id = ?", [drift_id])
    if found is None:
        raise NotFound(kind="drift", name=drift_id)
    return found


def _fields(tx: Transaction, drift: Row, own: Row) -> OwnFields | None:
    if drift["fingerprint"] is None:
        return None
    raw = tx.value("SELECT raw FROM _kept.drift_text WHERE drift_id = ? AND fingerprint = ?", [drift["drift_id"], drift["fingerprint"]])
    return None if raw is None else own_fields(bytes(raw), own["uid"])


def _code(resolution: core_drift.Resolution) -> str:
    match resolution:
        case Impossible(code=code):
            return code
        case core_drift.Take():
            return "TAKE"
        case core_drift.SendAgain(next_generation=anew):
            return "SEND_ANEW" if anew else "SEND_AGAIN"
        case _:
            return _SAYS[type(resolution)]
