"""The text of calendar objects: calendar-multiget in batches, GET for what it does not deliver; one bad object costs only itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from icalsync.caldav.account import READABLE
from icalsync.caldav.properties import CALENDAR_DATA, ETAG
from icalsync.caldav.quirks import MULTIGET_BATCH
from icalsync.caldav.wire import is_self, looks_like_html, multiget_body, parse_multistatus
from icalsync.core.paths import has_dot_segments, path_key
from icalsync.errors import AccessDenied, AnswerTooLarge, CalendarGone, ProtocolViolation, ServerFailed
from icalsync.ports import Fetched, FetchResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icalsync.caldav.account import Account
    from icalsync.caldav.answers import Answer
    from icalsync.caldav.wire import Multistatus

_OK = 200
_INTERNAL_ERROR = 500
_END = b"END:VCALENDAR"


@dataclass
class _Fetching:
    account: Account
    collection: str
    multiget: bool
    objects: dict[str, Fetched] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    broken: int = 0
    """GETs that ended in a 500: one is that object's own trouble, two are the server's."""

    def batch(self, hrefs: Sequence[str]) -> None:
        """A batch by multiget; where the answer cannot be read because of one object in it, by halves down to single GETs."""
        if not self.multiget or len(hrefs) == 1:
            for href in hrefs:
                self.get(href)
            return
        try:
            self._take(self._multiget(hrefs), hrefs)
        except (ProtocolViolation, AnswerTooLarge, _BrokenReport):
            middle = len(hrefs) // 2
            self.batch(hrefs[:middle])
            self.batch(hrefs[middle:])

    def get(self, href: str) -> None:
        """One object by GET; missing where it is not there, not readable for us, larger than the limit, or perhaps not all of it."""
        try:
            answer = self.account.ask("GET", href)
        except AnswerTooLarge:
            self.missing[path_key(href)] = href
            return
        except ServerFailed as failure:
            self.broken += 1
            if failure.facts.get("status") != _INTERNAL_ERROR or self.broken > 1:
                raise
            self.missing[path_key(href)] = href
            return
        if answer.status != _OK:
            self.missing[path_key(href)] = href
        elif _is_web_page(answer):  # a captive portal is nobody's calendar (N10)
            raise ProtocolViolation(host=answer.url.host, path=answer.url.path, why="it is a web page")
        elif may_be_cut_short(answer):
            self.missing[path_key(href)] = href
        else:
            self.objects[path_key(href)] = Fetched(href, answer.header("etag") or None, answer.body)

    def _multiget(self, hrefs: Sequence[str]) -> Multistatus | None:
        """The rows; None where the server does not answer this report here, so that GET has to do (icloud.md §3.2)."""
        try:
            answer = self.account.ask("REPORT", self.collection, body=multiget_body(hrefs), depth="1")
        except ServerFailed as failure:
            if failure.facts.get("status") == _INTERNAL_ERROR:
                raise _BrokenReport from failure
            raise
        if answer.status in READABLE:
            return parse_multistatus(answer.body, answer.url)
        if answer.status == 403:  # noqa: PLR2004
            raise AccessDenied(host=answer.url.host, path=self.collection)
        if answer.status == 410:  # noqa: PLR2004
            raise CalendarGone(path=self.collection, host=answer.url.host)
        self.multiget = False
        return None

    def _take(self, page: Multistatus | None, hrefs: Sequence[str]) -> None:
        """What was asked for and delivered once; everything else by GET (C25, C26)."""
        asked = {path_key(href): href for href in hrefs}
        delivered: dict[str, Fetched | None] = {}
        for row in () if page is None else page.rows:
            key, text = path_key(row.href), row.found.get(CALENDAR_DATA)
            if page is None or is_self(row, page.url) or key not in asked or text is None:
                continue
            raw = "".join(str(part) for part in text.itertext()).encode()
            fetched = Fetched(asked[key], row.text(ETAG), raw)
            twice = key in delivered and delivered[key] != fetched
            delivered[key] = None if twice or not raw.strip() else fetched
        for key, href in asked.items():
            found = delivered.get(key)
            if found is None:
                self.get(href)
            else:
                self.objects[key] = found


class _BrokenReport(Exception):  # never leaves this module
    """A report that the server failed over with a 500: perhaps because of one object in it."""


def fetch(account: Account, collection: str, hrefs: Sequence[str], *, multiget: bool) -> FetchResult:
    """The objects behind ``hrefs``, each once, in batches of at most 50; nothing follows from an absence (H7)."""
    work = _Fetching(account, collection, multiget)
    wanted: dict[str, str] = {}
    for href in hrefs:
        key = path_key(href)
        if has_dot_segments(href) or not href.startswith("/") or key == path_key(collection):
            work.missing[key] = href  # never sent: the collection in a multiget makes iCloud refuse all of it (icloud.md §3.1)
        else:
            wanted.setdefault(key, href)
    places = list(wanted.values())
    for start in range(0, len(places), MULTIGET_BATCH):
        work.batch(places[start : start + MULTIGET_BATCH])
    return FetchResult(tuple(work.objects.values()), tuple(work.missing.values()))


def _is_web_page(answer: Answer) -> bool:
    return "html" in (answer.header("content-type") or "").lower() and looks_like_html(answer.body)


def may_be_cut_short(answer: Answer) -> bool:
    """Whether the connection's end was the text's, and it is not the end of a calendar object: kept, half would pass for all (N4)."""
    framed = answer.header("content-length") is not None or "chunked" in (answer.header("transfer-encoding") or "").lower()
    return not framed and not answer.body.rstrip().upper().endswith(_END)
