"""Accounts, attempts, sessions and invitations as they are kept: no password, no token, and nothing that a clock or a crowd defeats."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from icalsync.errors import InvalidInput, InvitationInvalid, NotConnected, NotFound, UnknownIntegration, UnknownSubAccount, UnknownUser
from icalsync.store import instance
from icalsync.store.health import Health
from icalsync.store.invitations import Invitations
from icalsync.store.readers import MOST_SUBJECTS, SOURCE_SHARE, Readers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icalsync.store.database import Database
    from tests.store.conftest import ToldClock, World

HOUR = timedelta(hours=1)
NOTHING = timedelta()


@pytest.fixture
def opened(world: World) -> Iterator[Database]:
    """The small world, its file kept open meanwhile: opening it takes most of a small test's time."""
    file = instance.shared(world.db.path)
    cursor = file.enter(time.monotonic() + 5.0, world.db._open)
    file._opened_at = math.inf
    yield world.db
    file.leave(cursor)


@pytest.fixture
def readers(opened: Database) -> Readers:
    """With petra, who is known."""
    kept = Readers(opened)
    kept.put("petra", "support", ["ACME"], "hash-1", actor="root")
    return kept


def lines(opened: Database) -> list[tuple[str, str, str]]:
    """The audit log, oldest first: who, what, to what."""
    return [(row["actor"], row["action"], row["object"]) for row in reversed(Health(opened).audit(None, None, None, None, 100))]


def test_a_reader_is_kept_with_role_and_sub_accounts_and_the_log_says_who_made_them(opened: Database, readers: Readers) -> None:
    """S23: role changes and removals too; names of sub-accounts are kept as they are written."""
    (row,) = readers.rows()
    assert (row["name"], row["role"], row["sub_accounts"], row["locked_until"]) == ("petra", "support", ["acme"], None)
    readers.put("Petra", "admin", None, "hash-2", actor="root")
    assert [(row["name"], row["role"], row["sub_accounts"]) for row in readers.rows()] == [("petra", "admin", None)]
    readers.remove("PETRA", actor="root")
    assert readers.rows() == []
    assert not readers.any()
    assert lines(opened) == [
        ("root", "ADD_READER", "petra support acme"),
        ("root", "CHANGE_READER", "petra admin all"),
        ("root", "REMOVE_READER", "petra"),
    ]


CANNOT_BE = [
    ("pe tra", "admin", None, InvalidInput),
    ("", "admin", None, InvalidInput),
    ("x\nADD_READER evil", "admin", None, InvalidInput),
    ("x", "boss", None, InvalidInput),
    ("x", "admin", ["nowhere"], UnknownSubAccount),
]


def test_what_cannot_be_is_refused_and_nothing_is_kept(readers: Readers) -> None:
    """S24: a name is no line of a log."""
    for name, role, accounts, error in CANNOT_BE:
        with pytest.raises(error):
            readers.put(name, role, accounts, "hash", actor="root")
    assert len(readers.rows()) == 1
    with pytest.raises(NotFound):
        readers.remove("nobody", actor="root")


def test_the_fifth_attempt_locks_a_name_whether_or_not_there_is_one_s11(opened: Database, readers: Readers, clock: ToldClock) -> None:
    """S11: the same for both, so that a lock tells nothing; the log tells it without what somebody typed."""
    for name in ("petra", "nobody\nx"):
        assert [readers.attempt(name, "").locked_for for _ in range(5)] == [NOTHING] * 5
        assert readers.attempt(name, "").locked_for == timedelta(minutes=1)
    clock.pass_(minutes=1)
    assert readers.attempt("petra", "").locked_for == NOTHING, "one more may be tried …"
    assert readers.attempt("petra", "").locked_for == timedelta(minutes=2), "… and has locked it for longer"
    assert [line for line in lines(opened) if line[1] == "SIGN_IN_LOCKED"] == [
        ("sign-in", "SIGN_IN_LOCKED", "name petra 5 failures"),
        ("sign-in", "SIGN_IN_LOCKED", "name ? 5 failures"),
        ("sign-in", "SIGN_IN_LOCKED", "name petra 6 failures"),
    ]


def test_an_attempt_counts_before_the_password_is_looked_at_s11(readers: Readers) -> None:
    """S11: guesses side by side count each; the one that is right takes all of it back."""
    attempts = [readers.attempt("petra", "") for _ in range(4)]
    assert {each.password_hash for each in attempts} == {"hash-1"}
    readers.begin("petra", "token", readers.rows()[0]["made_at"] + HOUR, "")
    assert [readers.attempt("petra", "").locked_for for _ in range(5)] == [NOTHING] * 5


def test_a_place_that_tries_many_names_is_locked_too_s11(readers: Readers) -> None:
    """S11: four times as many, because an office sits behind one address."""
    tries = [readers.attempt(f"name{number}", "203.0.113.7").locked_for for number in range(5 * SOURCE_SHARE + 1)]
    assert (set(tries[:-1]), tries[-1]) == ({NOTHING}, timedelta(minutes=1))
    assert readers.attempt("petra", "203.0.113.8").locked_for == NOTHING


def test_signing_in_oneself_is_no_way_to_go_on_guessing_at_others_s11(readers: Readers, clock: ToldClock) -> None:
    """S11: a success takes back what was tried under that name, and nothing of what others' names left at the same place."""
    until, place = clock.now() + 9 * HOUR, "203.0.113.7"
    for token in ("one", "two"):
        assert [readers.attempt("petra", place).locked_for for _ in range(3)] == [NOTHING] * 3
        readers.begin("petra", token, until, place)  # an office that mistypes and signs in all day is not locked by that
    sprayed = [readers.attempt(f"name{number}", place).locked_for for number in range(5 * SOURCE_SHARE - 1)]
    assert set(sprayed) == {NOTHING}
    clock.pass_(minutes=1)
    assert readers.attempt("petra", place).locked_for == NOTHING
    readers.begin("petra", "three", until, place)
    assert readers.attempt("next", place).locked_for == NOTHING
    assert readers.attempt("petra", place).locked_for == timedelta(minutes=1)
    clock.pass_(hours=23, minutes=59)
    assert readers.attempt("petra", place).locked_for == NOTHING
    readers.begin("petra", "four", clock.now() + HOUR, place)
    clock.pass_(minutes=2)
    assert [readers.attempt(f"last{number}", place).locked_for for number in range(3)] == [NOTHING] * 3, "after a day all is forgotten"


def test_letters_that_only_the_database_folds_are_nobodys_name_s11(readers: Readers) -> None:
    """S11: İ, which DuckDB folds to i and Python does not, would have counted failures under a name of their own for each spelling."""
    readers.put("kim", "admin", None, "hash-2", actor="root")
    for name in ("k\u0130m", "\u212aim", "KIM\n", "kim "):
        assert readers.attempt(name, "").password_hash is None, name
        with pytest.raises(NotFound):
            readers.begin(name, "token", readers.rows()[0]["made_at"] + HOUR, "")
    assert readers.attempt("KIM", "").password_hash == "hash-2"


def test_names_that_do_not_exist_cannot_fill_the_database_s11(opened: Database, readers: Readers) -> None:
    """S11: the oldest go, and none that is locked; after a day all are forgotten."""
    for _ in range(5):
        readers.attempt("petra", "")
    with opened.write() as tx:
        rows = [{"subject": f"name n{n}", "failures": 1, "last_at": tx.clock_now, "locked_until": None} for n in range(MOST_SUBJECTS + 50)]
        tx.append("sign_in_failure", rows)
    readers.attempt("somebody", "")
    with opened.read() as tx:
        assert tx.value("SELECT count(*) FROM _kept.sign_in_failure") == MOST_SUBJECTS
    assert readers.attempt("petra", "").locked_for > NOTHING


def test_a_session_ends_when_idle_when_old_and_when_its_reader_changes(readers: Readers, clock: ToldClock) -> None:
    """Being asked keeps it alive, but not for ever; a new role or password ends it, and so does signing out."""
    readers.begin("petra", "token", clock.now() + 3 * HOUR, "")
    for _ in range(5):
        clock.pass_(minutes=30)
        reader = readers.session("token", HOUR)
        assert reader is not None
        assert (reader.name, reader.role, reader.sub_accounts) == ("petra", "support", frozenset({"acme"}))
    clock.pass_(minutes=30)
    assert readers.session("token", HOUR) is None, "too old"
    readers.begin("petra", "other", clock.now() + 3 * HOUR, "")
    clock.pass_(minutes=60)
    assert readers.session("other", HOUR) is None, "idle"
    for end in (lambda: readers.put("petra", "analyst", None, "hash-2", actor="root"), lambda: readers.end("third")):
        readers.begin("petra", "third", clock.now() + 3 * HOUR, "")
        assert readers.session("third", HOUR) is not None
        end()
        assert readers.session("third", HOUR) is None
    assert readers.session("never made", HOUR) is None


def invite(opened: Database, token: str, purpose: str = "connect") -> dict[str, object]:
    """An invitation for anna."""
    return Invitations(opened).make(
        "acme", "anna", purpose=purpose, integration_id=None, token_hash=token, lasts=timedelta(hours=72), actor="petra"
    )


def test_an_invitation_works_once_and_what_does_not_work_says_the_same(opened: Database, clock: ToldClock) -> None:
    """Expired, used, revoked and unknown are told apart by nobody but the list."""
    invitations = Invitations(opened)
    assert invite(opened, "a")["state"] == "open"
    found = invitations.find("a")
    assert (found.sub_account, found.user_id, found.purpose, found.connected) == ("acme", "anna", "connect", False)
    claim = invitations.claim(found)
    with pytest.raises(InvitationInvalid):
        invitations.claim(found)  # somebody is at it
    invitations.release(found, claim)
    invitations.claim(found)
    invitations.use(found, "carry", "int-1", actor="anna")
    assert invitations.find("carry").connected
    told = []
    invite(opened, "revoked", "reconnect")
    invite(opened, "newer", "reconnect")
    invitations.revoke(invitations.find("newer").invitation_id, actor="petra")
    invite(opened, "late")
    clock.pass_(hours=72)
    for token in ("a", "carry", "revoked", "newer", "late", "unknown", ""):
        with pytest.raises(InvitationInvalid) as caught:
            invitations.find(token)
        told.append((caught.value.message, caught.value.next_step))
    assert len(set(told)) == 1
    assert sorted(row["state"] for row in invitations.rows("acme")) == ["expired", "revoked", "revoked", "used"]


def test_two_who_have_one_link_cannot_both_use_it(opened: Database) -> None:
    """Single use: found by both, claimed by one; the other's attempt ends, also after the first has succeeded."""
    invitations = Invitations(opened)
    invite(opened, "a")
    one, other = invitations.find("a"), invitations.find("a")
    invitations.claim(one)
    with pytest.raises(InvitationInvalid):
        invitations.claim(other)
    invitations.use(one, "carry", "int-1", actor="anna")
    for attempt in (invitations.claim, invitations.check):
        with pytest.raises(InvitationInvalid):
            attempt(other)


def test_an_attempt_that_died_gives_the_link_back(opened: Database, clock: ToldClock) -> None:
    """A claim ends by itself."""
    invitations = Invitations(opened)
    invite(opened, "a")
    found = invitations.find("a")
    died = invitations.claim(found)
    clock.pass_(minutes=5)
    alive = invitations.claim(found)
    invitations.release(found, died)
    with opened.write() as tx, pytest.raises(InvitationInvalid):
        invitations.allowing(found, died)(tx)
    with opened.write() as tx:
        invitations.allowing(found, alive)(tx)


def test_invitations_are_bound_to_somebody_who_exists_and_are_logged(opened: Database) -> None:
    """S23: made, used, revoked; for an account only where it serves the user."""
    invitations = Invitations(opened)
    with pytest.raises(UnknownUser):
        invitations.make("acme", "nobody", purpose="connect", integration_id=None, token_hash="t", lasts=HOUR, actor="x")
    for user, account, error in (("anna", "int-none", UnknownIntegration), ("ben", "int-1", NotConnected)):
        with pytest.raises(error):
            invitations.make("acme", user, purpose="reconnect", integration_id=account, token_hash="t", lasts=HOUR, actor="x")
    with pytest.raises(NotFound):
        invitations.revoke("nothing", actor="x")
    row = invite(opened, "a")
    invitations.revoke(str(row["invitation_id"]), actor="root")
    assert [(actor, action) for actor, action, _ in lines(opened)][-2:] == [("petra", "INVITE"), ("root", "REVOKE_INVITATION")]
