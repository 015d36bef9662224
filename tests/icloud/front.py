"""The front of the look-alike: who is let in, what goes wrong on purpose, and who answers (icloud.md §1.2, §1.3, §6.12)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lxml import etree

from tests.icloud.answers import Refused, Reply, edge_page
from tests.icloud.collections_writes import CollectionWrites
from tests.icloud.places import Place, Request, locate
from tests.icloud.properties import Properties
from tests.icloud.queries import Queries
from tests.icloud.reports import Reports
from tests.icloud.writes import Writes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.icloud.ledger import Ledger
    from tests.icloud.state import Account, State

BASIC: Final = 'Basic realm="MMCalDav"'
TOKEN: Final = 'X-MobileMe-AuthToken realm="MMCalDav"'
DAV_CLASSES: Final = (
    "1, access-control, calendar-access, calendar-schedule, calendar-auto-schedule, calendar-managed-attachments, sync-collection"
)
"""OPTIONS: no capture of iCloud exists; this is what Apple's CalendarServer says (icloud.md §3.7)."""
METHODS: Final = "OPTIONS, GET, HEAD, PUT, DELETE, MOVE, PROPFIND, PROPPATCH, REPORT, MKCALENDAR"
CANONICAL: Final = "canonical"
_BELOW_ACCOUNT: Final = re.compile(r"/\d{8,11}(?:/|$)")


@dataclass
class Failure:
    """Requests that are going to fail: the next ``left`` ones that match."""

    left: int
    reply: Reply
    method: str | None = None
    report: str | None = None
    below: str | None = None
    """The beginning of the path."""
    done: bool = False
    """The request is carried out all the same, and only its answer is lost (H18, P2)."""

    def matches(self, request: Request, report: str | None) -> bool:
        """Whether this request is one of them."""
        return (
            self.left > 0
            and self.method in {None, request.method}
            and self.report in {None, report}
            and request.path.startswith(self.below or "")
        )


@dataclass
class Front:
    """Answers requests. ``partition_url`` and ``partition_name`` tell the origin and the name of the partition host that serves now."""

    state: State
    ledger: Ledger
    partition_url: Callable[[], str]
    partition_name: Callable[[], str]
    failures: list[Failure] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._properties = Properties(self.state, lambda account: self.partition_url() + account.home)
        self._reports = Reports(self.state)
        self._queries = Queries(self.state, self._reports)
        self._writes = Writes(self.state, self.ledger)
        self._collections = CollectionWrites(self.state)

    def answer(self, request: Request) -> tuple[Reply, Account | None]:
        """The reply, and the account whose right password came with the request."""
        with self.state.lock:
            account = self._authenticated(request)
            try:
                return self._answer(request, account), account
            except Refused as refused:
                return refused.reply, account

    def _answer(self, request: Request, account: Account | None) -> Reply:
        failure = self._failure_for(request)
        if failure is not None and not failure.done:
            return failure.reply
        if self.state.switches.user_agent_required and not request.header("user-agent"):
            return Reply(403)
        throttled = self.state.clock.monotonic() < self.state.throttled_until and _BELOW_ACCOUNT.match(request.path)
        if account is None or throttled:
            return self._unauthorized(request)
        target = self._redirected(request)
        if target is not None:
            return target
        reply = self._carry_out(request, account)
        return reply if failure is None else failure.reply

    def _failure_for(self, request: Request) -> Failure | None:
        report = root_name(request.body)
        found = next((failure for failure in self.failures if failure.matches(request, report)), None)
        if found is not None:
            found.left -= 1
        return found

    # --- who asks -------------------------------------------------------------------------------------------------------------

    def _authenticated(self, request: Request) -> Account | None:
        name, password = _credentials(request)
        account = self._account(name)
        same = account is not None and password.replace("-", "") == account.password.replace("-", "")
        return account if account is not None and same and account.service else None

    def account_asking(self, request: Request) -> Account | None:
        """The account that is named in the request, whether or not the password is right."""
        return self._account(_credentials(request)[0])

    def _account(self, name: str) -> Account | None:
        """By the primary address alone: an alias does not sign in (icloud.md §1.2)."""
        if self.state.switches.account_case_matters:
            return self.state.accounts.get(name)
        return next((account for account in self.state.accounts.values() if account.name.lower() == name.lower()), None)

    def _unauthorized(self, request: Request) -> Reply:
        """Two challenges and an empty body; a 403 perhaps where the account is not known (icloud.md §1.2)."""
        if self.account_asking(request) is None and request.header("authorization") and self.state.switches.unknown_account == 403:
            return Reply(403)
        challenges = (BASIC, TOKEN) if self.state.switches.basic_first else (TOKEN, BASIC)
        if self.state.switches.challenges == "one_line":
            return Reply(401, (("WWW-Authenticate", ", ".join(challenges)),))
        return Reply(401, tuple(("WWW-Authenticate", challenge) for challenge in challenges))

    def _redirected(self, request: Request) -> Reply | None:
        switches = self.state.switches
        if request.host != CANONICAL:
            return None
        if request.path.rstrip("/") == "/.well-known/caldav" and switches.well_known == "redirect":
            return Reply(301, (("Location", self.partition_url() + "/"),))
        below = _BELOW_ACCOUNT.match(request.path) is not None
        meant = {"root": not below, "account": below, "everything": True}[switches.redirect_what]
        if switches.redirect is None or not meant:
            return None
        return Reply(switches.redirect, (("Location", self.partition_url() + request.path),))

    # --- who answers ----------------------------------------------------------------------------------------------------------

    def _carry_out(self, request: Request, account: Account) -> Reply:
        if request.method == "OPTIONS":
            return Reply(200, (("DAV", DAV_CLASSES), ("Allow", METHODS)))
        place = locate(self.state, request.path)
        if place is None:
            return edge_page(404)
        if place.account not in {None, account}:
            return Reply(403)
        answer = self._answers_for(place).get(request.method)
        return edge_page(400 if request.method in METHODS else 405) if answer is None else answer(request, place, account)

    def _answers_for(self, place: Place) -> dict[str, Callable[[Request, Place, Account], Reply]]:
        answers: dict[str, Callable[[Request, Place, Account], Reply]] = {"PROPFIND": self._properties.propfind}
        if place.kind == "member":
            answers |= {"GET": self._writes.get, "HEAD": self._writes.get, "PUT": self._writes.put}
            answers |= {"DELETE": self._writes.delete, "MOVE": self._writes.move}
        if place.kind == "collection":
            answers |= {"REPORT": self._report, "PROPPATCH": self._collections.proppatch}
            answers |= {"MKCALENDAR": self._collections.make_calendar, "DELETE": self._collections.delete}
        return answers

    def _report(self, request: Request, place: Place, account: Account) -> Reply:
        root = request.xml()
        answers = {
            "sync-collection": self._reports.sync_collection,
            "calendar-multiget": self._reports.multiget,
            "calendar-query": self._queries.calendar_query,
            "free-busy-query": self._queries.free_busy,
        }
        answer = None if root is None else answers.get(etree.QName(root).localname)
        if root is None or answer is None:
            return edge_page(400)
        return edge_page(404) if place.collection is None else answer(root, account, place.collection)


def root_name(body: bytes) -> str | None:
    """The local name of an XML body's root: which report it is; None for anything else."""
    match = re.search(rb"<(?:[A-Za-z0-9_-]+:)?([A-Za-z0-9_-]+)[\s/>]", body[:500])
    return match[1].decode() if match and body.lstrip()[:1] == b"<" else None


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = (request.header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return name, password
