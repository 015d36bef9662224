"""Who may sign in to the dashboard, their sessions, and failed attempts (S11). Nothing that opens a door is kept, only its hash."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from icalsync.core.access import POSTS, Reader, lock_after
from icalsync.errors import InvalidInput, NotFound
from icalsync.store import names
from icalsync.store.audit import NOBODY, audit
from icalsync.store.database import Database
from icalsync.store.transaction import Row, Transaction

_SHOWN: Final = """
    SELECT r.name, r.role, r.sub_accounts, r.made_at, r.last_sign_in_at, f.locked_until
    FROM _kept.reader r LEFT JOIN _kept.sign_in_failure f ON f.subject = 'name ' || lower(r.name)
"""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,127}")
_FORGOTTEN: Final = timedelta(days=1)
"""After so long without another attempt, failures are forgotten."""
MOST_SUBJECTS: Final = 10_000
"""Names that do not exist are counted too, and there is no end of them; the oldest go."""
SOURCE_SHARE: Final = 4
"""Several people may sit behind one address, so it takes so many times as many failures to lock it."""
STRANGER: Final = "sign-in"
"""The actor where nobody was signed in yet."""
_SEEN_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to sign in, counted before the password is looked at, so that attempts side by side count too."""

    subject: str
    password_hash: str | None
    """None where there is nobody of that name."""
    locked_for: timedelta
    """More than nothing: nobody may sign in here for so long."""


class Readers:
    """Accounts, sessions and attempts."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, name: str, role: str, sub_accounts: Sequence[str] | None, password_hash: str, *, actor: str) -> Row:
        """Add a reader, or give a known one another role, other sub-accounts and another password, which ends their sessions.

        ``InvalidInput``, ``UnknownSubAccount``. The row, as ``rows``.
        """
        if not _NAME.fullmatch(name):
            raise InvalidInput(what="the name", value=name, why="it needs 1 to 128 letters, digits or _ . @ + -")
        if role not in POSTS:
            raise InvalidInput(what="the role", value=role, why="choose one of " + ", ".join(POSTS))
        with self._db.write() as tx:
            limited = None if sub_accounts is None else sorted({names.sub_account(tx, each)["sub_account"] for each in sub_accounts})
            before = _reader(tx, name)
            name = before["name"] if before else name
            row = {"name": name, "role": role, "sub_accounts": limited, "password_hash": password_hash}
            tx.execute("DELETE FROM _kept.reader WHERE name = ?", [name])
            tx.append("reader", [row | {"made_at": before["made_at"] if before else tx.clock_now}])
            tx.execute("DELETE FROM _kept.reader_session WHERE name = ?", [name])
            tx.execute("DELETE FROM _kept.sign_in_failure WHERE subject = ?", [_by_name(name)])
            reach = "all" if limited is None else ",".join(limited)
            audit(tx, actor, "CHANGE_READER" if before else "ADD_READER", f"{name} {role} {reach}", about=NOBODY)
            return tx.rows(f"{_SHOWN} WHERE r.name = ?", [name])[0]

    def remove(self, name: str, *, actor: str) -> Row:
        """Nobody signs in under that name any more, and whoever is signed in is out; the row that was. ``NotFound``."""
        with self._db.write() as tx:
            found = _reader(tx, name)
            if found is None:
                raise NotFound(kind="dashboard user", name=name)
            shown = tx.rows(f"{_SHOWN} WHERE r.name = ?", [found["name"]])[0]
            tx.execute("DELETE FROM _kept.reader_session WHERE name = ?", [found["name"]])
            tx.execute("DELETE FROM _kept.reader WHERE name = ?", [found["name"]])
            audit(tx, actor, "REMOVE_READER", found["name"], about=NOBODY)
            return shown

    def rows(self) -> list[Row]:
        """Everybody who may sign in, by name: ``name, role, sub_accounts, made_at, last_sign_in_at, locked_until``."""
        with self._db.read() as tx:
            return tx.rows(f"{_SHOWN} ORDER BY r.name")

    def any(self) -> bool:
        """Whether there is an account at all."""
        with self._db.read() as tx:
            return tx.row("SELECT 1 AS one FROM _kept.reader LIMIT 1") is not None

    def attempt(self, name: str, source: str) -> Attempt:
        """Count an attempt under a name, from a place ("" where that says nothing), as though it had failed already."""
        subjects = [(_by_name(name), 1), *([(f"source {source}", SOURCE_SHARE)] if source else [])]
        with self._db.write() as tx:
            tx.execute("DELETE FROM _kept.sign_in_failure WHERE last_at < ?", [tx.clock_now - _FORGOTTEN])
            locked = max((_locked_for(tx, subject) for subject, _ in subjects), default=timedelta())
            found = _reader(tx, name)
            kept = found["password_hash"] if found else None
            if locked > timedelta():
                return Attempt(_by_name(name), kept, locked)
            for subject, share in subjects:
                _count(tx, subject, share)
            return Attempt(_by_name(name), kept, timedelta())

    def begin(self, name: str, token_hash: str, ends_at: datetime, source: str) -> Reader:
        """A session, because the password was right; what failed under that name before is forgotten.

        Of what failed where it comes from, that alone is taken back: an account of one's own is no way to go on guessing at others.
        ``NotFound`` where the reader went meanwhile.
        """
        with self._db.write() as tx:
            found = _reader(tx, name)
            if found is None:
                raise NotFound(kind="dashboard user", name=name)
            mine = int(tx.value("SELECT failures FROM _kept.sign_in_failure WHERE subject = ?", [_by_name(name)]) or 1)
            tx.execute("DELETE FROM _kept.sign_in_failure WHERE subject = ?", [_by_name(name)])
            _take_back(tx, f"source {source}", mine)
            tx.execute("DELETE FROM _kept.reader_session WHERE ends_at <= ?", [tx.clock_now])
            tx.execute("UPDATE _kept.reader SET last_sign_in_at = ? WHERE name = ?", [tx.clock_now, found["name"]])
            times = {"began_at": tx.clock_now, "seen_at": tx.clock_now, "ends_at": ends_at}
            tx.append("reader_session", [{"token_hash": token_hash, "name": found["name"], **times}])
            audit(tx, found["name"], "SIGN_IN", found["name"], about=NOBODY)
            return _as_reader(found)

    def session(self, token_hash: str, idle: timedelta) -> Reader | None:
        """Whose session it is, with role and sub-accounts as they are now; None where it is over. Being asked keeps it alive."""
        with self._db.read() as tx:
            found = tx.row(
                "SELECT s.seen_at, s.ends_at, r.name, r.role, r.sub_accounts FROM _kept.reader_session s JOIN _kept.reader r USING (name) "
                "WHERE s.token_hash = ?",
                [token_hash],
            )
            now = tx.clock_now
        if found is None or now >= found["ends_at"] or now >= found["seen_at"] + idle:
            return None
        if now >= found["seen_at"] + min(_SEEN_EVERY, idle / 4):
            with self._db.write() as tx:
                tx.execute("UPDATE _kept.reader_session SET seen_at = ? WHERE token_hash = ?", [now, token_hash])
        return _as_reader(found)

    def end(self, token_hash: str) -> None:
        """Sign out."""
        with self._db.write() as tx:
            tx.execute("DELETE FROM _kept.reader_session WHERE token_hash = ?", [token_hash])


def _reader(tx: Transaction, name: str) -> Row | None:
    """Who has that name. Letters of any other alphabet find nobody: the database folds some of them to ASCII ones, and ``_by_name`` not."""
    if not _NAME.fullmatch(name):
        return None
    return tx.row("SELECT * FROM _kept.reader WHERE lower(name) = lower(?)", [name])


def _as_reader(row: Row) -> Reader:
    return Reader(row["name"], row["role"], None if row["sub_accounts"] is None else frozenset(row["sub_accounts"]))


def _by_name(name: str) -> str:
    return f"name {name.lower()[:128]}"


def _locked_for(tx: Transaction, subject: str) -> timedelta:
    until = tx.value("SELECT locked_until FROM _kept.sign_in_failure WHERE subject = ?", [subject])
    return timedelta() if until is None else max(timedelta(), until - tx.clock_now)


def _take_back(tx: Transaction, subject: str, failures: int) -> None:
    """So many attempts were one person's on the way in; what others left stands, and is as old as it was before the last attempt."""
    tx.execute("DELETE FROM _kept.sign_in_failure WHERE subject = ? AND failures <= ?", [subject, failures])
    tx.execute(
        "UPDATE _kept.sign_in_failure SET failures = failures - ?, last_at = coalesce(before_at, last_at), locked_until = NULL "
        "WHERE subject = ?",
        [failures, subject],
    )


def _count(tx: Transaction, subject: str, share: int) -> None:
    before = tx.row("SELECT failures, last_at FROM _kept.sign_in_failure WHERE subject = ?", [subject]) or {"failures": 0, "last_at": None}
    failures = int(before["failures"]) + 1
    lock = lock_after(failures // share)
    tx.execute("DELETE FROM _kept.sign_in_failure WHERE subject = ?", [subject])
    tx.execute(
        "DELETE FROM _kept.sign_in_failure WHERE subject NOT IN "
        "(SELECT subject FROM _kept.sign_in_failure ORDER BY locked_until DESC NULLS LAST, last_at DESC, subject LIMIT ?)",
        [MOST_SUBJECTS - 1],
    )
    until = tx.clock_now + lock if lock else None
    times = {"last_at": tx.clock_now, "before_at": before["last_at"], "locked_until": until}
    tx.append("sign_in_failure", [{"subject": subject, "failures": failures} | times])
    if until is not None:
        audit(tx, STRANGER, "SIGN_IN_LOCKED", f"{_loggable(subject)} {failures} failures", about=NOBODY)


def _loggable(subject: str) -> str:
    """What somebody typed as a name is no line of a log (S24)."""
    said = subject.split(" ", 1)[1]
    return subject if _NAME.fullmatch(said) or re.fullmatch(r"[0-9A-Fa-f:.%]{1,64}", said) else "name ?"
