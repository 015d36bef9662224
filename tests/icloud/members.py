"""The objects of a collection: those that were stored, and any number of generated ones whose text is made when somebody reads it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """One object as it is now."""

    name: str
    """The last segment of its path, decoded."""
    uid: str | None
    etag: str
    created: int
    """The sequence number of its creation."""
    changed_at: datetime
    body: str | None = None
    recipe: Callable[[], str] | None = None
    by_device: bool = False
    """Last written by its owner's device, not by a client (icloud.md §3.5)."""
    older: tuple[str, str] | None = None
    """ETag and text before the last change."""

    @property
    def text(self) -> str:
        """Its iCalendar text."""
        if self.body is not None:
            return self.body
        return self.recipe() if self.recipe else ""


@dataclass(frozen=True, slots=True)
class Generated:
    """Objects that exist by rule: number, ETag and name follow from the index."""

    count: int
    make: Callable[[int, str], str]
    """Index and UID to text."""
    etag: Callable[[int], str]
    sequence: int
    at: datetime

    def uid(self, index: int) -> str:
        """An upper-case UUID, as Apple's own; the sequence number keeps several batches apart."""
        return f"{index:08X}-0000-4000-8000-{self.sequence:012X}"

    def index(self, name: str) -> int | None:
        """The index behind a name; None for any other name."""
        try:
            index = int(name[:8], 16)
        except ValueError:
            return None
        return index if index < self.count and name == f"{self.uid(index)}.ics" else None

    def object(self, index: int) -> Stored:
        """The object, its text not yet made."""
        uid = self.uid(index)
        return Stored(f"{uid}.ics", uid, self.etag(index), self.sequence, self.at, recipe=partial(self.make, index, uid))


class Members:
    """A collection's objects by name."""

    def __init__(self) -> None:
        self._stored: dict[str, Stored] = {}
        self._uids: dict[str, str] = {}
        self._generated: list[Generated] = []
        self._gone: set[str] = set()
        self._asked: dict[tuple[str, str], int] = {}

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Stored]:
        for batch in self._generated:
            for index in range(batch.count):
                each = batch.object(index)
                if each.name not in self._gone and each.name not in self._stored:
                    yield each
        yield from list(self._stored.values())

    def get(self, name: str) -> Stored | None:
        """The object of that name; None where there is none."""
        if name in self._stored or name in self._gone:
            return self._stored.get(name)
        for batch in self._generated:
            index = batch.index(name)
            if index is not None:
                return batch.object(index)
        return None

    def put(self, stored: Stored) -> None:
        """Create or replace."""
        before = self._stored.get(stored.name)
        if before is not None and before.uid is not None:
            self._uids.pop(before.uid, None)
        self._stored[stored.name] = stored
        self._gone.discard(stored.name)
        if stored.uid is not None:
            self._uids[stored.uid] = stored.name

    def remove(self, name: str) -> None:
        """Away with it."""
        before = self._stored.pop(name, None)
        if before is not None and before.uid is not None:
            self._uids.pop(before.uid, None)
        self._gone.add(name)

    def name_of(self, uid: str) -> str | None:
        """The name of the object with that UID."""
        if uid in self._uids:
            return self._uids[uid]
        name = f"{uid}.ics"
        generated = any(batch.index(name) is not None for batch in self._generated)
        return name if generated and name not in self._gone and name not in self._stored else None

    def uids(self) -> set[str]:
        """All UIDs."""
        return {each.uid for each in self if each.uid}

    def generate(self, batch: Generated) -> None:
        """Add objects that exist by rule."""
        self._generated.append(batch)

    def generated_between(self, sequence: int, horizon: int) -> Iterator[str]:
        """Names of generated objects that came after one sequence number, up to another, and were not touched since."""
        for batch in self._generated:
            if sequence < batch.sequence <= horizon:
                names = (f"{batch.uid(index)}.ics" for index in range(batch.count))
                yield from (name for name in names if name not in self._gone and name not in self._stored)

    def asked_for(self, stored: Stored) -> int:
        """How often this version was asked for, this time included."""
        key = (stored.name, stored.etag)
        self._asked[key] = self._asked.get(key, 0) + 1
        return self._asked[key]
