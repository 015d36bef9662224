"""How long questions over ten thousand users take, beside a plain NumPy sweep over the same intervals in the same run (issue 6).

* one user's week, by ``app.busy`` and by SQL on the view, each with the opening of the file: under 100 ms;
* the heat map of all, and the merged busy time of all, over two years: within twice the sweep;
* the double bookings of all, with their causes: within three times the sweep that only finds the pairs.

The sweep starts from three arrays in memory (user, start, end), in no order, and sorts them by ``numpy.lexsort``; the product starts from
the file. Beside it stands the same sweep with a sort of one packed number ("packed"), which is what a person would write next. Wall time,
the median of so many rounds; on a machine that is doing something else the ratios say less. ``BENCH_USERS`` (2,000 unless set; 10,000 is
the figure of the issue) says how many users; their database is made once. The exit code is 1 where a limit is passed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import icalsync
from icalsync.app import App
from icalsync.settings import load_settings
from tests.benchmarks.crowd import INTERVALS, NOW, SUB_ACCOUNT, WINDOW, crowd
from tests.store.conftest import ToldClock

Column = np.ndarray[Any, Any]
ROUNDS: Final = 3
WEEKS: Final = 25
WEEK_LIMIT_MS: Final = 100
LIMITS: Final = {"heat map": 2.0, "merged busy time": 2.0, "double bookings": 3.0}
_US_PER_HOUR: Final = 3_600_000_000
_OPENS, _CLOSES = 9, 17
_ZONES: Final = ("Europe/Berlin", "America/New_York")


class Sweep:
    """The plain way: everybody's intervals as arrays in memory."""

    def __init__(self, user: Column, start: Column, end: Column, *, packed: bool) -> None:
        self.user, self.start, self.end, self.packed = user, start, end, packed

    def order(self) -> Column:
        """By user and start."""
        if self.packed:
            return np.argsort((self.user << 47) + self.start, kind="stable")
        return np.lexsort((self.start, self.user))

    def merged(self) -> tuple[Column, Column, Column]:
        """Each moment of a user once."""
        order = self.order()
        user, start = self.user[order], self.start[order]
        reach = np.maximum.accumulate((user << 47) + self.end[order]) - (user << 47)
        begins = np.ones(len(user), bool)
        begins[1:] = (user[1:] != user[:-1]) | (start[1:] > reach[:-1])
        ends = np.ones(len(user), bool)
        ends[:-1] = begins[1:]
        return user[begins], start[begins], reach[ends]

    def heat(self, zone_of: Column, first: int) -> Column:
        """Minutes that are taken of the hours from 9 to 17, Monday to Friday, by weekday and hour of each user's own zone."""
        user, start, end = self.merged()
        hours = (end - 1) // _US_PER_HOUR - start // _US_PER_HOUR + 1
        hour = np.repeat(start // _US_PER_HOUR, hours) + np.arange(hours.sum()) - np.repeat(np.cumsum(hours) - hours, hours)
        taken = np.minimum(np.repeat(end, hours), (hour + 1) * _US_PER_HOUR) - np.maximum(np.repeat(start, hours), hour * _US_PER_HOUR)
        zone = np.repeat(zone_of[user], hours)
        total = np.zeros(168)
        for number, name in enumerate(_ZONES):
            mine = zone == number
            by_hour = np.bincount(hour[mine], weights=taken[mine])
            local = pd.date_range(pd.Timestamp(first, unit="us", tz="UTC"), periods=len(by_hour), freq="h").tz_convert(name)
            cell = local.day_of_week.to_numpy() * 24 + local.hour.to_numpy()
            total += np.bincount(cell, weights=by_hour, minlength=168)
        day, clock = np.divmod(np.arange(168), 24)
        return np.where((day < 5) & (clock >= _OPENS) & (clock < _CLOSES), total / 60_000_000, 0.0)

    def pairs(self) -> tuple[Column, Column]:
        """Which intervals of one user overlap."""
        order = self.order()
        user, start, end = self.user[order], self.start[order], self.end[order]
        found, live, step = [], np.arange(len(user) - 1), 1
        while len(live):
            meets = (user[live + step] == user[live]) & (start[live + step] < end[live])
            found.append((order[live[meets]], order[live[meets] + step]))
            live = live[meets]
            step += 1
            live = live[live + step < len(user)]
        return np.concatenate([one for one, _ in found]), np.concatenate([two for _, two in found])


def opened(path: Path) -> App:
    """The product on that database, at the moment it was made for."""
    return icalsync.open(settings=load_settings({}, database=path), clock=ToldClock(NOW))


def intervals(app: App) -> dict[str, Column]:
    """What the sweep is given: the rows of ``busy`` in the window, in no order, with users numbered as in the view ``users``."""
    frame = app.sql(
        "SELECT u.number AS user, epoch_us(starts_at) - $first AS start, epoch_us(ends_at) - $first AS stop FROM busy "
        "JOIN (SELECT user_id, row_number() OVER (ORDER BY user_id) - 1 AS number FROM users) u USING (user_id) "
        "WHERE starts_at < $last AND ends_at > $start",
        first=int(WINDOW.start.timestamp() * 1e6),
        start=WINDOW.start,
        last=WINDOW.end,
    )
    shuffled = np.random.default_rng(1).permutation(len(frame))
    return {name: frame[name].to_numpy("int64")[shuffled] for name in frame}


def timed(run: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Median seconds, and what came out."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        result = run()
        taken.append(time.perf_counter() - began)
    return median(taken), result


def weeks(app: App, users: int) -> bool:
    """One user's week, for several users, the file opened for each."""
    draw = np.random.default_rng(2)
    chosen = [f"user-{number}" for number in draw.integers(0, users, WEEKS)]
    query = "FROM busy WHERE sub_account = $s AND user_id = $u AND starts_at < '2026-11-30' AND ends_at > '2026-11-23'"
    ways = {
        "app.busy": lambda user: app.busy(SUB_ACCOUNT, user, "2026-11-23", "2026-11-30"),
        "SQL on the view": lambda user: app.sql(query, s=SUB_ACCOUNT, u=user),
    }
    kept = True
    for name, ask in ways.items():
        ask("user-0")  # the page cache, and the libraries, are warm
        each = [timed(lambda user=user, ask=ask: ask(user), 1)[0] * 1000 for user in chosen]
        good = median(each) < WEEK_LIMIT_MS
        kept &= good
        print(
            f"  one user's week, {name:<16} median {median(each):>6.0f} ms   p95 {np.quantile(each, 0.95):>6.0f} ms   "
            f"limit {WEEK_LIMIT_MS} ms   {'ok' if good else 'OVER'}"
        )
    return kept


def of_all(app: App) -> bool:
    """The questions about everybody, beside the sweeps."""
    columns = intervals(app)
    zones = app.sql("SELECT time_zone FROM users ORDER BY user_id")["time_zone"].map(_ZONES.index).to_numpy()
    plain, packed = (Sweep(*columns.values(), packed=each) for each in (False, True))
    first = int(WINDOW.start.timestamp() * 1e6)
    print(f"  {len(columns['user']):,} busy intervals in {(WINDOW.end - WINDOW.start).days} days; seconds, median of {ROUNDS}")
    questions: dict[str, tuple[Callable[[], Any], Callable[[Sweep], Any], Callable[[Any, Any], bool]]] = {
        "heat map": (
            lambda: app.heatmap(SUB_ACCOUNT, None, WINDOW.start, WINDOW.end, tz="UTC").frame,
            lambda sweep: sweep.heat(zones, first),
            lambda ours, theirs: np.allclose(ours["busy_minutes"], theirs),
        ),
        "merged busy time": (
            lambda: app.busy(SUB_ACCOUNT, None, WINDOW.start, WINDOW.end, tz="UTC", merged=True),
            lambda sweep: sweep.merged(),
            lambda ours, theirs: len(ours) == len(theirs[0]),
        ),
        "double bookings": (
            lambda: app.double_bookings(SUB_ACCOUNT, None, WINDOW.start, WINDOW.end),
            lambda sweep: sweep.pairs(),
            lambda ours, theirs: len(ours) >= len(theirs[0]),
        ),
    }
    kept = [beside(name, *ways, plain, packed) for name, ways in questions.items()]
    return all(kept)


def beside(
    name: str, ours: Callable[[], Any], theirs: Callable[[Sweep], Any], agree: Callable[[Any, Any], bool], plain: Sweep, packed: Sweep
) -> bool:
    """One question both ways, in turn; whether the limit holds. They must find the same."""
    product, answer = timed(ours, ROUNDS)
    sweep, found = timed(lambda: theirs(plain), ROUNDS)
    other, _ = timed(lambda: theirs(packed), ROUNDS)
    assert agree(answer, found), name
    good = product <= LIMITS[name] * sweep
    print(
        f"  {name:<17} {product:>6.2f}   plain sweep {sweep:>6.2f}  ratio {product / sweep:>5.2f}   packed sweep {other:>6.2f}  "
        f"ratio {product / other:>5.2f}   limit {LIMITS[name]:.0f}   {'ok' if good else 'OVER'}",
        flush=True,
    )
    return good


def main() -> int:
    """Print the figures."""
    users = int(os.environ.get("BENCH_USERS", "2000"))
    print(f"Answers over {users:,} users with {INTERVALS:,} busy intervals each", flush=True)
    app = opened(crowd(users))
    return 0 if all([weeks(app, users), of_all(app)]) else 1


if __name__ == "__main__":
    sys.exit(main())
