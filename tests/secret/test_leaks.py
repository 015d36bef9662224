"""S1: a secret shows nowhere: not printed, formatted, logged, pickled, compared, nor in a traceback with its local variables."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from icalsync.errors import IcalsyncError
from icalsync.ports import Login, Secret
from icalsync.secret import open_secret_store
from icalsync.secret.keys import Key
from tests.secret.conftest import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from icalsync.settings import Settings

    Make = Callable[..., Settings]

SHOWN: list[Callable[[Any], str]] = [
    repr,
    str,
    lambda thing: f"{thing}",
    lambda thing: f"{thing!r:>40}",
    lambda thing: "%s %r" % (thing, thing),  # noqa: UP031  # as logging does it
    lambda thing: repr([thing, {"password": thing}]),
    lambda thing: json.dumps({"password": thing}, default=str),
    lambda thing: repr(getattr(thing, "__dict__", None)),
]


@pytest.mark.parametrize("show", SHOWN)
def test_a_secret_shows_only_that_it_is_one(show: Callable[[Any], str]) -> None:
    """However it is put into words; also inside a login."""
    login = Login("icloud", "https://caldav.icloud.com/", "a@example.org", Secret(CANARY))
    assert CANARY not in show(Secret(CANARY)) + show(login)


def test_a_secret_is_not_pickled_copied_hashed_or_ordered() -> None:
    """S1, S21: no cache, session or second process holds it by accident."""
    secret = Secret(CANARY)
    for action in (pickle.dumps, copy.copy, copy.deepcopy, hash, lambda it: it < Secret("x"), vars):
        with pytest.raises(TypeError) as raised:
            action(secret)
        assert CANARY not in str(raised.value)


def test_secrets_compare_with_secrets_alone() -> None:
    """Equal text is equal; a plain string never is."""
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != Secret("other")
    assert Secret(CANARY) != CANARY
    assert not Secret("")


def test_a_key_shows_its_id_alone() -> None:
    """And is not pickled either."""
    key = Key(b"k" * 32)
    assert repr(key) == f"Key({key.key_id})"
    assert "kkkk" not in f"{key}{[key]}"
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_the_store_itself_shows_nothing(settings_for: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Its repr, its attributes, and what it says in a log."""
    caplog.set_level(logging.DEBUG)
    store = open_secret_store(settings_for(secret_key="ab" * 32), {"ICALSYNC_PASSWORD_I1": CANARY})
    logging.getLogger("test").debug("opened %r %s", store, vars(store))
    assert "opened" in caplog.text
    assert CANARY not in caplog.text
    assert "abab" not in caplog.text


def _lose_key(settings: Settings) -> None:
    settings.secret_key_file.unlink()


def _change_key(settings: Settings) -> None:
    settings.secret_key_file.write_text(f"{'cd' * 32}\n")


def _spoil_key(settings: Settings) -> None:
    settings.secret_key_file.write_text(settings.secret_key_file.read_text() + "no key\n")


def _open_key(settings: Settings) -> None:
    settings.secret_key_file.chmod(0o644)


def _spoil_secrets(settings: Settings) -> None:
    document = json.loads(settings.secrets_file.read_text())
    document["records"]["other"] = document["records"].pop("i1")
    document["records"]["i1"] = document["records"]["other"] | {"data": document["records"]["other"]["data"][::-1]}
    settings.secrets_file.write_text(json.dumps(document))


def _close_directory(settings: Settings) -> None:
    settings.secrets_file.unlink()
    settings.secrets_file.mkdir()


@pytest.mark.parametrize("harm", [_lose_key, _change_key, _spoil_key, _open_key, _spoil_secrets, _close_directory])
def test_no_traceback_shows_a_secret_even_with_local_variables(settings_for: Make, harm: Callable[[Settings], None]) -> None:
    """S1: neither the password nor the key, in any frame of ours, nor in a chained exception."""
    settings = settings_for()
    store = open_secret_store(settings, {"ICALSYNC_PASSWORD_OTHER": CANARY + "2"})
    store.put("i1", Secret(CANARY))
    key = settings.secret_key_file.read_text().strip()
    harm(settings)
    failures = 0
    for action in (lambda: store.get("i1"), lambda: store.put("i2", Secret(CANARY)), lambda: store.put("other", Secret(CANARY))):
        try:
            action()
        except IcalsyncError as error:
            failures += 1
            shown = _shown(error)
            assert CANARY not in shown
            assert key not in shown
    assert failures >= 2


def _shown(error: BaseException) -> str:
    """The traceback with the local variables of every frame but the test's own."""
    parts = [str(error), repr(error), repr(vars(error))]
    while True:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        parts += [str(frame.locals) for frame in frames if Path(frame.filename) != Path(__file__)]
        following = error.__cause__ or error.__context__
        if following is None:
            return os.linesep.join(parts)
        error = following
