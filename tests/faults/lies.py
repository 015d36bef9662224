"""Answers whose bytes are not what the server said: each takes the true body and the request, and gives another (``behaviour.Body``)."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final

from lxml import etree

if TYPE_CHECKING:
    from tests.faults.asked import Asked
    from tests.faults.behaviour import Body

PORTAL: Final = b"<!DOCTYPE html><html><head><title>Welcome to the hotel</title></head><body>Please accept our terms.</body></html>"
_BOMB: Final = 24 * 1024 * 1024


def cut(share: float) -> Body:
    """Only the first part of the body, with the length of what is left: nothing but its form tells (H29)."""
    return lambda body, _asked: body[: int(len(body) * share)]


def preceded(by: bytes) -> Body:
    """Something before the first byte (H34)."""
    return lambda body, _asked: by + body


def portal(_body: bytes, _asked: Asked) -> bytes:
    """A web page instead (N10)."""
    return PORTAL


def emptied(_body: bytes, _asked: Asked) -> bytes:
    """A multistatus with nothing in it at all (H30)."""
    return b'<?xml version="1.0" encoding="utf-8"?><multistatus xmlns="DAV:"/>'


def without_body(_body: bytes, _asked: Asked) -> bytes:
    """Not a byte."""
    return b""


def bomb(_body: bytes, _asked: Asked) -> bytes:
    """A few kilobytes that become 24 MB (H33)."""
    return gzip.compress(b"\0" * _BOMB, 6)


def half_compressed(body: bytes, _asked: Asked) -> bytes:
    """A compressed answer whose second half is missing (N3, H33)."""
    packed = gzip.compress(body, 6, mtime=0)
    return packed[: len(packed) // 2]


def damaged_compression(body: bytes, _asked: Asked) -> bytes:
    """A compressed answer with one byte turned over."""
    packed = bytearray(gzip.compress(body, 6, mtime=0))
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


def in_latin_1(body: bytes, _asked: Asked) -> bytes:
    """The same document in another encoding, as its XML declaration says (H32)."""
    root = etree.fromstring(body)
    return etree.tostring(root, xml_declaration=True, encoding="iso-8859-1")


def undecodable(body: bytes, _asked: Asked) -> bytes:
    """A byte that is in no UTF-8 text, in the middle of an answer that says it is UTF-8 (H32)."""
    root = etree.fromstring(body)
    plain = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    middle = plain.index(b"<", len(plain) // 2)
    return plain[:middle] + b"\xff" + plain[middle:]


def with_entity(body: bytes, _asked: Asked) -> bytes:
    """A DOCTYPE with an entity before the document (S7)."""
    _, _, rest = body.lstrip().partition(b"?>")
    return b'<?xml version="1.0" encoding="utf-8"?><!DOCTYPE x [<!ENTITY e "lol">]>' + rest


def with_control_byte(body: bytes, _asked: Asked) -> bytes:
    """A byte that XML does not allow within the text of one object (faults.md §0.8)."""
    return body.replace(b"SUMMARY:", b"SUMMARY:\x0b", 1)
