"""The state machine: an account's owner and her server on one side, the product on the other, checked against the model at every step."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.convergence.client import Fuse
from tests.convergence.model import BLOCKING, HOUR, Known, Meeting, Model, OnServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.convergence.client import Client, Stored
    from tests.convergence.server import InProcessRadicale

SLUGS = ("work", "home", "club")
KINDS = st.sampled_from(["busy", "busy", "free", "series"])
PICK = st.integers(0, 1000)
MANY = 13
LAPSES = st.sampled_from([timedelta(minutes=5), HOUR, 3 * HOUR, timedelta(days=1, minutes=1)])
CALLS = st.integers(1, 20)


class Convergence(RuleBasedStateMachine):
    """After a clean sync the store equals the server; nothing known is lost in between, and no time that is taken looks free."""

    server: ClassVar[InProcessRadicale]
    client: ClassVar[Client]
    kept: ClassVar[Path]
    """Where the common beginning is: see ``begin``."""

    def __init__(self) -> None:
        super().__init__()
        self.server.restore(self.kept / "server")
        self.client.restore(self.kept / "client")
        self.model = beginning()
        self.client.clock.at = self.model.now
        self._mark: Any = None
        self.settled = True

    # --- what the owner does, on another device ---------------------------------------------------------------------------------

    @rule(slug=st.sampled_from(SLUGS), kind=KINDS)
    def add(self, slug: str, kind: Any) -> None:
        """One more event."""
        if slug in self.model.visible:
            self._put(slug, self.model.meeting(kind))

    @rule(slug=st.sampled_from(SLUGS))
    def add_many(self, slug: str) -> None:
        """A whole course: enough for R13 to matter when it goes."""
        if slug in self.model.visible:
            for _ in range(MANY):
                self._put(slug, self.model.meeting("busy"))

    @rule(pick=PICK, kind=KINDS)
    def edit(self, pick: int, kind: Any) -> None:
        """Another time, and perhaps no longer busy."""
        place = self.picked(pick)
        if place is not None:
            slug, name = place
            self._put(slug, self.model.server[slug].objects[name].edited(kind), name)

    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        """One event goes."""
        place = self.picked(pick)
        if place is not None:
            self._delete(*place)

    @rule(slug=st.sampled_from(SLUGS), stay=st.integers(0, 3))
    def delete_many(self, slug: str, stay: int) -> None:
        """Almost everything in a calendar goes."""
        if slug in self.model.visible:
            for name in sorted(self.model.server[slug].objects)[stay:]:
                self._delete(slug, name)

    @rule(pick=PICK, slug=st.sampled_from(SLUGS), same=st.booleans())
    def move(self, pick: int, slug: str, same: bool) -> None:
        """An event gets another place: in its calendar (only the href changes), or in another one."""
        place = self.picked(pick)
        if place is None or slug not in self.model.visible:
            return
        source, name = place
        target = source if same else slug
        new = f"moved-{self.model.numbers}-{name}"
        self.model.numbers += 1
        to = self.server.account.url.rstrip("/") + self.server.path(target, new)
        reply = self.server.account.ask("MOVE", self.server.path(source, name), Destination=to, Overwrite="F")
        self.server.account.must(201, 204, reply=reply)
        self.model.server[target].objects[new] = self.model.server[source].objects.pop(name)

    @rule(slug=st.sampled_from(SLUGS))
    def rename(self, slug: str) -> None:
        """The calendar is the same, whatever it is called (C10)."""
        if slug in self.model.visible:
            title = f"Title {self.model.numbers}"
            self.model.numbers += 1
            self.server.account.proppatch(self.server.path(slug), name=title)
            self.model.server[slug].title = title

    @rule(slug=st.sampled_from(SLUGS))
    def revoke(self, slug: str) -> None:
        """Access is withdrawn, or given back (C12)."""
        if slug in self.model.server:
            calendar = self.model.server[slug]
            calendar.revoked = not calendar.revoked
            (self.server.revoked.add if calendar.revoked else self.server.revoked.discard)(slug)

    @rule(slug=st.sampled_from(SLUGS))
    def remove_calendar(self, slug: str) -> None:
        """The whole calendar goes (C9)."""
        if slug in self.model.visible:
            self.server.account.delete(self.server.path(slug))
            del self.model.server[slug]

    @rule(slug=st.sampled_from(SLUGS))
    def make_calendar(self, slug: str) -> None:
        """One is made at a place where there is none: a new one, or one that had been removed."""
        if slug not in self.model.server:
            self.server.account.mkcalendar(self.server.path(slug), name="Made again")
            self.model.server[slug] = OnServer("Made again")

    @rule(slug=st.sampled_from(SLUGS))
    def forget_tokens(self, slug: str) -> None:
        """The server refuses its tokens (C1, H4)."""
        self.server.forget_tokens(slug)

    # --- what happens to the product ----------------------------------------------------------------------------------------------

    @rule(lapse=LAPSES)
    def wait(self, lapse: timedelta) -> None:
        """Time passes: an hour for R13's second proof, a day for discovery and reconciliation."""
        self.model.now += lapse
        self.client.clock.pass_(lapse)

    @rule()
    def restart(self) -> None:
        """Another process goes on."""
        self.client.restart()

    @rule()
    def sync(self) -> None:
        """Nothing disturbs it."""
        self.model.synced()
        self._check_report(self.client.sync())
        self.settled = True

    @rule(calls=CALLS, after=st.booleans())
    def sync_and_crash(self, calls: int, after: bool) -> None:
        """The process is gone at one of its calls through the ports: before or after it was carried out."""
        before = {slug: dict(known.objects) for slug, known in self.model.known.items()}
        waiting = {slug: self.model.waiting(slug) for slug in self.model.known}
        report = self.client.sync_until(Fuse(calls, after=after))
        if report is not None:
            self.model.synced()
            self._check_report(report)
            self.settled = True
            return
        stored = self.client.stored()
        for slug in self.model.known.keys() - self.model.visible.keys():
            self.model.known[slug].runs += 1  # it may have got as far as to count
        for slug in self._forgotten(stored):
            before[slug] = {}
        self._check_between(before, waiting, stored)
        self._adopt(stored)

    @rule(lapse=LAPSES)
    def wait_and_sync(self, lapse: timedelta) -> None:
        """As a watcher does."""
        self.wait(lapse)
        self.sync()

    @rule(calls=CALLS, after=st.booleans())
    def sync_and_crash_and_sync(self, calls: int, after: bool) -> None:
        """As a watcher that somebody starts again at once."""
        self.sync_and_crash(calls, after)
        self.the_store_is_what_the_model_says()
        self.sync()

    # --- what must hold -----------------------------------------------------------------------------------------------------------

    @invariant()
    def the_store_is_what_the_model_says(self) -> None:
        """Looked at whenever the file was written; what was not written is what it was."""
        mark = self.client.mark()
        if mark == self._mark:
            return
        stored = self.client.stored()
        self._forgotten(stored)
        expected = {(slug, name): meeting for slug, known in self.model.known.items() for name, meeting in known.objects.items()}
        assert stored.occurrences == {place: meeting.rows for place, meeting in expected.items()}
        assert stored.uids == {place: meeting.uid for place, meeting in expected.items()}
        assert stored.busy == self.model.blocking()
        if self.settled:
            assert stored.titles == {slug: known.title for slug, known in self.model.known.items()}
            assert stored.lost == {slug for slug, known in self.model.known.items() if known.lost}
            assert stored.uncovered == stored.lost & BLOCKING, "a calendar out of reach is never taken for free (R12)"
            assert {slug: set(names) for slug, names in stored.held.items()} == {
                slug: set(known.held) for slug, known in self.model.known.items() if known.held
            }
        self._mark = self.client.mark()

    def teardown(self) -> None:
        """Whatever happened, an undisturbed sync and, for what is held, one an hour later make both sides equal."""
        self.sync()
        self.the_store_is_what_the_model_says()
        if any(known.held for known in self.model.known.values()):
            self.wait(HOUR + timedelta(minutes=1))
            self.sync()
            self.the_store_is_what_the_model_says()
        for slug, calendar in self.model.visible.items():
            assert self.model.known[slug].objects == calendar.objects

    # --- how ------------------------------------------------------------------------------------------------------------------------

    def _put(self, slug: str, meeting: Meeting, name: str | None = None) -> None:
        name = name or f"{meeting.number}.ics"
        self.server.account.put(self.server.path(slug, name), meeting.text)
        self.model.server[slug].objects[name] = meeting

    def _delete(self, slug: str, name: str) -> None:
        self.server.account.delete(self.server.path(slug, name))
        del self.model.server[slug].objects[name]

    def picked(self, pick: int) -> tuple[str, str] | None:
        """One of the events on the server: its calendar and its name; None where there is none."""
        places = [(slug, name) for slug, calendar in sorted(self.model.visible.items()) for name in sorted(calendar.objects)]
        return places[pick % len(places)] if places else None

    def _forgotten(self, stored: Stored) -> list[str]:
        """Calendars that were given up after their grace (H6): the model follows, and their return is a beginning."""
        left = {slug for slug, _ in stored.occurrences}
        given_up = [slug for slug, known in self.model.known.items() if slug not in left and known.may_be_forgotten(self.model.now)]
        for slug in given_up:
            self.model.known[slug].objects, self.model.known[slug].held = {}, {}
        return given_up

    def _check_report(self, report: Any) -> None:
        (run,) = report.runs
        held = any(known.held for known in self.model.known.values())
        lost = any(known.lost for slug, known in self.model.known.items() if slug in BLOCKING)
        assert not report.refused
        assert (run["outcome"] == "ok") is not (held or lost), (run["outcome"], run["error_code"])

    def _check_between(self, before: dict[str, dict[str, Meeting]], waiting: dict[str, set[str]], stored: Stored) -> None:
        """What a crash may leave: each object as it was or as it is; gone only where it is gone, and not held; and no time looks free."""
        for (slug, name), times in stored.occurrences.items():
            assert times in {meeting.rows for meeting in self._versions(before, slug, name)}
        for slug, objects in before.items():
            for name in objects:
                may_go = slug in self.model.visible and name not in self.model.visible[slug].objects and name not in waiting[slug]
                assert may_go or (slug, name) in stored.occurrences, "known, still there, and lost by a crash"
        shown = {stored.uids[place] for place in stored.busy}
        for uid in self._taken_all_along(before):
            assert uid in shown, "an event that only moved was absent for a moment (C19)"

    def _versions(self, before: dict[str, dict[str, Meeting]], slug: str, name: str) -> list[Meeting]:
        old = before.get(slug, {}).get(name)
        calendar = self.model.visible.get(slug, OnServer(""))
        return [each for each in (old, calendar.objects.get(name)) if each is not None]

    def _taken_all_along(self, before: dict[str, dict[str, Meeting]]) -> set[str]:
        """UIDs that were known to take time and, unless their calendar cannot be asked, still do on the server."""
        known = {meeting.uid for slug in before.keys() & BLOCKING for meeting in before[slug].values() if meeting.blocks}
        now = {m.uid for slug in self.model.visible.keys() & BLOCKING for m in self.model.visible[slug].objects.values() if m.blocks}
        return known & now

    def _adopt(self, stored: Stored) -> None:
        """The model goes on from what the crash left, which was just judged."""
        candidates = {
            (slug, name): meeting
            for calendars in (self.model.known, self.model.server)
            for slug, calendar in calendars.items()
            for name, meeting in calendar.objects.items()
            if stored.occurrences.get((slug, name)) == meeting.rows
        }
        for slug, title in stored.titles.items():
            known = self.model.known.setdefault(slug, Known(title))
            known.title = title
            known.objects = {name: meeting for (place, name), meeting in candidates.items() if place == slug}
            known.held = stored.held.get(slug, {})
            if slug in stored.lost:
                known.lose(self.model.now)
        self.settled = False


def beginning() -> Model:
    """Two calendars that take time, and one that does not, with a few events in each."""
    model = Model()
    for slug, count in (("work", MANY), ("home", 3), ("club", 2)):
        calendar = model.server[slug] = OnServer(slug.title())
        for _ in range(count):
            meeting = model.meeting("series" if model.numbers % 7 == 0 else "busy")
            calendar.objects[f"{meeting.number}.ics"] = meeting
    model.synced()
    return model


def begin(server: InProcessRadicale, client: Client, kept: Path) -> None:
    """Make the common beginning once: each example starts from a copy of it."""
    model = beginning()
    server.account.ask("PROPFIND", "/anna/", depth="0")
    for slug, calendar in model.server.items():
        server.account.mkcalendar(server.path(slug), name=calendar.title)
        for name, meeting in calendar.objects.items():
            server.account.put(server.path(slug, name), meeting.text)
    client.set_up()
    server.keep_as(kept / "server")
    client.keep_as(kept / "client")
    Convergence.server, Convergence.client, Convergence.kept = server, client, kept
