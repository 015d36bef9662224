"""How much memory the first sync of a very large calendar takes (issue 4: 100,000 objects within 400 MB).

Three processes: the look-alike makes the objects, the product connects and syncs, and this one prints what that took. The peak is the
kernel's own figure for the syncing process (``ru_maxrss``); the processes that read recurring objects are counted for themselves. A second
sync with nothing changed follows. The exit code is 1 where the limit is passed, or where anything is missing afterwards.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
LIMIT_MB: Final = 400
ACCOUNT: Final = "anna@icloud.com"
PASSWORD: Final = "abcd-efgh-ijkl-mnop"
RECURRING_EVERY: Final = 100
"""One object in so many is a weekly series, which is read by the process made for that."""


def make(index: int, uid: str) -> str:
    """Mostly plain meetings, now and then ten weeks of one."""
    from tests.icloud.owners import generated_event  # noqa: PLC0415  # this process is measured with as little loaded as there can be

    text = generated_event(index, uid)
    return text if index % RECURRING_EVERY else text.replace("END:VEVENT", "RRULE:FREQ=WEEKLY;COUNT=10\r\nEND:VEVENT")


def serve(count: int) -> None:
    """The look-alike with a calendar of so many objects, until standard input is closed."""
    from tests.icloud import ICloud  # noqa: PLC0415  # as above

    with ICloud({ACCOUNT: PASSWORD}, furnished=False) as cloud:
        cloud.account(ACCOUNT).calendars()[0].generate(count, make)
        print(cloud.url, flush=True)
        sys.stdin.read()


def sync(directory: Path, url: str) -> None:
    """The product, as a script of a user would use it; its figures as one line of JSON."""
    import icalsync  # noqa: PLC0415  # as above
    from icalsync.settings import load_settings  # noqa: PLC0415
    from icalsync.workers.process import SHARED  # noqa: PLC0415

    places = {"database": directory / "data" / "big.duckdb", "secret_key_file": directory / "keys" / "secret.key"}
    app = icalsync.open(settings=load_settings({}, icloud_url=url, allow_private_hosts=True, **places))
    app.add_sub_account("acme", time_zone="Europe/Berlin")
    app.add_user("acme", "anna")
    calendars = app.connect("acme", "anna", provider="icloud", account=ACCOUNT, password=PASSWORD)["calendars"]
    app.add_conflicts("acme", "anna", [calendars[0]["calendar_id"]])
    figures: dict[str, Any] = {"before": peak_mb()}
    for name in ("first", "second"):
        began = time.perf_counter()
        report = app.sync()
        figures[name] = {
            "seconds": time.perf_counter() - began,
            "peak": peak_mb(),
            "outcome": [(run["outcome"], run["error_code"]) for run in report.runs],
            **report.totals,
        }
    figures["objects"] = int(app.view("calendars")["objects"].sum())
    figures["readers"] = [reader_peak_mb(pid) for pid in SHARED.pids]
    figures["file"] = places["database"].stat().st_size / 1e6
    print(json.dumps(figures), flush=True)


def peak_mb() -> float:
    """The highest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def reader_peak_mb(pid: int) -> float:
    """The same of a reading process and of the one it forked, whichever is higher; its ``ru_maxrss`` would count ours before the exec."""
    inner = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    lines = [line for each in (str(pid), *inner) for line in Path(f"/proc/{each}/status").read_text(encoding="utf-8").splitlines()]
    return max(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def main() -> int:
    """Run the other two, and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--role", choices=("serve", "sync"), help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.role is not None:
        sys.path.insert(0, str(ROOT))
        serve(given.objects) if given.role == "serve" else sync(Path(given.rest[0]), given.rest[1])
        return 0
    print(f"A first sync of {given.objects:,} objects (limit {LIMIT_MB} MB)", flush=True)
    figures = measured(given.objects)
    show(figures)
    whole = figures["objects"] == given.objects and figures["second"]["requests"] == 1
    return 0 if whole and figures["second"]["peak"] <= LIMIT_MB else 1


def measured(objects: int) -> dict[str, Any]:
    """The figures of one run, in a directory that goes with it."""
    mine = [sys.executable, str(Path(__file__).resolve()), "--objects", str(objects), "--role"]
    with (
        tempfile.TemporaryDirectory(prefix="icalsync-memory-") as directory,
        subprocess.Popen([*mine, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            done = subprocess.run([*mine, "sync", directory, url], stdout=subprocess.PIPE, text=True, check=True)
        finally:
            server.stdin.close()
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def show(figures: dict[str, Any]) -> None:
    """One line per sync, and one for the rest."""
    for name in ("first", "second"):
        one = figures[name]
        rate = one["added"] / one["seconds"]
        print(
            f"  {name:<7} {one['seconds']:>7.1f} s {one['requests']:>6} requests {one['bytes'] / 1e6:>7.1f} MB received "
            f"{one['added']:>7} added {rate:>7.0f} objects/s   peak {one['peak']:>4.0f} MB   {one['outcome']}"
        )
    print(
        f"  before  {figures['before']:.0f} MB; reading processes {', '.join(f'{each:.0f} MB' for each in figures['readers'])}; "
        f"{figures['objects']} objects kept in {figures['file']:.0f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())
