"""The reading process: it reads one object after another from standard input, each within a budget that the kernel enforces.

Two processes: the outer one has everything loaded and does nothing but wait; the inner one, forked from it, reads. A CPU timer whose
signal ends the inner one, and a limit on its address space, need no code of ours to come round: a loop in C or one giant allocation is
stopped as well. The outer one reports it and forks the next, which takes milliseconds.
"""

from __future__ import annotations

import gc
import importlib
import os
import resource
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from icalsync.core.model import ReadResult, Rejected
from icalsync.workers.pipe import OVER, READY, pack, pack_reading, receive, send, unpack_job

Read = Callable[..., ReadResult]

INCOMING: Final = 0
OUTGOING: Final = 1
IDLE_SECONDS: Final = 60.0
"""After so long without work the process ends; a new one is started when it is needed again."""
WALL_FACTOR: Final = 20.0
"""Wall time allowed per second of CPU budget: a busy machine must not turn good objects into rejected ones."""
_AGAIN: Final = 10
_MEMORY: Final = 11
"""Exit codes of an inner process: it wants to be replaced; it had no memory left for an object, and is to be replaced."""
_TIME: Final = frozenset({signal.SIGPROF, signal.SIGALRM})
_CRASH: Final = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL})


def main() -> None:
    """Serve until the parent closes the pipe, or there was nothing to do for a while. The one argument is ``module:function``."""
    # what the libraries print must not end up between our messages
    outgoing = os.dup(OUTGOING)
    os.dup2(2, OUTGOING)
    for number in _TIME:  # the parent may have ignored or blocked them, and both would be inherited
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _TIME)
    module, _, function = sys.argv[1].partition(":")
    read: Read = getattr(importlib.import_module(module), function)
    gc.collect()
    gc.freeze()  # what is loaded stays; so a fork shares it, and no collection visits it
    with suppress(BrokenPipeError):  # the parent is gone, and nobody wants the answer
        send(outgoing, pack(READY))
        while _generation(read, outgoing):
            pass


def _generation(read: Read, outgoing: int) -> bool:
    """One inner process, from its fork to its end; whether another one is to follow."""
    inner = os.fork()
    if not inner:
        _serve(read, outgoing)
    _, status = os.waitpid(inner, 0)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
    # all of these come while an object is read, so nothing of an answer has been written yet
    over = "time" if number in _TIME else "crash" if number in _CRASH else "memory" if code == _MEMORY else None
    if over is not None:
        send(outgoing, pack((OVER, over)))
    return over is not None or code == _AGAIN


def _serve(read: Read, outgoing: int) -> None:
    """The inner process; never returns."""
    code, room = 0, _address_space()
    try:
        while select.select([INCOMING], [], [], IDLE_SECONDS)[0] and (job := receive(INCOMING)) is not None:
            raw, window, limits, seconds, memory = unpack_job(job)
            answer, fine = _bounded(lambda: read(raw, window, *limits), seconds, memory)  # noqa: B023  # called at once
            send(outgoing, answer)
            if not fine or _address_space() > room + memory:
                code = _AGAIN
                break
    except BrokenPipeError:
        code = 0
    except MemoryError:
        code = _MEMORY
    except BaseException:  # noqa: BLE001  # whatever it is must not run the outer process's code
        code = 1
    os._exit(code)


def _bounded(read: Callable[[], ReadResult], seconds: float, memory: int) -> tuple[bytes, bool]:
    """The packed answer, and whether this process is still as good as new.

    Past the CPU budget the process ends here; past the other a ``MemoryError`` is raised.
    """
    before = resource.getrlimit(resource.RLIMIT_AS)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * WALL_FACTOR)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_capped(_address_space() + memory, before[1]), before[1]))
        return pack_reading(read()), True
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # a fault of ours is no free slot either (R12)
        return pack_reading(Rejected("UNEXPECTED", type(error).__name__)), False
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)


def _capped(limit: int, hard: int) -> int:
    return limit if hard == resource.RLIM_INFINITY else min(limit, hard)


def _address_space() -> int:
    """Bytes of address space in use now, the baseline of the memory budget; without /proc a generous guess."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123  # once per object; Path costs more than the read
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 30


if __name__ == "__main__":
    main()
