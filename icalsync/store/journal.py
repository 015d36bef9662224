"""A second memory of what is to be written to calendars, beside the database (T5): ``<database>.journal``, JSON lines, synced one by one.

DuckDB loses committed rows in silence where its WAL is damaged (measured), and an intent that is forgotten, or sent though nobody wanted
it, is the one fault a person would see in their calendar. So each intent is noted here before it is committed, after that, before it is
sent and when it ended; the two memories are compared before anything is sent. Ids and hashes only, no titles (R18).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from icalsync.errors import StoreLocked
from icalsync.store.failures import as_store_errors

Phase = Literal["planned", "committed", "sending", "outcome", "abandoned", "lost", "forgotten"]
ENDED: Final = frozenset({"abandoned", "lost", "forgotten"})
"""Phases after which nothing more is expected of an intent."""
FINAL: Final = frozenset({"done", "failed"})
"""Outcomes that end it."""
COMPACT_AT: Final = 1_000_000
"""Bytes from which the stories that have ended are dropped."""
PATIENCE: Final = 30.0
"""Seconds for which another writer is waited for: each needs milliseconds."""
PAUSE: Final = 0.002
_TAIL: Final = 4096


@dataclass(frozen=True, slots=True)
class Entry:
    """One intent as the journal names it."""

    outbox_id: str
    appointment_id: str
    calendar_id: str
    action: str
    generation: int | None


@dataclass(slots=True)
class Story:
    """What the journal knows of one intent."""

    phases: set[str] = field(default_factory=set)
    result: str | None = None
    appointment: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more is expected of it."""
        return bool(self.phases & ENDED) or self.result in FINAL


def path_of(database: Path) -> Path:
    """Where the journal of a database lies."""
    return database.with_name(database.name + ".journal")


class Journal:
    """The journal of one database; lines of another one that lay at the same place are not its own."""

    def __init__(self, database: Path, uuid: str) -> None:
        self.path: Final = path_of(database)
        self._uuid = _hashed(uuid)

    def write(self, phase: Phase, entries: Iterable[Entry], at: datetime, *, result: str | None = None, body: str | None = None) -> None:
        """Note it, and come back when the disk has it. ``StoreFull``, ``StoreError``.

        ``result``: of the phase ``outcome``; ``body``: the fingerprint of what is sent.
        """
        lines = [self._line(phase, entry, at, {"result": result, "body": body}) for entry in entries]
        if not lines:
            return
        with as_store_errors(self.path), _locked(self.path) as descriptor:
            number, torn = _last(descriptor)
            text = "".join(json.dumps({"n": n, **line}, sort_keys=False) + "\n" for n, line in enumerate(lines, number + 1))
            os.write(descriptor, (("\n" if torn else "") + text).encode())
            os.fsync(descriptor)
            if os.fstat(descriptor).st_size > COMPACT_AT:
                self._compact(descriptor)

    def stories(self) -> dict[str, Story]:
        """Every intent of this database that the journal knows of, by outbox id. A line that a crash tore counts as not written."""
        with as_store_errors(self.path):
            try:
                raw = self.path.read_bytes()
            except FileNotFoundError:
                return {}
        return self._told(_parsed(raw))

    def _line(self, phase: Phase, entry: Entry, at: datetime, more: dict[str, str | None]) -> dict[str, Any]:
        return {
            "at": at.astimezone(UTC).isoformat(),
            "db": self._uuid,
            "phase": phase,
            "outbox_id": entry.outbox_id,
            "appointment": _hashed(entry.appointment_id),
            "calendar": _hashed(entry.calendar_id),
            "generation": entry.generation,
            "action": entry.action,
            **{name: value for name, value in more.items() if value is not None},
        }

    def _told(self, lines: Iterable[dict[str, Any]]) -> dict[str, Story]:
        stories: dict[str, Story] = {}
        for line in lines:
            if line.get("db") == self._uuid:
                story = stories.setdefault(str(line["outbox_id"]), Story())
                story.phases.add(str(line["phase"]))
                story.result = line.get("result") or story.result
                story.appointment = str(line.get("appointment", ""))
        return stories

    def _compact(self, descriptor: int) -> None:
        """Drop what has ended, in a new file renamed over the old one; who holds the old one finds that out (``_locked``)."""
        size = os.fstat(descriptor).st_size
        lines = _parsed(os.pread(descriptor, size, 0))
        ended = {name for name, story in self._told(lines).items() if story.ended}
        kept = [line for line in lines if line.get("db") == self._uuid and line["outbox_id"] not in ended]
        if len(kept) * 2 > len(lines):  # nothing much would be won
            return
        # the last line stays whatever it says, so that the numbers go on
        kept = kept if kept and kept[-1] is lines[-1] else [*kept, *lines[-1:]]
        with tempfile.NamedTemporaryFile("w", dir=self.path.parent, prefix=f".{self.path.name}.", delete=False, encoding="utf-8") as draft:
            draft.writelines(json.dumps(line) + "\n" for line in kept)
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).replace(self.path)
        _sync_directory(self.path.parent)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The journal, opened for appending by one writer at a time, of this process and of others. ``StoreLocked`` after a while.

    The lock is taken off and not left to the closing: it would stay for as long as a process that was forked meanwhile has its copy.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            _lock(descriptor, path, deadline)
            try:
                if _is_at(descriptor, path):
                    if new:
                        _sync_directory(path.parent)
                    yield descriptor
                    return
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)


def _lock(descriptor: int, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StoreLocked(path=str(path), holder="another process") from None
            time.sleep(PAUSE)
        else:
            return


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one at ``path``: it may have been compacted while its lock was waited for."""
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _last(descriptor: int) -> tuple[int, bool]:
    """(number of the last line, whether the file ends in the middle of one)."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _TAIL, max(0, size - _TAIL))
    numbers = [int(line["n"]) for line in _parsed(tail)]
    return max(numbers, default=0), bool(tail) and not tail.endswith(b"\n")


def _parsed(raw: bytes) -> list[dict[str, Any]]:
    """The lines that are whole."""
    found: Sequence[Any] = [_json(line) for line in raw.split(b"\n") if line]
    return [line for line in found if isinstance(line, dict) and {"n", "phase", "outbox_id"} <= line.keys()]


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:  # torn by a crash: it was not acknowledged, so it is as if it had not been written
        return None


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
