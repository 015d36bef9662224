"""What an owner did to an event of ours, and what each way of settling it means (R11). Pure; the store carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from icalsync.core.own import OwnFields, mark_of, own_fields, uids_in

Kind = Literal["edited", "deleted", "moved"]
Settlement = Literal["accept", "restore", "keep"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A difference between what we left on the server and what is there now."""

    kind: Kind
    theirs: OwnFields | None
    """What the event says now; None where it is gone, or no single event at fixed instants any more."""
    mark: str | None
    """The fingerprint of what was seen (``core.own.mark_of``): ``restore`` writes over exactly that, and no later change."""


def seen_in(raw: bytes | None, uid: str, ours: frozenset[str], *, moved: bool = False) -> Seen | None:
    """The drift that the server's text shows; None where it is as we left it.

    ``ours`` are the fingerprints a text of ours may have now: of the last text known to be there, and of what was sent since. ``raw`` is
    None where the event is proved to be gone (R13); ``moved`` says that it stands in another place than we put it.
    """
    if raw is None or (uid not in uids_in(raw) and uid.encode() not in raw):
        return Seen("deleted", None, None)
    mark = mark_of(raw, uid)
    if mark not in ours:
        return Seen("edited", own_fields(raw, uid), mark)
    return Seen("moved", own_fields(raw, uid), mark) if moved else None


@dataclass(frozen=True, slots=True)
class Take:
    """The appointment takes the event's times, and its place where it was moved."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class CancelHere:
    """The appointment is cancelled, as its event was."""


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Ours is written again: over exactly the version with that mark, or as the next generation."""

    over: str | None
    next_generation: bool = False
    delete_other: bool = False
    """Whether the event in the other calendar is deleted once the new one stands."""


@dataclass(frozen=True, slots=True)
class LeaveBoth:
    """Appointment and event stay as they are, and both block, until the event changes again."""


@dataclass(frozen=True, slots=True)
class LetGo:
    """The event is its owner's from now on, like any other: no appointment of ours stands behind it any more."""


@dataclass(frozen=True, slots=True)
class Impossible:
    """It cannot be settled in this way: the reason's code."""

    code: str


Resolution = Take | CancelHere | SendAgain | LeaveBoth | LetGo | Impossible

NOT_AN_APPOINTMENT: Final = "NOT_AN_APPOINTMENT"
"""An all-day event, a floating one, a series, one without length or one that cannot be read: no appointment can take its time."""


def resolve(seen: Seen, settlement: Settlement, *, over: bool = False) -> Resolution:
    """What settling a drift in one of the three ways does.

    ``over``: no appointment stands behind the event any more (it was cancelled, or is written elsewhere): none has to take its time.
    """
    theirs = seen.theirs
    if settlement == "keep":
        return LeaveBoth()
    if settlement == "restore":
        return _restored(seen)
    if seen.kind == "deleted" or (theirs is not None and theirs.status == "CANCELLED"):
        return CancelHere()
    if theirs is None or theirs.recurring or theirs.ends_at <= theirs.starts_at:
        return LetGo() if over else Impossible(NOT_AN_APPOINTMENT)
    return Take(theirs.starts_at, theirs.ends_at)


def _restored(seen: Seen) -> Resolution:
    """A deleted UID cannot be used again, and an event elsewhere keeps its UID (icloud.md §3.5): both need the next generation."""
    if seen.kind == "edited":
        return SendAgain(seen.mark)
    return SendAgain(None, next_generation=True, delete_other=seen.kind == "moved")
