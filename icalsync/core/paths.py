"""Hrefs compared as places: the same path in two spellings is one (C14, RFC 3986 §6.2.2)."""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes, urlsplit


def path_of(href: str) -> str:
    """The path of an href, without scheme, host, query or fragment: identity is the path, because hosts rotate (icloud.md §1.1.5)."""
    return urlsplit(href).path if "://" in href else href.split("?", 1)[0].split("#", 1)[0]


def path_key(href: str) -> str:
    """A canonical key: percent-escapes normalised, no trailing slash. ``%2F`` stays apart from ``/``."""
    segments = [quote(unquote_to_bytes(segment), safe="") for segment in path_of(href).split("/")]
    return "/".join(segments).rstrip("/") or "/"


def last_segment(href: str) -> str:
    """The last path segment, decoded: the name of a collection that has no display name."""
    return unquote_to_bytes(path_key(href).rsplit("/", 1)[-1]).decode("utf-8", "replace")


def has_dot_segments(href: str) -> bool:
    """Whether a segment is ``.`` or ``..``, plain or escaped (C16): such an href is refused."""
    return any(unquote_to_bytes(segment) in {b".", b".."} for segment in path_of(href).split("/"))
