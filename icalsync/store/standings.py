"""How accounts stand after their last runs, and which hosts want to be left alone (H1, H15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from icalsync.core.backoff import LONGEST_ASKED, WELL, Standing
from icalsync.ports import Account, Run
from icalsync.store.transaction import Row, Transaction
from icalsync.store.versions import rewrite

_SLACK: Final = timedelta(minutes=1)
_ACCOUNTS: Final = """
    SELECT i.integration_id, l.url, s.status, a.failures, a.rejections, a.first_rejected_at, a.next_try_at, r.last_started_at
    FROM _kept.integration i
    SEMI JOIN _kept.serving g ON g.integration_key = i.integration_key
    JOIN _kept.integration_login l ON l.integration_key = i.integration_key
    LEFT JOIN _kept.integration_status_version s ON s.integration_key = i.integration_key AND s.known_to = 'infinity'
    LEFT JOIN _kept.account_standing a ON a.integration_key = i.integration_key
    LEFT JOIN (SELECT integration_key, max(started_at) AS last_started_at FROM _kept.sync_run WHERE whole GROUP BY ALL) r
        ON r.integration_key = i.integration_key
    ORDER BY i.integration_id
"""


def host_of(url: str) -> str:
    """The host an account starts at: what a host asks for holds for all accounts that start there, whatever partition served them."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def load(tx: Transaction, integration_key: int) -> Standing:
    """How an account stands."""
    row = tx.row(
        "SELECT s.status, a.* FROM _kept.integration_status_version s LEFT JOIN _kept.account_standing a USING (integration_key) "
        "WHERE s.integration_key = ? AND s.known_to = 'infinity'",
        [integration_key],
    )
    return WELL if row is None else _standing(row)


def _standing(row: Row) -> Standing:
    return Standing(row["status"] or "ok", row["failures"] or 0, row["rejections"] or 0, row["first_rejected_at"], row["next_try_at"])


def accounts(tx: Transaction, integration_ids: Sequence[str] | None) -> tuple[Account, ...]:
    """Accounts that serve somebody, all or those named."""
    wanted = None if integration_ids is None else set(integration_ids)
    held = _holds(tx)
    return tuple(
        Account(row["integration_id"], host_of(row["url"]), _standing(row), held.get(host_of(row["url"])), row["last_started_at"])
        for row in tx.rows(_ACCOUNTS)
        if wanted is None or row["integration_id"] in wanted
    )


def held_until(tx: Transaction, host: str) -> datetime | None:
    """Until when a host wants to be left alone; None where it does not."""
    return _holds(tx).get(host)


def _holds(tx: Transaction) -> dict[str, datetime]:
    # one that reaches farther than any was noted by a clock that has been set back since (T12)
    rows = tx.rows(
        "SELECT host, max(held_until) AS held_until FROM _kept.host_hold WHERE held_until > ? AND held_until <= ? GROUP BY host",
        [tx.clock_now, tx.clock_now + LONGEST_ASKED + _SLACK],
    )
    return {row["host"]: row["held_until"] for row in rows}


def keep(tx: Transaction, integration_key: int, run: Run) -> None:
    """What a run means for its account and its host; nothing is written where that is nothing new (R17)."""
    if not _serves(tx, integration_key):
        return  # disconnected meanwhile: its state is that, whatever a late run met
    status = {"integration_key": integration_key, "status": run.status, "reason": run.status_reason}
    rewrite(tx, "integration_status_version", ("integration_key",), [status], "integration_key = ?", [integration_key])
    standing = run.standing or (WELL if run.status == "ok" else None)
    if standing is not None:
        _save(tx, integration_key, standing)
    if run.held_until is not None:
        _hold(tx, integration_key, run.held_until)


def _serves(tx: Transaction, integration_key: int) -> bool:
    return tx.row("FROM _kept.connection_version WHERE integration_key = ? AND known_to = 'infinity'", [integration_key]) is not None


def clear(tx: Transaction, integration_key: int) -> None:
    """A person connected it anew: nothing of before counts (H1)."""
    tx.execute("DELETE FROM _kept.account_standing WHERE integration_key = ?", [integration_key])


def _save(tx: Transaction, integration_key: int, standing: Standing) -> None:
    known = tx.row("SELECT * FROM _kept.account_standing WHERE integration_key = ?", [integration_key])
    if known is None and standing.failures == 0:
        return
    clear(tx, integration_key)
    if standing.failures:
        row = {name: getattr(standing, name) for name in ("failures", "rejections", "first_rejected_at", "next_try_at")}
        tx.append("account_standing", [{"integration_key": integration_key} | row])


def _hold(tx: Transaction, integration_key: int, until: datetime) -> None:
    url = tx.value("SELECT url FROM _kept.integration_login WHERE integration_key = ?", [integration_key])
    host = host_of(url or "")
    longest = max(until, _holds(tx).get(host, until))
    tx.execute("DELETE FROM _kept.host_hold WHERE host = ? OR held_until <= ?", [host, tx.clock_now])
    tx.append("host_hold", [{"host": host, "held_until": longest}])
