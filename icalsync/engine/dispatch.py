"""Work on threads that nobody has to wait for: a request that hangs is left behind, not waited for, when the process ends (T14)."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Generic, TypeVar

from icalsync.engine.hosts import Hosts

T = TypeVar("T")


class Dispatch(Generic[T]):
    """Runs one piece of work per key on a thread of its own, as far as its host has a place; results come as they are ready."""

    def __init__(self, hosts: Hosts, work: Callable[[str], T]) -> None:
        """``work`` gets the key. It must not raise ``Exception``; what it raises all the same is given back by ``results``."""
        self._hosts, self._work = hosts, work
        self._done: queue.Queue[tuple[str, Callable[[], T]]] = queue.Queue()
        self._running: dict[str, threading.Thread] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._running

    def __len__(self) -> int:
        return len(self._running)

    def start(self, key: str, host: str) -> bool:
        """Begin; False where the host has no place now."""
        if not self._hosts.enter(host):
            return False
        # a daemon: at the end of the process nothing waits for a server that does not answer
        thread = threading.Thread(target=self._run, args=(key, host), name=f"sync {key}", daemon=True)
        self._running[key] = thread
        thread.start()
        return True

    def _run(self, key: str, host: str) -> None:
        future: Future[T] = Future()
        try:
            future.set_result(self._work(key))
        except BaseException as error:  # noqa: BLE001  # it belongs to whoever waits for the result
            future.set_exception(error)
        finally:
            self._hosts.leave(host)
        self._done.put((key, future.result))

    def results(self, seconds: float) -> Iterator[tuple[str, T]]:
        """What is ready, after waiting up to so many seconds for the first; raises what the work raised."""
        with contextlib.suppress(queue.Empty):
            key, result = self._done.get(timeout=seconds) if seconds > 0 else self._done.get_nowait()
            while True:
                self._running.pop(key).join()
                yield key, result()
                key, result = self._done.get_nowait()

    def wind_down(self, seconds: float) -> list[str]:
        """Wait up to so many seconds for what is running; the keys of what is not over by then."""
        deadline = time.monotonic() + seconds
        for thread in list(self._running.values()):
            thread.join(max(0.0, deadline - time.monotonic()))
        return [key for key, thread in self._running.items() if thread.is_alive()]
