"""Which collections an account has now: by the listing of its homes, or by discovery where that is due or something is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from icalsync.core.backoff import spread
from icalsync.core.collections import Description, describe
from icalsync.core.paths import path_key
from icalsync.core.providers import PROVIDERS
from icalsync.core.pull import is_due
from icalsync.errors import AuthenticationRejected, CalendarGone, ServerBusy, ServerUnreachable
from icalsync.ports import Collection, IntegrationState, Purpose

if TYPE_CHECKING:
    from icalsync.engine.visit import Visit

ASKED_AGAIN: Final = (0.3, 0.7)
"""Seconds between a rejected password and asking once more while a person waits for the answer (H1)."""


def answered(visit: Visit) -> tuple[IntegrationState, tuple[Collection, ...]]:
    """The collections; where account or password are rejected, the root is asked once more, because good ones are, too (H1)."""
    try:
        return _collections(visit)
    except AuthenticationRejected:
        context, tally = visit.context, visit.tally
        if visit.state.standing.is_dead(context.clock.now()):
            raise  # asked once a day, and not more often
        for pause in ASKED_AGAIN if visit.wish.attended else ASKED_AGAIN[:1]:
            context.pause(pause, visit.lease.integration_id)
            tally.asked_again += 1
            try:
                return rediscovered(visit)
            except AuthenticationRejected:  # once more, and then it is raised
                continue
        raise


def _collections(visit: Visit) -> tuple[IntegrationState, tuple[Collection, ...]]:
    """The home listing; discovery where it is due, or where something is gone (H6, C11: nothing is believed gone before)."""
    context, state = visit.context, visit.state
    early = context.spread * spread(state.integration_id)
    discovered = None if state.discovered_at is None else state.discovered_at - early
    if not (is_due(discovered, context.clock.now(), context.discover_every) or visit.wish.rediscover):
        try:
            listed = visit.server.list_homes(state.homes)
        except CalendarGone:
            return rediscovered(visit)
        except ServerUnreachable as error:
            # iCloud's partition hosts rotate, and the old one is gone at once: the canonical host knows the new one (icloud.md §1.1.5);
            # one that asks for patience is there, and gets it (H15)
            if isinstance(error, ServerBusy) or PROVIDERS[state.provider].origin_is_identity:
                raise
        else:
            return rediscovered(visit) if _has_lost(state, listed) else _kept(visit, listed)
    return rediscovered(visit)


def rediscovered(visit: Visit) -> tuple[IntegrationState, tuple[Collection, ...]]:
    """Discovery, saved."""
    found = visit.server.discover()
    visit.tally.discovered = True
    if visit.wish.purpose is Purpose.SYNC:
        visit.tally.purpose = Purpose.DISCOVERY
    visit.context.store.save_discovery(visit.lease, found)
    return visit.context.store.load(visit.state.integration_id), found.collections


def _has_lost(state: IntegrationState, listed: tuple[Collection, ...]) -> bool:
    """Whether a calendar that could be chosen is no longer in the listing of its home."""
    seen = {path_key(c.href) for c in listed}
    return any(c.in_home and c.selectable and path_key(c.href) not in seen for c in state.calendars)


def _kept(visit: Visit, collections: tuple[Collection, ...]) -> tuple[IntegrationState, tuple[Collection, ...]]:
    """The listing; where it describes other calendars than known, that is saved first."""
    if not _differ(visit.state, collections):
        return visit.state, collections
    visit.context.store.save_listing(visit.lease, collections)
    return visit.context.store.load(visit.state.integration_id), collections


def _differ(state: IntegrationState, collections: tuple[Collection, ...]) -> bool:
    """Whether a home listing describes other collections than the store knows; homes themselves are no calendars."""
    homes = {path_key(home) for home in state.homes}
    known = {
        Description(path_key(c.href), c.display_name, c.color, c.access, c.not_selectable_reason): True
        for c in state.calendars
        if c.in_home
    }
    told = {description_of(c): True for c in collections if path_key(c.href) not in homes}
    # a calendar that vanished is already known as such
    return any(d not in known for d in told) or any(d not in told and d.not_selectable_reason != "GONE" for d in known)


def description_of(collection: Collection) -> Description:
    """A collection as the store keeps it."""
    return describe(
        collection.href,
        collection.kinds,
        display_name=collection.display_name,
        color=collection.color,
        components=collection.components,
        privileges=collection.privileges,
        has_source=collection.source is not None,
    )
