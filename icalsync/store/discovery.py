"""What discovery found, kept: addresses, homes, and every collection with what it may be used for (R3, R10)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from icalsync.core.collections import access_of, not_selectable_reason
from icalsync.core.paths import last_segment, path_key
from icalsync.ports import Collection, Discovered
from icalsync.store import addresses, obstacles, readings
from icalsync.store.transaction import Row, Transaction
from icalsync.store.versions import rewrite

GONE: Final = "GONE"
_OUT_OF_REACH: Final = frozenset({GONE, "NO_READ_ACCESS"})
"""Reasons that are a loss even where nothing was ever pulled."""


def save(tx: Transaction, integration_key: int, found: Discovered) -> None:
    """Addresses, homes, collections, new and vanished ones; readings follow in the same transaction."""
    readdressed = addresses.keep(tx, integration_key, from_principal=found.addresses)
    _save_homes(tx, integration_key, found.homes)
    tx.execute("UPDATE _kept.integration_freshness SET discovered_at = ? WHERE integration_key = ?", [tx.clock_now, integration_key])
    changed = _save_collections(tx, integration_key, found.collections, found.homes, within_homes=False)
    if changed or readdressed:
        readings.refresh_integration(tx, integration_key)
        obstacles.follow_calendars(tx, integration_key)


def save_listing(tx: Transaction, integration_key: int, collections: Sequence[Collection]) -> None:
    """What a listing of the homes told; a calendar outside them is none of its business."""
    homes = tx.rows("SELECT href FROM _kept.home WHERE integration_key = ? ORDER BY position", [integration_key])
    if _save_collections(tx, integration_key, collections, [row["href"] for row in homes], within_homes=True):
        readings.refresh_integration(tx, integration_key)
        obstacles.follow_calendars(tx, integration_key)


def _save_collections(
    tx: Transaction, integration_key: int, collections: Iterable[Collection], homes: Sequence[str], *, within_homes: bool
) -> bool:
    places = [path_key(home) for home in homes]
    met = {path_key(each.href): each for each in collections if path_key(each.href) not in places}
    keys = _keys(tx, integration_key, list(met))
    wanted = [_version(keys[place], each, any(place.startswith(home.rstrip("/") + "/") for home in places)) for place, each in met.items()]
    inside = "calendar_key IN (SELECT calendar_key FROM _kept.calendar WHERE integration_key = ?)"
    unseen = tx.rows(
        f"SELECT * EXCLUDE (known_from, known_to) FROM _kept.calendar_version WHERE known_to = 'infinity' AND {inside} "  # noqa: S608  # our text
        "AND calendar_key NOT IN (SELECT unnest(?::INTEGER[]))",
        [integration_key, [keys[place] for place in met]],
    )
    for row in unseen:
        gone = row["in_home"] or not within_homes
        wanted.append({**row, "not_selectable_reason": row["not_selectable_reason"] or (GONE if gone else None)})
    changed = rewrite(tx, "calendar_version", ("calendar_key",), wanted, inside, [integration_key])
    _follow_states(tx, changed.opened)
    return bool(changed)


def _save_homes(tx: Transaction, integration_key: int, homes: tuple[str, ...]) -> None:
    stored = tx.rows("SELECT href FROM _kept.home WHERE integration_key = ? ORDER BY position", [integration_key])
    if tuple(row["href"] for row in stored) != homes:
        tx.execute("DELETE FROM _kept.home WHERE integration_key = ?", [integration_key])
        tx.append("home", [{"integration_key": integration_key, "position": n, "href": href} for n, href in enumerate(homes)])


def _keys(tx: Transaction, integration_key: int, places: list[str]) -> dict[str, int]:
    """Number of each place, new ones included."""
    rows = tx.rows("SELECT path_key, calendar_key FROM _kept.calendar WHERE integration_key = ?", [integration_key])
    keys = {row["path_key"]: int(row["calendar_key"]) for row in rows}
    _add(tx, integration_key, [place for place in places if place not in keys], keys)
    return keys


def _add(tx: Transaction, integration_key: int, places: list[str], keys: dict[str, int]) -> None:
    integration_id = tx.value("SELECT integration_id FROM _kept.integration WHERE integration_key = ?", [integration_key])
    keys.update({place: number for number, place in enumerate(places, tx.next_key("calendar", "calendar_key"))})
    new = [{"calendar_key": keys[place]} for place in places]
    own = [{"calendar_id": calendar_id(integration_id, place), "integration_key": integration_key, "path_key": place} for place in places]
    tx.append("calendar", [key | row for key, row in zip(new, own, strict=True)])
    tx.append("calendar_sync", new)
    tx.append("calendar_freshness", new)
    tx.append("calendar_state_version", [key | {"state": "never_pulled", "reason": None, "known_from": tx.now} for key in new])


def calendar_id(integration_id: str, place: str) -> str:
    """Opaque, and the same whenever the same place is found again in the same integration."""
    return "cal-" + hashlib.sha256(f"{integration_id}\n{place}".encode()).hexdigest()[:16]


def _version(calendar_key: int, collection: Collection, in_home: bool) -> Row:
    def listed(values: frozenset[str] | None) -> list[str] | None:
        return None if values is None else sorted(values)

    return {
        "calendar_key": calendar_key,
        "href": collection.href,
        "in_home": in_home,
        "display_name": collection.display_name or last_segment(collection.href),
        "color": collection.color,
        "access": access_of(collection.privileges),
        "not_selectable_reason": not_selectable_reason(
            collection.kinds, collection.components, collection.privileges, has_source=collection.source is not None
        ),
        "kinds": sorted(collection.kinds),
        "components": listed(collection.components),
        "privileges": listed(collection.privileges),
        "reports": listed(collection.reports),
    }


def _follow_states(tx: Transaction, opened: tuple[Row, ...]) -> None:
    """A calendar that can no longer be chosen is no longer pulled: out of reach until it can be, and a pull proves it (R12)."""
    lost = {row["calendar_key"]: row["not_selectable_reason"] for row in opened if row["not_selectable_reason"] is not None}
    # one that never could be chosen was never pulled, and says so
    relied_on = tx.rows(
        "SELECT calendar_key FROM _kept.calendar_state_version WHERE known_to = 'infinity' AND state <> 'never_pulled' UNION "
        "SELECT calendar_key FROM _kept.calendar_role_version WHERE known_to = 'infinity'"
    )
    known = {row["calendar_key"] for row in relied_on}
    for key, reason in lost.items():
        if key in known or reason in _OUT_OF_REACH:
            set_state(tx, key, "access_lost", reason)


def set_state(tx: Transaction, calendar_key: int, state: str, reason: str | None) -> None:
    """The calendar's state from now on; nothing is written where it is so already (R17)."""
    row = {"calendar_key": calendar_key, "state": state, "reason": reason}
    rewrite(tx, "calendar_state_version", ("calendar_key",), [row], "calendar_key = ?", [calendar_key])
