"""Print the part of requirements.lock that an installation without extras needs: icalsync's dependencies, theirs, and so on."""

from __future__ import annotations

import re
import sys
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def needed(name: str, extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]) -> set[str]:
    """The names of everything that ``name`` needs here, itself included, by the metadata of this environment."""
    if (name, extras) in seen:
        return set()
    seen.add((name, extras))
    found = {name}
    for line in requires(name) or []:
        requirement = Requirement(line)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras | {""}):
            found |= needed(canonicalize_name(requirement.name), frozenset(requirement.extras), seen)
    return found


def main() -> None:
    """Write the entries as they stand in the lock, with their hashes."""
    names = needed("icalsync", frozenset(), set()) - {"icalsync"}
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    kept = [entry for entry in entries if canonicalize_name(re.split(r"==", entry)[0]) in names]
    sys.stdout.write("\n".join(kept))


if __name__ == "__main__":
    main()
