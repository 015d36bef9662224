"""Watching: who is asked when, what it survives, how it ends, and that nothing grows."""

from __future__ import annotations

import os
import shutil
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import icalsync
from icalsync.clock import SystemClock
from icalsync.core.backoff import Standing
from icalsync.engine import fleet, watch
from icalsync.engine.context import Context
from icalsync.engine.fleet import Refused, sync_integrations
from icalsync.engine.hosts import Hosts
from icalsync.engine.watch import Plan, Watch
from icalsync.errors import AnotherWatcher, InvalidInput, StoreFull, StoreLocked, UnknownIntegration
from icalsync.ports import Account, Counts, Purpose, Run
from icalsync.settings import load_settings
from tests.icloud import ICloud
from tests.icloud.fixtures import ANNA, PASSWORD
from tests.servers import event_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from icalsync.app import App

ROUNDS = 200
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def account(name: str, host: str = "a.example", **more: Any) -> Account:
    """An account that may be asked at any time, and never was."""
    return replace(Account(f"int-{name}", host, Standing(), None, None), **more)


def a_run(integration_id: str) -> Run:
    """A run with nothing to tell."""
    return Run("run", integration_id, Purpose.SYNC, NOW, NOW, 1, 1, Counts(), 0, "ok", None, "ok", None)


@dataclass
class Stage:
    """A watch whose store and runs are the test's: who was asked, and when."""

    accounts: list[Account]
    asked: list[tuple[str, float]] = field(default_factory=list)
    told: list[Run | Refused] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    work: Callable[[str], Run | Refused] = a_run
    look: Callable[[], None] = lambda: None
    chores: Callable[[], None] = lambda: None
    stop: threading.Event = field(default_factory=threading.Event)
    due: tuple[str, ...] = ()
    """Accounts with something to send."""
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def store(self) -> Any:
        """What the watch needs of the store."""
        stage = self

        class Store:
            def accounts(self, _ids: Any = None) -> tuple[Account, ...]:
                stage.look()
                return tuple(stage.accounts)

        return Store()

    def outbox(self) -> Any:
        """What the watch needs of the outbox."""
        stage = self

        class Outbox:
            def due_integrations(self, _now: Any) -> tuple[str, ...]:
                return stage.due

        return Outbox()

    def synced(self, _context: Any, key: str, _wish: Any) -> Run | Refused:
        """One run."""
        with self.lock:
            self.asked.append((key, time.monotonic()))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self.work(key)
        finally:
            with self.lock:
                self.at_once -= 1

    def names(self) -> list[str]:
        """Who was asked, in order."""
        return [key.removeprefix("int-") for key, _ in self.asked]

    def run(self, seconds: float, every: float = 0.2, hosts: Hosts | None = None, enough: Callable[[], bool] = lambda: False) -> list[str]:
        """Watch for so long, or until that is enough."""
        context = Context(
            store=self.store(),
            door=None,  # type: ignore[arg-type]  # never opened here
            secrets=None,  # type: ignore[arg-type]
            reader=None,  # type: ignore[arg-type]
            clock=SystemClock(),
            holder="test",
            stop=self.stop,
            hosts=hosts or Hosts(),
            outbox=self.outbox(),
        )
        plan = Plan(
            every=timedelta(seconds=every),
            select=lambda: None,
            told=self.told.append,
            troubled=lambda error: self.troubles.append(error.code),
            chores=self.chores,
        )
        ended, deadline = threading.Event(), time.monotonic() + seconds

        def end() -> None:
            while time.monotonic() < deadline and not enough():
                if ended.wait(0.02):
                    return
            self.stop.set()

        timer = threading.Thread(target=end)
        timer.start()
        try:
            return Watch(context, plan).run()
        finally:
            ended.set()
            timer.join()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stage]:
    """Set one."""
    monkeypatch.setattr(watch, "TICK", 0.01)
    monkeypatch.setattr(watch, "GRACE", 0.3)

    def made(*accounts: Account, **more: Any) -> Stage:
        built = Stage(list(accounts), **more)
        monkeypatch.setattr(watch, "synced", built.synced)
        return built

    return made


def test_each_account_is_asked_again_and_again_at_its_own_time(stage: Callable[..., Stage]) -> None:
    """Jitter: the rounds come every so often, and two accounts do not march in step for ever."""
    played = stage(account("a"), account("b"))
    played.run(1.6)
    for name in ("int-a", "int-b"):
        times = [at for key, at in played.asked if key == name]
        gaps = [after - before for before, after in pairwise(times)]
        assert 4 <= len(times) <= 9
        assert 0.17 <= sorted(gaps)[len(gaps) // 2] < 0.5  # on a busy machine one comes late, and the next one early
    assert len(played.told) == len(played.asked)


def test_who_waits_is_not_asked_and_who_was_asked_just_now_neither(stage: Callable[..., Stage]) -> None:
    """H1, H15: not before its next try, not before its host is to be asked again, and after a restart not before its interval is over."""
    now = SystemClock().now()
    ahead = now + timedelta(minutes=5)
    played = stage(
        account("backoff", standing=Standing("unreachable", 3, next_try_at=ahead)),
        account("held", held_until=ahead),
        account("just now", last_started_at=now),
        account("of a clock set back", standing=Standing("failing", 1, next_try_at=now + timedelta(days=365))),
    )
    played.run(0.3, every=60.0)
    assert played.names() == ["of a clock set back"]


def test_what_waits_to_be_sent_does_not_wait_for_the_next_round(stage: Callable[..., Stage]) -> None:
    """The outbox: an account with something due is asked at once, and not in a tight loop either."""
    played = stage(account("a", last_started_at=SystemClock().now()), account("b", last_started_at=SystemClock().now()), due=("int-a",))
    played.run(0.6, every=60.0)
    assert played.names() == ["a"]


def test_a_host_gets_so_many_at_a_time_and_so_many_a_second_p17(stage: Callable[..., Stage]) -> None:
    """P17: after a long outage everything is due together; another host is not held up by that."""
    hosts = Hosts(per_host=3, burst=5, rate=10)
    crowd = [account(f"a{number}") for number in range(40)]
    played = stage(*crowd, account("other", host="b.example"), work=lambda key: time.sleep(0.02) or a_run(key))
    played.run(1.0, every=60.0, hosts=hosts)
    assert "other" in played.names()[:6]
    assert 5 <= len(played.names()) - 1 <= 5 + 12
    assert played.most_at_once <= 4


def test_an_account_that_hangs_delays_nobody_n1(stage: Callable[..., Stage]) -> None:
    """N1, T14: the others of its host go on, and the end of the watch does not wait for it."""
    release = threading.Event()

    def work(key: str) -> Run:
        if key == "int-hangs":
            release.wait(20)
        return a_run(key)

    played = stage(account("hangs"), account("well"), work=work)
    began = time.monotonic()
    left = played.run(1.0)
    assert time.monotonic() - began < 3
    release.set()
    assert left == ["int-hangs"]
    assert played.names().count("hangs") == 1
    assert played.names().count("well") >= 3


def test_it_survives_a_locked_database_and_says_so_once(stage: Callable[..., Stage]) -> None:
    """T3: another process holds the file for a while: said once, tried again, and then all goes on."""
    looks = list[bool]()

    def look() -> None:
        looks.append(2 <= len(looks) + 1 <= 4)
        if looks[-1]:
            raise StoreLocked(path="x", holder="PID 1")

    played = stage(account("a"), look=look)
    played.run(20.0, every=0.4, enough=lambda: len(looks) >= 6 and len(played.names()) >= 3)
    assert looks[:6] == [False, True, True, True, False, False]
    assert played.troubles == ["STORE_LOCKED"]
    assert len(played.names()) >= 3


@pytest.mark.long
def test_it_survives_a_full_disk_a_purged_account_and_a_mistake_of_ours(stage: Callable[..., Stage]) -> None:
    """T1: each is tried again or reported, and nobody else's round is missed."""
    full = iter([StoreFull(path="x")])

    def work(key: str) -> Run | Refused:
        if key == "int-full" and (error := next(full, None)):
            raise error
        if key == "int-purged":
            return Refused(key, UnknownIntegration(name=key))
        if key == "int-mistake":
            raise ZeroDivisionError
        return a_run(key)

    played = stage(account("full"), account("purged"), account("mistake"), account("well"), work=work)
    played.run(3.5, every=0.3)
    assert sorted(played.troubles) == ["ERROR", "STORE_FULL"]
    assert played.names().count("full") >= 2
    assert played.names().count("well") >= 5
    assert any(isinstance(result, Refused) for result in played.told)


def test_chores_come_first_and_their_trouble_stops_no_run(stage: Callable[..., Stage]) -> None:
    """The horizon is rolled on before anything is read over it; where that fails, calendars are pulled all the same."""
    order: list[str] = []

    def chores() -> None:
        order.append("chores")
        raise StoreLocked(path="x", holder="PID 1")

    played = stage(account("a"), chores=chores, work=lambda key: order.append("run") or a_run(key))
    played.run(0.6)
    assert order[0] == "chores"
    assert order.count("run") >= 2


# --- over a real database and server -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cloud() -> Iterator[ICloud]:
    """A look-alike by the machine's own clock."""
    with ICloud({ANNA: PASSWORD}, clock=SystemClock()) as running:
        yield running


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, cloud: ICloud) -> Path:
    """A database with Anna connected and ``Work`` linked, made once."""
    directory = tmp_path_factory.mktemp("watched")
    app = opened(directory, cloud)
    app.add_sub_account("ACME", time_zone="Europe/Berlin")
    app.add_user("ACME", "anna")
    app.connect("ACME", "anna", provider="icloud", account=ANNA, password=PASSWORD)
    app.link("ACME", "anna", "Work")
    return directory


def opened(directory: Path, cloud: ICloud) -> App:
    """The database in a directory."""
    settings = load_settings(
        {},
        database=directory / "data" / "clinic.duckdb",
        secret_key_file=directory / "keys" / "secret.key",
        icloud_url=cloud.url,
        allow_private_hosts=True,
    )
    return icalsync.open(settings=settings)


@pytest.fixture
def app(tmp_path: Path, template: Path, cloud: ICloud) -> App:
    """A copy of it."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return opened(tmp_path, cloud)


@contextmanager
def watching(app: App, every: float = 1.0) -> Iterator[list[dict[str, Any]]]:
    """A watch on a thread of its own; the runs it tells of."""
    stop, runs, raised = threading.Event(), list[dict[str, Any]](), list[BaseException]()

    def work() -> None:
        try:
            app.watch(every=timedelta(seconds=every), stop=stop, told=runs.append)
        except BaseException as error:  # noqa: BLE001  # given to the test
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield runs
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    assert raised == []


def until(what: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_watcher_per_database_and_the_second_is_told_who_it_is_t13(app: App) -> None:
    """T13: exit 1 with the holder's name; when the first has ended, another may watch."""
    with watching(app) as runs:
        until(lambda: len(runs) >= 1)
        with pytest.raises(AnotherWatcher, match=f"PID {os.getpid()} on") as caught:
            app.watch()
        assert caught.value.exit_code == 1
    with watching(app) as again:
        until(lambda: len(again) >= 1)


@pytest.mark.parametrize("every", [timedelta(milliseconds=500), timedelta(days=2)])
def test_an_interval_beyond_reason_is_refused(app: App, every: timedelta) -> None:
    """Neither hammering nor sleeping for days."""
    with pytest.raises(InvalidInput):
        app.watch(every=every)


def test_syncs_and_a_watch_at_once_lose_and_invent_nothing(app: App, cloud: ICloud) -> None:
    """Fencing: while a watch and people's syncs pull one account, and its owner edits, no older token ever comes back."""
    work = cloud.account(ANNA).calendar("Work")
    wanted = {f"w{number}" for number in range(1, 10)}
    others = [threading.Thread(target=lambda: [app.sync() for _ in range(3)]) for _ in range(2)]
    with watching(app):
        for thread in others:
            thread.start()
        for name in sorted(wanted | {"gone"}):
            day = f"202701{10 + int(name[1:]) if name != 'gone' else 1:02}"
            work.put(name, event_at(name, f"{day}T090000Z", f"{day}T100000Z"))
            time.sleep(0.05)
        work.delete("gone")
        for thread in others:
            thread.join()
    app.sync()
    assert {uid for uid in app.sql("from events")["uid"] if uid.startswith(("w", "gone"))} == wanted
    outcomes = app.sql("select outcome, count(*) as n from sync_runs group by outcome").set_index("outcome")["n"].to_dict()
    assert set(outcomes) <= {"ok", "aborted"}
    for name in wanted:
        work.delete(name)
    assert app.sync().exit_code == 0


class SeldomWritten:
    """A store that is really asked every tenth round only, because what is counted here is not how fast a file opens."""

    def __init__(self, real: Any, rounds: list[str]) -> None:
        self._real, self._rounds = real, rounds
        self._kept: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        def called(*arguments: Any, **options: Any) -> Any:
            if name == "acquire":
                self._rounds.append(name)
            if len(self._rounds) % 10 == 1 or name not in self._kept:
                self._kept[name] = getattr(self._real, name)(*arguments, **options)
            return self._kept[name]

        return called


def open_now() -> tuple[int, int]:
    """Threads and descriptors of this process."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # numbers, no paths


@pytest.mark.long
def test_nothing_grows_over_two_hundred_rounds_t18(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """T18: threads, descriptors and connections are as many after two hundred rounds as after twenty."""
    app.sync()
    monkeypatch.setattr(watch, "TICK", 0.001)
    stop, runs = threading.Event(), list[Run]()
    parts, rounds = app._parts, list[str]()
    seldom = {"store": SeldomWritten(parts.pulls, rounds), "outbox": SeldomWritten(parts.outbox, rounds)}
    context = replace(parts.context(), **seldom, stop=stop, hosts=Hosts(rate=1e9, burst=1e9))
    counts = []

    def told(result: Run | Refused) -> None:
        assert isinstance(result, Run)
        runs.append(result)
        counts.append(open_now())
        if len(runs) == ROUNDS:
            stop.set()

    assert Watch(context, Plan(every=timedelta(milliseconds=1), select=lambda: None, told=told)).run() == []
    assert {run.outcome for run in runs} == {"ok"}
    early, late = counts[20:60], counts[-40:]
    # the server's threads and the timers come and go; a leak in every twentieth round would show
    assert max(threads for threads, _ in late) <= max(threads for threads, _ in early) + 5
    assert max(descriptors for _, descriptors in late) <= max(descriptors for _, descriptors in early) + 5


def test_a_fleet_gives_its_results_in_order_and_stops_for_the_database_alone(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """design.md §5: one account's trouble is a row of the report; the file's own is raised, and nothing is left running."""
    context = app._parts.context()
    hosts = dict.fromkeys(("int-1", "int-2", "int-3"), "a.example")
    monkeypatch.setattr(fleet, "synced", lambda _context, key, _wish: time.sleep(0.05 if key == "int-1" else 0) or a_run(key))
    assert [run.integration_id for run in sync_integrations(context, list(hosts), hosts=hosts)] == list(hosts)

    def full(_context: Any, key: str, _wish: Any) -> Run:
        if key == "int-2":
            raise StoreFull(path="x")
        return a_run(key)

    monkeypatch.setattr(fleet, "synced", full)
    with pytest.raises(StoreFull):
        sync_integrations(context, list(hosts), hosts=hosts)
    assert not context.stop.is_set()
