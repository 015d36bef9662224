"""The servers that are recorded from, and their owners: each makes the story's changes past the product, and off the tape."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Protocol
from unittest.mock import patch

from tests.cassettes.stage import Account, Manners, Owner
from tests.icloud import ICloud
from tests.servers import Account as Hand
from tests.servers import RadicaleServer, XandikosServer, event_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.icloud import CalendarOwner, MovableClock

PASSWORD: Final = "abcd-efgh-ijkl-mnop"
PRIVATE_TITLE: Final = "Dentist, Dr. Sample"
PRIVATE_PLACE: Final = "LOCATION:12 Sample Street"
CALENDAR: Final = "Sample practice"
ROTA: Final = "Sample rota"
FEED: Final = "webcal://calendar.sample.example/holidays.ics"
ROTA_EVENT: Final = ("20270201T080000Z", "20270201T160000Z")


class Source(Protocol):
    """A server to record from."""

    @property
    def account(self) -> Account:
        """What is connected."""

    @property
    def manners(self) -> Manners:
        """What is done differently there."""

    @property
    def owner(self) -> Owner:
        """Who changes things there."""

    @property
    def says(self) -> str:
        """What it is, with its version, for the first line of each cassette."""

    @property
    def private_hosts(self) -> bool:
        """Whether it may stand at a private address."""


def story_event(uid: str, starts: str, ends: str) -> str:
    """An event of the story, with a title and a place that must not stay. No guests: a real server would write to them."""
    return event_at(uid, starts, ends, summary=PRIVATE_TITLE, more=(PRIVATE_PLACE,))


class PlainOwner:
    """Changes over plain HTTP, as another client would make them."""

    def __init__(self, hand: Hand, home: str, ways: Ways) -> None:
        self._hand = hand
        self._home = home
        self._ways = ways

    def furnish(self) -> None:
        """The calendar of the story, and one to be shared for reading."""
        for path, name in (("work", CALENDAR), ("rota", ROTA)):
            self._hand.mkcalendar(f"{self._home}{path}/", name=name)
        self._hand.put(f"{self._home}rota/event-9.ics", story_event("event-9", *ROTA_EVENT))

    def put(self, number: int, starts: str, ends: str) -> None:
        """PUT."""
        self._ways.note(self._hand, f"{self._home}work/")
        self._hand.put(f"{self._home}work/event-{number}.ics", story_event(f"event-{number}", starts, ends))

    def delete(self, number: int) -> None:
        """DELETE."""
        self._ways.note(self._hand, f"{self._home}work/")
        self._hand.delete(f"{self._home}work/event-{number}.ics")

    def expire_tokens(self) -> None:
        """On the server's disk."""
        self._ways.forget()

    def subscribe(self) -> None:
        """Extended MKCOL (RFC 5689) with the resource type that Apple's clients give a subscription."""
        namespaces = 'xmlns:D="DAV:" xmlns:CS="http://calendarserver.org/ns/"'
        kind = "<D:resourcetype><D:collection/><CS:subscribed/></D:resourcetype>"
        body = f"<D:mkcol {namespaces}><D:set><D:prop>{kind}<D:displayname>Sample holidays</D:displayname></D:prop></D:set></D:mkcol>"
        prolog = '<?xml version="1.0" encoding="utf-8"?>'
        path = f"{self._home}holidays/"
        self._hand.must(200, 201, reply=self._hand.ask("MKCOL", path, prolog + body, Content_Type="application/xml"))
        source = self._ways.source(FEED)
        if source is None:
            return
        prop = f"<D:set><D:prop><CS:source>{source}</CS:source></D:prop></D:set>"
        update = f"{prolog}<D:propertyupdate {namespaces}>{prop}</D:propertyupdate>"
        reply = self._hand.must(207, reply=self._hand.ask("PROPPATCH", path, update, Content_Type="application/xml"))
        assert b" 200 " in reply.body, reply.body

    def throttle(self) -> None:
        """It cannot."""
        raise NotImplementedError

    overload = recover = throttle

    def settle(self) -> None:
        """It shows at once what was written."""


class Ways(Protocol):
    """What each server does its own way: where it keeps the tokens it gave out, how it takes a subscription's source."""

    def note(self, hand: Hand, calendar: str) -> None:
        """Before each change."""

    def forget(self) -> None:
        """All but the newest."""

    def source(self, url: str) -> str | None:
        """What is stored as CalendarServer's ``source``; None where the server keeps none."""


class RadicalesWays:
    """Files in the calendar's cache, thrown away by age (``max_sync_token_age``)."""

    def __init__(self, storage: Path) -> None:
        self._storage = storage

    def note(self, hand: Hand, calendar: str) -> None:
        """Nothing: all are in one directory."""

    def forget(self) -> None:
        """Throw them away now."""
        found = list(self._storage.rglob("sync-token"))
        if not found:
            raise FileNotFoundError(f"no sync tokens below {self._storage}")
        for directory in found:
            shutil.rmtree(directory)

    def source(self, url: str) -> str:
        """Text: Radicale puts the href around it when asked."""
        return url


class XandikosWays:
    """Names of git trees: gone once history was rewritten and pruned."""

    def __init__(self, storage: Path) -> None:
        self._storage = storage
        self._old: set[str] = set()

    def note(self, hand: Hand, calendar: str) -> None:
        """The token of the moment will be an old one."""
        body = '<D:propfind xmlns:D="DAV:"><D:prop><D:sync-token/></D:prop></D:propfind>'
        reply = hand.must(207, reply=hand.ask("PROPFIND", calendar, body, depth="0", Content_Type="application/xml"))
        self._old |= set(re.findall(r"[0-9a-f]{40}", reply.body.decode()))

    def forget(self) -> None:
        """Prune the trees that old tokens name."""
        trees = [path for path in self._storage.rglob("objects/??/*") if path.parent.name + path.name in self._old]
        if not trees:
            raise FileNotFoundError(f"no trees of old tokens below {self._storage}")
        for tree in trees:
            tree.unlink()

    def source(self, _url: str) -> str | None:
        """It answers 403 to whoever sets one."""
        return None


class LookAlikeOwner:
    """The look-alike's own hands: an account in which every kind of calendar stands."""

    def __init__(self, cloud: ICloud, name: str) -> None:
        self._cloud = cloud
        self._account = cloud.account(name)
        self._work: CalendarOwner = self._account.calendar("Work")
        self._work.rename(CALENDAR)
        self._account.calendar("Team rota").put("event-9.ics", story_event("event-9", *ROTA_EVENT))

    def put(self, number: int, starts: str, ends: str) -> None:
        """On another device."""
        self._work.put(f"event-{number}.ics", story_event(f"event-{number}", starts, ends))

    def delete(self, number: int) -> None:
        """On another device."""
        self._work.delete(f"event-{number}.ics")

    def expire_tokens(self) -> None:
        """Those of every calendar."""
        self._cloud.expire_tokens()

    def subscribe(self) -> None:
        """One stands there from the beginning."""

    def throttle(self) -> None:
        """An empty 401 below the root, until it recovers."""
        self._cloud.throttle(1e6)

    def overload(self) -> None:
        """503, with a moment in Retry-After, which is read against the answer's Date."""
        self._cloud.fail_next(1, 503, retry_after=self._cloud.clock.now() + timedelta(minutes=5))

    def recover(self) -> None:
        """As before."""
        self._cloud.recover()

    def settle(self) -> None:
        """It shows at once what was written."""


class Local:
    """A server started here (``Source``)."""

    private_hosts = True

    def __init__(self, account: Account, owner: Owner, says: str) -> None:
        self.account, self.owner, self.says = account, owner, says
        self.manners = Manners()


@contextmanager
def radicale(directory: Path, _clock: MovableClock) -> Iterator[Local]:
    """Radicale; its second calendar becomes read-only after it was filled. It answers in the order of a set, which is fixed for it here."""
    accounts = {"sample": PASSWORD}
    ways = RadicalesWays(directory / "storage")
    with RadicaleServer(directory, accounts) as server:
        PlainOwner(Hand(server.url, "sample", PASSWORD), "/sample/", ways).furnish()
    with patch.dict(os.environ, PYTHONHASHSEED="0"), RadicaleServer(directory, accounts, read_only=["sample/rota"]) as server:
        owner = PlainOwner(Hand(server.url, "sample", PASSWORD), "/sample/", ways)
        yield Local(Account("caldav", server.url, "sample", PASSWORD, CALENDAR), owner, f"Radicale {version('radicale')}")


@contextmanager
def xandikos(directory: Path, _clock: MovableClock) -> Iterator[Local]:
    """Xandikos."""
    with XandikosServer(directory, {"sample": PASSWORD}) as server:
        hand = Hand(server.url, "sample", PASSWORD)
        owner = PlainOwner(hand, "/sample/calendars/", XandikosWays(directory / "storage"))
        owner.furnish()
        yield Local(Account("caldav", server.url, "sample", PASSWORD, CALENDAR), owner, f"Xandikos {version('xandikos')}")


@contextmanager
def lookalike(_directory: Path, clock: MovableClock) -> Iterator[Local]:
    """The look-alike of iCloud, as it is by default."""
    name = "sample@icloud.com"
    with ExitStack() as stack:
        cloud = stack.enter_context(ICloud({name: PASSWORD}, clock=clock))
        account = Account("icloud", cloud.url, name, PASSWORD, CALENDAR)
        yield Local(account, LookAlikeOwner(cloud, name), "the look-alike of iCloud")


LOCAL: Final = {"radicale": radicale, "xandikos": xandikos, "lookalike": lookalike}
"""Servers that can be started here, by the name of their directory."""
