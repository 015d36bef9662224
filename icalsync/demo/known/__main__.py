"""``python -m icalsync.demo.known DIRECTORY``: the known world as a database, with its answer key and its steps beside it."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import Final

from icalsync.demo.known.people import FORTY
from icalsync.demo.known.playing import load
from icalsync.demo.known.writing import ANSWERS, YEAR, known_world, write
from icalsync.errors import IcalsyncError

DATABASE: Final = "known.duckdb"
LAST_DAY: Final = date(2026, 11, 20)
"""Always the same, so that everybody who makes it has the same world."""


def main(arguments: list[str] | None = None) -> int:
    """Make it; 2 where it cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m icalsync.demo.known", description=__doc__)
    parser.add_argument("directory", type=Path, help="where it is put; made where it does not exist")
    parser.add_argument("--until", type=date.fromisoformat, default=LAST_DAY, help="its last day (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="another seed makes another world (default: %(default)s)")
    parser.add_argument("--users", type=int, default=FORTY, help="from 4 to 40 (default: %(default)s)")
    parser.add_argument("--weeks", type=int, default=YEAR, help="8 or more (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        world = known_world(chosen.until, seed=chosen.seed, users=chosen.users, weeks=chosen.weeks)
    except ValueError as error:
        parser.error(str(error))
    try:
        load(world, chosen.directory / DATABASE)
    except IcalsyncError as error:
        sys.stderr.write(f"{error.message}\n{error.next_step}\n")
        return 2
    write(world, chosen.directory)
    sys.stdout.write(f"The database: {chosen.directory / DATABASE}\nIts answer key: {chosen.directory / ANSWERS}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
