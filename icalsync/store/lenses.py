"""Occurrences as rows: one per instance where its time is the same for everybody, else one per zone and address set they are read with.

When a zone or an address set becomes needed, its rows are derived in that same transaction from what is stored (wall times and
attendees), through the same pure function that made the first ones (R15); nothing is parsed again, and rows once made stay (R16).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from icalsync.core import lens as core_lens
from icalsync.core.lens import Occurrence
from icalsync.core.model import Reading, ReadResult, Rejected
from icalsync.store import stored_objects
from icalsync.store.transaction import Row, Transaction
from icalsync.store.verdicts import FactsBook

CHUNK: Final = 2000
"""Versions derived at a time."""

Identity = tuple[int, str | None, bool, int]
"""Component, recurrence id, whether it is travel, and which of several alike."""


@dataclass(frozen=True, slots=True)
class Lens:
    """A zone and a set of own addresses that somebody reads a calendar with."""

    time_zone: str
    address_set_key: int
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class Seen:
    """One occurrence as read with a lens; zone and address set are None where they make no difference."""

    identity: Identity
    occurrence: Occurrence
    zone: str | None
    address_set_key: int | None

    @property
    def place(self) -> tuple[Identity, str | None, int | None]:
        """What tells it from the other rows of its object."""
        return self.identity, self.zone, self.address_set_key


def lenses_of(tx: Transaction, calendar_key: int, *, ever: bool = False) -> list[Lens]:
    """The lenses a calendar is read with now, or ever was; never none, so that there is always something to derive from."""
    current = "" if ever else "AND r.known_to = 'infinity'"
    rows = tx.rows(
        "SELECT DISTINCT r.time_zone, a.address_set_key, a.from_principal, a.by_person FROM _kept.calendar_reading r "  # noqa: S608  # our own text
        f"JOIN _kept.address_set_version a USING (address_set_key) WHERE r.calendar_key = ? {current} ORDER BY ALL",
        [calendar_key],
    )
    rows = rows or tx.rows(
        "SELECT 'UTC' AS time_zone, a.address_set_key, a.from_principal, a.by_person FROM _kept.address_set_version a "
        "JOIN _kept.calendar c USING (integration_key) WHERE c.calendar_key = ? AND a.known_to = 'infinity'",
        [calendar_key],
    )
    return [Lens(row["time_zone"], row["address_set_key"], frozenset(row["from_principal"]) | frozenset(row["by_person"])) for row in rows]


def seen_through(result: ReadResult, lenses: Iterable[Lens]) -> list[Seen]:
    """Every occurrence of an object through every lens, each different row once."""
    found: dict[tuple[Identity, str | None, int | None], Seen] = {}
    for each in lenses:
        for one in _through(result, each):
            found.setdefault(one.place, one)
    return list(found.values())


def _through(result: ReadResult, each: Lens) -> Iterable[Seen]:
    alike: Counter[tuple[int, str | None, bool]] = Counter()
    for occurrence in _occurrences(result, each):
        like = (occurrence.component, occurrence.recurrence_id, occurrence.facts.travel)
        zone = each.time_zone if core_lens.is_local(occurrence.starts) else None
        invited = isinstance(result, Reading) and bool(result.events[occurrence.component].attendees)
        yield Seen((*like, alike[like]), occurrence, zone, each.address_set_key if invited else None)
        alike[like] += 1


def _occurrences(result: ReadResult, each: Lens) -> list[Occurrence]:
    if isinstance(result, Reading):
        return core_lens.occurrences(result, each.time_zone, each.own)
    if isinstance(result, Rejected):
        placed = core_lens.rejected_occurrence(result, each.time_zone)
        return [placed] if placed else []
    return []


@dataclass(frozen=True, slots=True)
class Batch:
    """The occurrences of one object version that are to be written."""

    calendar_key: int
    version_key: int
    seen: Sequence[Seen]
    numbers: Mapping[Identity, int]
    """Instance numbers given before; new instances get the next ones."""


def write(tx: Transaction, batches: Sequence[Batch]) -> None:
    """Write occurrences, in the order of the rows they join, with their verdicts."""
    keys = FactsBook(tx).keys(one.occurrence.facts for batch in batches for one in batch.seen)
    rows: list[Row] = []
    for batch in batches:
        numbers = dict(batch.numbers)
        for one in batch.seen:
            number = numbers.setdefault(one.identity, len(numbers))
            rows.append(_row(batch, one, number, keys[one.occurrence.facts]))
    tx.append("occurrence", rows)


def _row(batch: Batch, one: Seen, number: int, facts_key: int) -> Row:
    occurrence = one.occurrence
    local = one.zone is not None
    return {
        "calendar_key": batch.calendar_key,
        "version_key": batch.version_key,
        "instance": number,
        "component": occurrence.component,
        "recurrence_id": occurrence.recurrence_id,
        "zone": one.zone,
        "address_set_key": one.address_set_key,
        "starts_at": occurrence.starts_at,
        "ends_at": occurrence.ends_at,
        "starts_local": stored_objects.wall_time(occurrence.starts) if local else None,
        "ends_local": stored_objects.wall_time(occurrence.ends) if local else None,
        "facts_key": facts_key,
    }


def ensure(tx: Transaction, calendar_keys: Iterable[int]) -> None:
    """Derive what the present readings of these calendars lack, for every object as it now is."""
    for calendar_key in sorted(calendar_keys):
        lenses = lenses_of(tx, calendar_key)
        lacking = _lacking(tx, calendar_key, lenses)
        for start in range(0, len(lacking), CHUNK):
            _derive(tx, calendar_key, lacking[start : start + CHUNK], lenses)
        _ensure_participation(tx, calendar_key, lenses)


def _lacking(tx: Transaction, calendar_key: int, lenses: Iterable[Lens]) -> list[int]:
    lacking: set[int] = set()
    for each in lenses:
        rows = tx.rows(
            "SELECT o.version_key FROM _kept.occurrence o JOIN _kept.object_version v USING (version_key) "
            "WHERE o.calendar_key = ? AND v.calendar_key = ? AND v.known_to = 'infinity' GROUP BY o.version_key "
            "HAVING count(DISTINCT o.instance) <> count(*) FILTER "
            "((o.zone IS NULL OR o.zone = ?) AND (o.address_set_key IS NULL OR o.address_set_key = ?))",
            [calendar_key, calendar_key, each.time_zone, each.address_set_key],
        )
        lacking.update(row["version_key"] for row in rows)
    return sorted(lacking)


def _derive(tx: Transaction, calendar_key: int, version_keys: Sequence[int], lenses: Sequence[Lens]) -> None:
    rows = occurrence_rows(tx, version_keys)
    results = stored_objects.load(tx, version_keys, rows)
    batches = []
    for version_key in version_keys:
        numbers, places = identities(rows[version_key])
        seen = [one for one in seen_through(results[version_key], lenses) if one.place not in places]
        batches.append(Batch(calendar_key, version_key, seen, numbers))
    write(tx, batches)


def occurrence_rows(tx: Transaction, version_keys: Sequence[int]) -> dict[int, list[Row]]:
    """The stored occurrences of some versions, with whether each is travel or all-day."""
    found: dict[int, list[Row]] = defaultdict(list)
    rows = tx.rows(
        "SELECT o.*, f.travel, f.all_day FROM _kept.occurrence o JOIN _kept.facts f USING (facts_key) "
        "WHERE o.version_key IN (SELECT unnest(?::INTEGER[])) ORDER BY o.version_key, o.instance, o.zone, o.address_set_key",
        [list(version_keys)],
    )
    for row in rows:
        found[row["version_key"]].append(row)
    return found


def identities(rows: Iterable[Row]) -> tuple[dict[Identity, int], set[tuple[Identity, str | None, int | None]]]:
    """Which instances are stored, under which number, and through which lenses."""
    numbers: dict[Identity, int] = {}
    by_number: dict[int, Identity] = {}
    alike: Counter[tuple[int, str | None, bool]] = Counter()
    places = set()
    for row in rows:
        like = (row["component"], row["recurrence_id"], row["travel"])
        if row["instance"] not in by_number:
            by_number[row["instance"]] = (*like, alike[like])
            numbers[by_number[row["instance"]]] = row["instance"]
            alike[like] += 1
        places.add((by_number[row["instance"]], row["zone"], row["address_set_key"]))
    return numbers, places


def _ensure_participation(tx: Transaction, calendar_key: int, lenses: Iterable[Lens]) -> None:
    for each in {one.address_set_key: one for one in lenses}.values():
        rows = tx.rows(
            "SELECT a.version_key, a.component, list(a.address) AS addresses, list(a.participation) AS answers FROM _kept.attendee a "
            "JOIN _kept.object_version v USING (version_key) "
            "ANTI JOIN _kept.event_participation p "
            "ON p.version_key = a.version_key AND p.component = a.component AND p.address_set_key = ? "
            "WHERE v.calendar_key = ? AND v.known_to = 'infinity' GROUP BY ALL",
            [each.address_set_key, calendar_key],
        )
        tx.append("event_participation", [_participation(row, each) for row in rows])


def _participation(row: Row, each: Lens) -> Row:
    attendees = [stored_objects.attendee(address, answer) for address, answer in zip(row["addresses"], row["answers"], strict=True)]
    answer = core_lens.participation(attendees, each.own)
    return {
        "version_key": row["version_key"],
        "component": row["component"],
        "address_set_key": each.address_set_key,
        "participation": str(answer),
    }
