"""Messages between this process and a reading process: length-prefixed pickles over two pipes."""

from __future__ import annotations

import io
import os
import pickle
import struct
from dataclasses import replace
from typing import Any, Final

from icalsync.core.model import Instance, Reading, ReadResult

READY: Final = "ready"
"""The first message of a reading process."""
READ: Final = "read"
"""An answer: ``(READ, result)``."""
OVER: Final = "over"
"""An answer: ``(OVER, what)``: the object passed its budget of ``time`` or ``memory``, or ended its reader by a ``crash``."""

_HEAD: Final = struct.Struct(">I")
_PIECE: Final = 1 << 20
_WORDS: Final = frozenset({"icalsync.core.model", "icalsync.core.interval", "datetime"})


class _Words(pickle.Unpickler):
    """Makes icalsync's own words and times, and nothing else, whatever the bytes say: the other side reads what strangers wrote."""

    def find_class(self, module: str, name: str) -> Any:
        if module not in _WORDS or "." in name:
            raise pickle.UnpicklingError(f"{module}.{name} is no word of ours")
        return super().find_class(module, name)


def pack(value: Any) -> bytes:
    """One message, ready to be sent."""
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    return _HEAD.pack(len(data)) + data


def pack_reading(result: ReadResult) -> bytes:
    """The answer ``(READ, result)``, with the instances as plain tuples: there are many, and dataclasses travel slowly."""
    if not isinstance(result, Reading):
        return pack((READ, result, ()))
    plain = [(one.component, one.recurrence_id, one.starts, one.ends, one.travel) for one in result.instances]
    return pack((READ, replace(result, instances=()), plain))


def send(pipe: int, message: bytes) -> None:
    """Write a packed message; ``BrokenPipeError`` where nobody reads any more."""
    rest = memoryview(message)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def receive(pipe: int) -> bytes | None:
    """The next message, packed; None at the end of the stream."""
    head = _exactly(pipe, _HEAD.size)
    return None if head is None else _exactly(pipe, _HEAD.unpack(head)[0])


def unpack_job(data: bytes) -> Any:
    """What the parent sent: this program's own words, so nothing has to be feared of them."""
    return pickle.loads(data)  # noqa: S301  # the parent is trusted


def unpack_answer(data: bytes) -> Any:
    """What a reading process sent; ``pickle.UnpicklingError`` where it is anything but words of the core."""
    answer = _Words(io.BytesIO(data)).load()
    if answer[0] != READ:
        return answer
    _, result, plain = answer
    return READ, replace(result, instances=tuple(Instance(*one) for one in plain)) if plain else result


def _exactly(pipe: int, size: int) -> bytes | None:
    pieces, left = [], size
    while left:
        piece = os.read(pipe, min(left, _PIECE))
        if not piece:
            return None
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
