"""Redirects, followed by hand: same site, same method, same body (H22–H26).

Left to the library, a 302 on PUT becomes a GET that succeeds: a lost write (faults.md §0.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from icalsync.caldav.hosts import ServerUrl, parse_url, same_site, without_credentials
from icalsync.errors import InsecureUrl, RedirectRefused, UrlRefused

if TYPE_CHECKING:
    from icalsync.caldav.answers import Answer

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS: Final = 5


def target_of(answer: Answer) -> ServerUrl:
    """Where an answer sends us; ``RedirectRefused``, naming the target, where that is not to be followed."""
    here, location = answer.url, answer.header("location")
    if not location:
        raise RedirectRefused(host=here.host, target="nowhere", why="the redirect names no single target")
    target, why = _judged(here, urljoin(str(here), location))
    if answer.status == 303:  # noqa: PLR2004  # RFC 9110 §15.4.4
        target, why = None, "it asks for another method"
    if target is None:
        raise RedirectRefused(host=here.host, target=without_credentials(location), why=why)
    return target


def _judged(here: ServerUrl, location: str) -> tuple[ServerUrl | None, str]:
    try:
        target = parse_url(location)
    except InsecureUrl:
        return None, "it leads to plain http"
    except UrlRefused as refused:
        return None, str(refused.facts.get("why"))
    if here.scheme == "https" and target.scheme == "http":
        return None, "it leads from https to plain http"
    if not same_site(here, target):
        return None, "it is another site"
    return target, ""
