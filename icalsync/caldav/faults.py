"""What goes wrong below HTTP, in our words: the libraries' exceptions hold requests, and requests hold the password (S1)."""

from __future__ import annotations

import errno
import ssl
from typing import TYPE_CHECKING, Any

import niquests
from niquests.packages.urllib3 import exceptions as urllib3_errors

from icalsync.errors import CertificateInvalid, HostUnknown, IcalsyncError, ServerFailed, ServerTimedOut, ServerUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icalsync.caldav.hosts import ServerUrl
    from icalsync.caldav.transport import Limits

_TIMEOUTS = (TimeoutError, niquests.exceptions.Timeout, urllib3_errors.TimeoutError)
_CERTIFICATE = (ssl.SSLCertVerificationError, ssl.CertificateError)
_TRANSPORT = (OSError, niquests.exceptions.RequestException, urllib3_errors.HTTPError)
_NO_SUCH_HOST = (urllib3_errors.LocationValueError, niquests.exceptions.InvalidURL)


def translated(caught: Exception, url: ServerUrl, limits: Limits, response: Any) -> IcalsyncError:
    """Our error for a library's; a new object without cause or traceback. What is no fault of the way is raised again."""
    chain = list(_chain(caught))
    for link in chain:
        if isinstance(link, IcalsyncError):
            return type(link)(**link.facts)
    for link in chain:
        if isinstance(link, _CERTIFICATE) or type(link).__name__ == "CertificateError":
            return CertificateInvalid(host=url.host, why=_reason(link))
    if any(isinstance(link, _NO_SUCH_HOST) for link in chain):
        return HostUnknown(host=url.host)
    if any(isinstance(link, _TIMEOUTS) and not isinstance(link, urllib3_errors.NewConnectionError) for link in chain):
        seconds = (
            limits.read_timeout if response is not None or isinstance(caught, niquests.exceptions.ReadTimeout) else limits.connect_timeout
        )
        return ServerTimedOut(host=url.host, seconds=seconds)
    if not isinstance(caught, _TRANSPORT):
        raise caught
    if response is not None:
        return ServerFailed(host=url.host, status=f"{response.status_code}, cut short")
    return ServerUnreachable(host=url.host, why=_what_broke(chain))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it wraps, by cause, context, ``reason`` or as an argument."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]


def _reason(link: BaseException) -> str:
    return str(getattr(link, "verify_message", "") or "it does not belong to this host")


def _what_broke(chain: list[BaseException]) -> str:
    for link in chain:
        if isinstance(link, ssl.SSLError):
            return "no secure connection could be made"
        if isinstance(link, OSError) and link.errno is not None:
            return {errno.ECONNREFUSED: "the connection was refused"}.get(link.errno, (link.strerror or "the connection broke").lower())
    return "the connection broke"
