"""Work that several callers wait for: of each kind at most one under way in this process, and one to follow."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """Callers who ask while work is under way share the next one: what it brings is newer than their asking."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._next: dict[str, tuple[Callable[[], T], Future[T]]] = {}

    def join(self, key: str, work: Callable[[], T]) -> Future[T]:
        """The result of work that begins after this call, on a thread of its own."""
        with self._lock:
            if key in self._under_way:
                return self._next.setdefault(key, (work, Future()))[1]
            self._under_way.add(key)
        result: Future[T] = Future()
        threading.Thread(target=self._fly, args=(key, work, result), name=f"fresh {key}", daemon=True).start()
        return result

    def _fly(self, key: str, work: Callable[[], T], result: Future[T]) -> None:
        following: tuple[Callable[[], T], Future[T]] | None = (work, result)
        while following is not None:
            work, result = following
            try:
                result.set_result(work())
            except BaseException as error:  # noqa: BLE001  # it belongs to those who wait
                result.set_exception(error)
            with self._lock:
                following = self._next.pop(key, None)
                if following is None:
                    self._under_way.discard(key)
