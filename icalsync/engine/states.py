"""What a run means for its account: well, throttled, unreachable, failing, or in need of its password (H1, H5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from icalsync.core.backoff import WELL, Standing, Trouble, after, clamped
from icalsync.engine.visit import Visit
from icalsync.errors import AuthenticationRejected, IcalsyncError, SecretError, ServerBusy, ServerUnreachable
from icalsync.messages import recorded


def standing_after(visit: Visit | None, before: Standing, error: IcalsyncError | None, now: datetime, jitter: float) -> Standing:
    """The account's standing after a run that ended with ``error``, or without.

    A calendar's own trouble is that calendar's state, not everybody's (H2). ``visit`` is None where the account was not opened.
    """
    if error is None:
        return WELL
    asked = error.facts.get("retry_after") if isinstance(error, ServerBusy) else None
    confirmed = visit is not None and visit.wish.attended and visit.tally.asked_again > 0
    return after(before, trouble_of(error), now, jitter, asked=asked, confirmed=confirmed)


def trouble_of(error: IcalsyncError) -> Trouble:
    """Which kind of trouble an error is for its account."""
    match error:
        case AuthenticationRejected():
            return Trouble.REJECTED
        case SecretError():
            return Trouble.NO_PASSWORD
        case ServerBusy():
            return Trouble.BUSY
        case ServerUnreachable():
            return Trouble.UNREACHABLE
        case _:
            return Trouble.OTHER


def reason_of(error: IcalsyncError | None, standing: Standing) -> str | None:
    """The sentence for people beside the state, as it is kept."""
    if error is None:
        return None
    if isinstance(error, AuthenticationRejected) and standing.status == "throttled":
        return recorded("state.rejected", **error.facts)
    return recorded(error.code, **error.facts)


def asked_until(error: IcalsyncError | None, now: datetime) -> datetime | None:
    """Until when the host wants to be left alone by everybody: only where it said so itself (H15). Between 1 s and 1 h from now (H16)."""
    if not isinstance(error, ServerBusy) or error.facts.get("retry_after") is None:
        return None
    pause: timedelta = clamped(float(error.facts["retry_after"]))
    return now + pause
