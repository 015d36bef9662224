"""What helps somebody who fills in a form: the providers there are, and what is wrong with what is typed so far. Nothing is sent."""

from __future__ import annotations

import re
from typing import Any, Final

from icalsync.caldav.hosts import parse_url
from icalsync.core.credentials import app_specific
from icalsync.core.providers import PROVIDERS
from icalsync.errors import InvalidInput, UrlRefused
from icalsync.messages import say

_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
"""An e-mail address, as far as its form goes."""


def providers() -> list[dict[str, Any]]:
    """What can be connected: ``name``, ``display_name``, ``app_specific_password`` (R1), ``needs_url``."""
    return [
        {
            "name": each.name,
            "display_name": each.display_name,
            "app_specific_password": each.app_specific_password,
            "needs_url": each.default_url is None,
        }
        for each in PROVIDERS.values()
    ]


def troubles(provider: str, account: str | None = None, password: str | None = None, url: str | None = None) -> dict[str, str]:
    """Field → what is wrong with it, of what is typed so far (None: nothing yet). A password never stands in a sentence."""
    if provider not in PROVIDERS:
        raise InvalidInput(what="the provider", value=provider, why=f"known are {', '.join(PROVIDERS)}")
    spec = PROVIDERS[provider]
    found: dict[str, str] = {}
    if account is not None and not account.strip():
        found["account"] = say("form.empty")
    elif account is not None and spec.app_specific_password and not _ADDRESS.fullmatch(account.strip()):
        found["account"] = say("form.apple_account")
    if password is not None and not password:
        found["password"] = say("form.empty")
    elif password is not None and spec.app_specific_password and app_specific(password) is None:
        found["password"] = say("form.app_specific")
    if url is not None and spec.default_url is None and (trouble := _url_trouble(url)):
        found["url"] = trouble
    return found


def _url_trouble(url: str) -> str | None:
    """Why an address would be refused once it is sent, in the words of that; None where nothing is wrong with its form."""
    if not re.match(r"https?://", url.strip(), re.IGNORECASE):
        return say("form.url")
    try:
        parse_url(url)
    except UrlRefused as error:
        return error.message
    return None
