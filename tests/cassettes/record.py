"""``make record``: record the cassettes anew, from the servers that can be started here or from a real iCloud account."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from icalsync.errors import IcalsyncError
from tests.cassettes.chapters import MISSING
from tests.cassettes.owners import LOCAL
from tests.cassettes.real_icloud import Refused, asked_for, real_icloud
from tests.cassettes.recording import record
from tests.cassettes.stage import UnexpectedTraffic
from tests.icloud import MovableClock

if TYPE_CHECKING:
    from collections.abc import Sequence

CASSETTES: Final = Path(__file__).resolve().parents[2] / "cassettes"


def main(arguments: Sequence[str]) -> int:
    """Record the servers named, or all that can be started here.

    0 done, 1 not as expected, 2 wrong words, 3 a person is needed, 130 Ctrl-C.
    """
    servers = list(arguments) or list(LOCAL)
    unknown = [name for name in servers if name not in MISSING]
    if unknown:
        sys.stderr.write(f"There is no server {unknown[0]!r} to record from; known are {', '.join(MISSING)}.\n")
        return 2
    try:
        for server in servers:
            _record(server)
    except IcalsyncError as error:
        sys.stderr.write(f"{error.message}\n{error.next_step}\n")
        return 3
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return 3
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; of the server that was being recorded nothing was written.\n")
        return 130
    except UnexpectedTraffic as unexpected:
        sys.stderr.write("\n".join([str(unexpected), *getattr(unexpected, "__notes__", [])]) + "\n")
        return 1
    return 0


def _record(server: str) -> None:
    clock = MovableClock()
    if server == "icloud":
        with real_icloud(asked_for()) as source:
            record(server, source, clock, CASSETTES / server)
        return
    with tempfile.TemporaryDirectory(prefix=f"icalsync-{server}-") as place, LOCAL[server](Path(place), clock) as source:
        record(server, source, clock, CASSETTES / server)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
