"""Deciding a push: what an intent needs, given what stands on the server now. Pure; the engine carries it out.

Nothing is written unread, and never without a condition: so what an owner did is not overwritten (R11), servers that ignore conditions
destroy nothing, and after a crash or a lost answer the object on the server is the only witness that is needed (P1, P2, H18).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from icalsync.core.model import Content
from icalsync.core.own import OwnFields, mark_of, own_fields, uids_in
from icalsync.core.paths import path_key
from icalsync.core.writing import fields_of, new_event, patched_event

MOST_PUTS: Final = 3
"""Accepted PUTs for one version of an appointment; a server that still shows something else will not be convinced (P14)."""
MOST_GENERATIONS: Final = 5
DOUBT_FOR: Final = timedelta(minutes=15)
"""How long a PUT whose answer was lost may still turn up."""
SHOWN_AFTER: Final = timedelta(seconds=30)
"""How long a server may hide what it has just accepted: a few seconds were seen (icloud.md §3.1)."""
ANY: Final = "*"
"""``If-Match`` where the server gives no strong ETag: the text was compared just before (C7, H36)."""


class Intent(Protocol):
    """What deciding takes of an intent (``ports.PushTask``)."""

    @property
    def action(self) -> Literal["create", "update", "delete"]:
        """What is to become of the event."""

    @property
    def writable(self) -> bool:
        """Whether the calendar can be written to now."""

    @property
    def obstacle(self) -> str | None:
        """Why it cannot."""

    @property
    def generation(self) -> int:
        """Under which of its identities the event is written."""

    @property
    def uid(self) -> str:
        """The event's UID."""

    @property
    def href(self) -> str:
        """The event's place."""

    @property
    def content(self) -> Content | None:
        """The event as it should be; None for a deletion."""

    @property
    def sent(self) -> frozenset[str]:
        """Fingerprints of what was last known to be there, and of what was sent since."""

    @property
    def exists(self) -> bool:
        """Whether this generation is known to have been on the server."""

    @property
    def doubtful_since(self) -> datetime | None:
        """Since when an answer to a PUT is missing."""

    @property
    def puts(self) -> int:
        """PUTs that were accepted for the present version."""

    @property
    def pushed_at(self) -> datetime | None:
        """When the last of them was."""


@dataclass(frozen=True, slots=True)
class Found:
    """What stands on the server: text and ETag of one answer (C28)."""

    href: str
    etag: str | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class PutNew:
    """Write it where there is nothing (``If-None-Match: *``)."""

    href: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class PutIfMatch:
    """Write it over exactly what was read; ``etag`` is ``*`` where the server gives no strong one."""

    href: str
    raw: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class DeleteIfMatch:
    """Delete exactly what was read; ``etag`` as above."""

    href: str
    etag: str


@dataclass(frozen=True, slots=True)
class Adopt:
    """It stands there as it should: only to be noted."""

    etag: str | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class Settled:
    """It is gone, and should be."""


@dataclass(frozen=True, slots=True)
class Diverged:
    """The owner changed, deleted or moved it: nothing is written until that is settled (R11)."""

    kind: Literal["edited", "deleted", "moved"]
    raw: bytes | None
    fields: OwnFields | None
    """What it now says; None where it is gone, or is no single event at fixed instants any more."""
    href: str | None = None
    """Where it stands now, for ``moved``."""


@dataclass(frozen=True, slots=True)
class NextGeneration:
    """This UID or name cannot be used here: write it under the next one."""

    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be told yet; look again later."""

    why: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """It cannot be done: parked until something changes, or given up and shown to people."""

    code: str
    parked: bool = False


Step = PutNew | PutIfMatch | DeleteIfMatch | Adopt | Settled | Diverged | NextGeneration | Wait | Refuse


def decide(task: Intent, found: Found | None, now: datetime) -> Step:
    """What to do about ``task``, where ``found`` is what a GET of its href brought at ``now`` (None: 404 or 410)."""
    if not task.writable:
        return Refuse(task.obstacle or "CALENDAR_READ_ONLY", parked=True)
    if task.action == "delete" or task.content is None:
        return _decide_deletion(task, found, now)
    if found is None:
        return _decide_absent(task, task.content, now)
    step: Step
    match _what_stands(task, found):
        case "ours":
            step = _decide_ours(task, task.content, found)
        case "edited":
            step = Diverged("edited", found.raw, own_fields(found.raw, task.uid))
        case "other":
            step = Diverged("deleted", None, None) if task.exists else _next_generation(task, "NAME_TAKEN")
        case "nothing":
            step = Wait("NOT_DELIVERED")
    return step


def after_refusal(task: Intent, error_code: str, found: Found | None, now: datetime) -> Step:
    """What to do after a write was refused and nothing was written.

    ``found`` was read after it: at the href that the refusal names (``UID_CONFLICT``), else at the task's own.
    """
    if error_code == "UID_CONFLICT":
        return _after_uid_conflict(task, found, now)
    if error_code != "PRECONDITION_FAILED":
        return Refuse(error_code, parked=error_code != "OBJECT_REFUSED")
    if found is not None or task.action == "delete":
        return decide(task, found, now)
    if task.exists:
        return decide(task, None, now)
    # refused because it exists, and it does not exist: a tombstone, the UID elsewhere, or a PUT of ours that is not shown yet
    return Wait("NOT_DELIVERED") if _doubtful(task, now) else _next_generation(task, "NAME_OR_UID_BURNT")


def strong(etag: str | None) -> str | None:
    """An ETag that ``If-Match`` compares (RFC 9110 §8.8.3.2); None for a weak one, or none (C7)."""
    return etag if etag and not etag.startswith(("W/", "w/")) else None


def _decide_ours(task: Intent, content: Content, found: Found) -> Step:
    if mark_of(found.raw, task.uid) == fields_of(content).fingerprint:
        return Adopt(found.etag, found.raw)
    if task.puts >= MOST_PUTS:
        return Refuse("PUSH_NOT_KEPT")
    return PutIfMatch(found.href, patched_event(found.raw, content), strong(found.etag) or ANY)


def _decide_absent(task: Intent, content: Content, now: datetime) -> Step:
    if not task.exists:
        if task.puts >= MOST_PUTS and not _doubtful(task, now):
            return Refuse("PUSH_NOT_KEPT")
        return PutNew(task.href, new_event(content))
    return Wait("NOT_DELIVERED") if _just_pushed(task, now) else Diverged("deleted", None, None)


def _decide_deletion(task: Intent, found: Found | None, now: datetime) -> Step:
    """Gone is success, unless it may only not be shown yet (H18): then it would stay for ever."""
    there = "nothing" if found is None else _what_stands(task, found)
    if found is None or there == "other":
        return Wait("NOT_DELIVERED") if found is None and (_doubtful(task, now) or _just_pushed(task, now)) else Settled()
    if there == "ours":
        return DeleteIfMatch(found.href, strong(found.etag) or ANY)
    return Wait("NOT_DELIVERED") if there == "nothing" else Diverged("edited", found.raw, own_fields(found.raw, task.uid))


def _after_uid_conflict(task: Intent, found: Found | None, now: datetime) -> Step:
    """H9: the UID stands elsewhere. If that is our event, somebody moved it, and it is not made again (P13)."""
    if found is not None and path_key(found.href) == path_key(task.href):
        return decide(task, found, now)
    if found is not None and task.uid in uids_in(found.raw):
        return Diverged("moved", found.raw, own_fields(found.raw, task.uid), found.href)
    return Wait("NOT_DELIVERED") if _doubtful(task, now) else _next_generation(task, "UID_TAKEN")


def _what_stands(task: Intent, found: Found) -> Literal["ours", "edited", "other", "nothing"]:
    """Ours as we left it or as it should be, ours changed by its owner, another's, or nothing that could be read as a calendar."""
    mark = mark_of(found.raw, task.uid)
    wanted = None if task.content is None else fields_of(task.content).fingerprint
    if mark == wanted or mark in task.sent:
        return "ours"
    uids = uids_in(found.raw)
    if task.uid in uids:
        return "edited"
    if uids:
        return "other"
    # no event can be told: a damaged text with our UID in it is ours and changed, anything else is no answer
    return "edited" if task.uid.encode() in found.raw else "nothing"


def _next_generation(task: Intent, why: str) -> Step:
    return NextGeneration(why) if task.generation < MOST_GENERATIONS else Refuse(why, parked=True)


def _doubtful(task: Intent, now: datetime) -> bool:
    return task.doubtful_since is not None and now - task.doubtful_since < DOUBT_FOR


def _just_pushed(task: Intent, now: datetime) -> bool:
    return task.pushed_at is not None and now - task.pushed_at < SHOWN_AFTER
