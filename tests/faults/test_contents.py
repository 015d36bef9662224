"""What servers hold that no two of them agree on: odd UIDs, one UID twice, many in one, moved events and moved calendars (faults.md C)."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.faults.asked import Kind
from tests.faults.catalogue import FAULTS
from tests.faults.sites import LookAlike
from tests.faults.witness import interval_of, merged
from tests.faults.world import HOUR, make_world, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A look-alike that takes the same UID twice, as other servers do; each test has names of its own in it."""
    with ExitStack() as stack:
        world = stack.enter_context(make_world("icloud", tmp_path_factory.mktemp("contents")))
        cloud_of(world).change(uid_elsewhere="accepted")
        yield world


def cloud_of(world: World):
    """The look-alike behind a world."""
    assert isinstance(world.site, LookAlike)
    return world.site.cloud


def synced(world: World) -> None:
    """A minute later, a run that ends well."""
    world.proxy.heal()
    world.clock.advance(60)
    run = world.sync()
    assert (run["outcome"], run["error_code"]) == ("ok", None)


def blocks(world: World, text: str) -> bool:
    """Whether all of an event's time is blocked."""
    start, end = interval_of(tuple(line for line in text.split("\r\n") if line.startswith("DT") and not line.startswith("DTSTAMP")))
    return any(first <= start and end <= last for first, last in merged(world.blocked()))


def key_of(world: World, calendar: str, name: str) -> str:
    """An object's place."""
    return world.site.place(calendar) + name


def test_one_uid_in_two_places_of_a_calendar_is_two_objects_c17(world: World) -> None:
    """C17: the place is the identity; neither overwrites the other, and each goes alone."""
    texts = [text_of("twice@example.org", world.next_number()) for _ in range(2)]
    for name, text in zip(("one.ics", "two.ics"), texts, strict=True):
        world.put_text("Work", name, text)
    synced(world)
    assert all(blocks(world, text) for text in texts)
    world.delete("Work", "one.ics")
    synced(world)
    assert not blocks(world, texts[0])
    assert blocks(world, texts[1])


def test_one_uid_in_two_calendars_is_two_objects_c18(world: World) -> None:
    """C18: a UID is looked for within its calendar alone."""
    texts = [text_of("both@example.org", world.next_number()) for _ in range(2)]
    for calendar, text in zip(("Work", "Side"), texts, strict=True):
        world.put_text(calendar, "both.ics", text)
    synced(world)
    assert all(blocks(world, text) for text in texts)


@pytest.mark.parametrize("uid", ["a/b/../%2F%2e%2e", "größer 🦷@example.org", "x" * 1000, "", "   ", "'; DROP TABLE x; --"])
def test_any_uid_is_only_a_text_c20(world: World, uid: str) -> None:
    """C20: no path, no key and no SQL is made of it; its event blocks, and goes when it is deleted."""
    text, name = text_of(uid, world.next_number()), f"uid-{world.next_number()}.ics"
    world.put_text("Work", name, text)
    world.clock.advance(60)
    world.sync()
    assert key_of(world, "Work", name) in world.known()
    assert blocks(world, text)
    world.delete("Work", name)
    synced(world)
    assert key_of(world, "Work", name) not in world.known()
    assert not blocks(world, text)


def test_many_events_in_one_object_all_block_c21(world: World) -> None:
    """C21: RFC 4791 §4.1 wants one UID for each object; a server that keeps several gets them all read."""
    texts = [text_of(f"many-{number}@example.org", world.next_number()) for number in range(3)]
    events = [text[text.index("BEGIN:VEVENT") : text.index("END:VCALENDAR")] for text in texts]
    world.put_text("Work", "many.ics", texts[0][: texts[0].index("BEGIN:VEVENT")] + "".join(events) + "END:VCALENDAR\r\n")
    world.clock.advance(60)
    world.sync()
    assert all(blocks(world, text) for text in texts)


@pytest.mark.parametrize(("source", "target"), [("Work", "Side"), ("Side", "Work")])
def test_an_event_on_its_way_to_another_calendar_is_never_absent_c19(world: World, source: str, target: str) -> None:
    """C19: it leaves the one calendar here only when it has arrived in the other, even where that one cannot be read for a while."""
    name = f"moving-{source.lower()}.ics"
    text = text_of(name, world.next_number())
    world.put_text(source, name, text)
    synced(world)
    world.delete(source, name)
    world.put_text(target, name, text)
    reads = [Kind.SYNC, Kind.FIRST, Kind.LISTING, Kind.MULTIGET, Kind.GET]
    rule = world.proxy.inject(FAULTS["status_500"], reads, times=None, below=world.site.place(target))
    world.clock.advance(60)
    world.sync()
    assert rule.bitten
    assert blocks(world, text)
    world.proxy.heal()
    world.clock.advance(2 * HOUR)
    synced(world)
    assert blocks(world, text)
    assert key_of(world, source, name) not in world.known()
    assert key_of(world, target, name) in world.known()


def test_a_calendar_that_moved_is_not_taken_for_a_deletion_c11(own_world: World) -> None:
    """C11: the same objects under another path: the old place still blocks and says that it is out of reach, until a person links anew."""
    world = own_world
    for number in range(3):
        world.put("Work", f"m{number}.ics")
    synced(world)
    kept = [each.object for each in world.known().values()]
    owner = cloud_of(world).account("anna@icloud.com")
    moved = owner.add_calendar("Work", id="moved")
    for name in world.names("Work"):
        text = owner.calendar("work").text(name)
        owner.calendar("work").delete(name)
        moved.put(name, text)
    owner.calendar("work").remove()
    world.clock.advance(60)
    run = world.sync()
    assert run["outcome"] != "ok"
    known = world.known()
    assert len(known) == 2 * len(kept)
    assert not world.app.coverage("ACME", "anna")["complete"]
    roles = world.app.view("calendar_roles")
    linked = roles[roles["role"] == "LINKED"]
    assert len(linked) == 1
    assert all(blocks(world, "\r\n".join(each.facts)) for each in kept)


def test_what_is_no_calendar_is_never_asked_for_its_members_c27(world: World) -> None:
    """C27, R10: inbox, outbox, notifications, reminders and subscriptions stand in the same home, and only their rows are read."""
    owner = cloud_of(world).account("anna@icloud.com")
    owner.add_calendar("Reminders", id="tasks", components=("VTODO",))
    world.put("Work", "any.ics")
    world.clock.advance(60)
    mark = world.proxy.ledger.mark()
    world.sync()
    asked = {exchange.path for exchange in world.proxy.ledger.exchanges(after=mark) if exchange.kind is not Kind.HOME}
    pulled = {world.site.place("Work"), world.site.place("Side")}
    assert {path.rpartition("/")[0] + "/" for path in asked} <= pulled
    for place in ("inbox", "outbox", "notification", "tasks"):
        assert not any(f"/{place}/" in path for path in asked)
