"""The owner who never stops: a thread that edits two calendars while they are synced, and remembers what each sync token stood for."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from tests.icloud.owners import generated_event

if TYPE_CHECKING:
    from tests.icloud import CalendarOwner
    from tests.icloud.ledger import Ledger

OBJECTS: Final = 60
"""In each calendar at first."""
EDITS: Final = 2
"""Edits for each request the server is asked, so that a slow machine changes nothing but the time it takes."""
MOST_GONE: Final = 8
"""Objects that may be gone from a calendar since the store last knew it: R13, which would hold them for an hour, is tested elsewhere."""
_POLL: Final = 0.005


@dataclass
class History:
    """One calendar through time: what it held (name to ETag) when each token was the newest."""

    at: dict[str, int] = field(default_factory=dict)
    """Token to its place in ``states``."""
    states: list[dict[str, str]] = field(default_factory=list)
    seen: int = 0
    """The newest state the store is known to have."""

    def keep(self, token: str, state: dict[str, str]) -> None:
        """One more."""
        self.at[token] = len(self.states)
        self.states.append(state)

    @property
    def gone(self) -> int:
        """How many objects the store has yet to remove."""
        return len(self.states[self.seen].keys() - self.states[-1].keys())


class Owner:
    """A context manager; leaving it, or ``pause``, ends the editing after the edit in hand."""

    def __init__(self, calendars: dict[str, CalendarOwner], ledger: Ledger, seed: int) -> None:
        self._calendars = calendars
        self._ledger = ledger
        self._dice = random.Random(seed)  # noqa: S311  # edits, not secrets
        self._number = self._answered = 0
        self._go, self._end, self._idle = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._edit, name="owner", daemon=True)
        self.history = {href: History() for href in calendars}
        self.failure: BaseException | None = None
        for href, calendar in calendars.items():
            for _ in range(OBJECTS):
                self._put(calendar)
            self._keep(href)

    def __enter__(self) -> Self:
        self._go.set()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._go.set()
        self._thread.join()

    @property
    def edits(self) -> int:
        """How many there were so far."""
        return sum(len(history.states) for history in self.history.values())

    def pause(self) -> None:
        """Nothing changes from here on; raises what went wrong in the thread."""
        self._go.clear()
        assert self._idle.wait(10)
        if self.failure is not None:
            raise self.failure

    def go_on(self) -> None:
        """Edit again."""
        self._idle.clear()
        self._go.set()

    def _edit(self) -> None:
        try:
            while not self._end.is_set():
                if not self._go.is_set():
                    self._idle.set()
                    self._go.wait()
                    continue
                if (asked := len(self._ledger)) > self._answered:
                    self._answered = asked
                    for _ in range(EDITS):
                        self._one()
                self._end.wait(_POLL)
        except BaseException as failure:  # noqa: BLE001  # told to the test
            self.failure = failure
        self._idle.set()

    def _one(self) -> None:
        href, other = self._dice.sample(sorted(self._calendars), 2)
        calendar, names = self._calendars[href], self._calendars[href].names()
        what = self._dice.choices(["add", "edit", "delete", "move", "rename"], [6, 8, 3, 3, 1])[0]
        if what == "add" or len(names) < OBJECTS // 2:
            self._put(calendar)
        elif what == "edit":
            self._put(calendar, self._dice.choice(names))
        elif what in {"delete", "move"} and self.history[href].gone >= MOST_GONE:
            return
        elif what == "delete":
            calendar.delete(self._dice.choice(names))
        elif what == "move":
            calendar.move(self._dice.choice(names), self._calendars[other])
            self._keep(other)
        else:
            self._number += 1
            calendar.rename(f"{href[-4:-1]} {self._number}")
        self._keep(href)

    def _put(self, calendar: CalendarOwner, name: str | None = None) -> None:
        self._number += 1
        name = name or f"event-{self._number}.ics"
        calendar.put(name, generated_event(self._number, name.removesuffix(".ics")))

    def _keep(self, href: str) -> None:
        calendar = self._calendars[href]
        self.history[href].keep(calendar.token, {name: calendar.etag(name) for name in calendar.names()})
