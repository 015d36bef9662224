"""The encrypted store: what it writes, who may read it, and what a lost, wrong, old or copied key or record does."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from icalsync.errors import (
    SecretDamaged,
    SecretFileUnsafe,
    SecretKeyMissing,
    SecretKeyWrong,
    SecretNotFound,
    SecretStoreUnavailable,
    SettingsInvalid,
)
from icalsync.ports import Secret
from icalsync.secret import files, open_secret_store
from icalsync.secret.encrypted import EncryptedSecrets
from icalsync.secret.rotate import main as rotate
from tests.secret.conftest import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from icalsync.settings import Settings

    Make = Callable[..., Settings]


# Fixed, because they stand in the tests' names, which have to be the same in every worker.
OTHER_KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY_IN_HEX = bytes(range(32, 64)).hex()


def _records(settings: Settings) -> dict[str, dict[str, str]]:
    return json.loads(settings.secrets_file.read_text())["records"]


def _rewrite(settings: Settings, records: dict[str, Any]) -> None:
    settings.secrets_file.write_text(json.dumps({"version": 1, "records": records}))


def _new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def test_what_is_put_is_read_back_by_another_process_life(settings_for: Make) -> None:
    """Also with letters of every script, and after it was replaced."""
    EncryptedSecrets(settings_for()).put("i-1", Secret("abcd-efgh-ijkl-mnop"))
    EncryptedSecrets(settings_for()).put("i-2", Secret("пароль 密码 \udc80"))
    EncryptedSecrets(settings_for()).put("i-1", Secret("second"))
    assert EncryptedSecrets(settings_for()).get("i-1").reveal() == "second"
    assert EncryptedSecrets(settings_for()).get("i-2").reveal() == "пароль 密码 \udc80"


def test_nothing_on_disk_shows_the_password_or_stands_open(settings_for: Make, tmp_path: Path) -> None:
    """S16, T16: never plain text; key, secrets and lock file are the owner's alone, whatever the umask."""
    before = os.umask(0)
    try:
        EncryptedSecrets(settings_for()).put("i-1", Secret(CANARY))
    finally:
        os.umask(before)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in written} == {"key", "x.duckdb.secrets", "x.duckdb.secrets.lock"}
    for path in written:
        content = path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
        assert CANARY.encode() not in content
        assert base64.b64encode(CANARY.encode())[:-4] not in content
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_every_record_has_a_nonce_of_its_own_and_names_its_key(settings_for: Make) -> None:
    """The same password twice gives two different texts; S18: each bears the id of its key."""
    store = EncryptedSecrets(settings_for())
    store.put("a", Secret(CANARY))
    store.put("b", Secret(CANARY))
    records = _records(settings_for())
    assert records["a"]["nonce"] != records["b"]["nonce"]
    assert records["a"]["data"] != records["b"]["data"]
    assert len(base64.b64decode(records["a"]["nonce"])) == 12
    assert records["a"]["key"] == records["b"]["key"]


def test_a_record_copied_to_another_integration_does_not_open(settings_for: Make) -> None:
    """S17: the integration is part of what is authenticated."""
    store = EncryptedSecrets(settings_for())
    store.put("mine", Secret(CANARY))
    records = _records(settings_for())
    _rewrite(settings_for(), {**records, "yours": records["mine"]})
    with pytest.raises(SecretDamaged, match="integration yours was changed, or copied from another one"):
        store.get("yours")
    assert store.get("mine").reveal() == CANARY


@pytest.mark.parametrize("field", ["nonce", "data"])
@pytest.mark.parametrize("value", ["", "AAAA", "not base64 at all", "AAAAAAAAAAAAAAAA" * 3])
def test_a_changed_record_does_not_open_and_can_be_replaced(settings_for: Make, field: str, value: str) -> None:
    """S17: a changed byte is seen; the others still open, and a reconnect mends it."""
    store = EncryptedSecrets(settings_for())
    store.put("a", Secret(CANARY))
    store.put("b", Secret("other"))
    records = _records(settings_for())
    records["a"][field] = value
    _rewrite(settings_for(), records)
    with pytest.raises(SecretDamaged):
        store.get("a")
    assert store.get("b").reveal() == "other"
    store.put("a", Secret("again"))
    assert store.get("a").reveal() == "again"


@pytest.mark.parametrize("content", ["", "no json", "[]", '{"version": 2, "records": {}}', '{"version": 1, "records": {"a": {"key": 1}}}'])
def test_a_secrets_file_that_cannot_be_read_is_refused_and_left_as_it_is(settings_for: Make, content: str) -> None:
    """Nothing is overwritten, and no new key is made."""
    path = settings_for().secrets_file
    path.parent.mkdir()
    path.write_text(content)
    path.chmod(0o600)
    store = EncryptedSecrets(settings_for())
    for action in (lambda: store.get("a"), lambda: store.put("a", Secret(CANARY)), lambda: store.delete("a")):
        with pytest.raises(SecretDamaged):
            action()
    assert path.read_text() == content
    assert not settings_for().secret_key_file.exists()


def test_without_a_record_there_is_nothing_to_find_and_nothing_is_made(settings_for: Make, tmp_path: Path) -> None:
    """Looking creates neither key nor file; deleting what is not there is no error."""
    store = EncryptedSecrets(settings_for())
    with pytest.raises(SecretNotFound):
        store.get("a")
    store.delete("a")
    assert list(tmp_path.iterdir()) == []


def test_a_lost_key_is_refused_with_exit_3_and_no_new_one_is_made(settings_for: Make) -> None:
    """S16, S18: never a new key beside secrets that it cannot open."""
    store = EncryptedSecrets(settings_for())
    store.put("a", Secret(CANARY))
    before = settings_for().secrets_file.read_bytes()
    settings_for().secret_key_file.unlink()
    for action in (lambda: store.get("a"), lambda: store.put("b", Secret("x"))):
        with pytest.raises(SecretKeyMissing) as raised:
            action()
        assert raised.value.exit_code == 3
        assert str(settings_for().secrets_file) in raised.value.next_step
    assert not settings_for().secret_key_file.exists()
    assert settings_for().secrets_file.read_bytes() == before


@pytest.mark.parametrize("other", [OTHER_KEY, OTHER_KEY_IN_HEX, "nonsense", "", "AAAA\n"])
def test_a_wrong_key_is_refused_with_exit_3_and_changes_nothing(settings_for: Make, other: str) -> None:
    """S16: neither reading nor storing goes on with another key, nor with a file that holds none."""
    store = EncryptedSecrets(settings_for())
    store.put("a", Secret(CANARY))
    before = settings_for().secrets_file.read_bytes()
    settings_for().secret_key_file.write_text(other)
    for action in (lambda: store.get("a"), lambda: store.put("b", Secret("x")), store.rotate):
        with pytest.raises(SecretKeyWrong) as raised:
            action()
        assert raised.value.exit_code == 3
    assert settings_for().secrets_file.read_bytes() == before
    assert settings_for().secret_key_file.read_text() == other


def test_forgetting_needs_no_key_and_after_the_last_one_a_new_key_may_be_made(settings_for: Make) -> None:
    """The way out after a lost key, account by account."""
    store = EncryptedSecrets(settings_for())
    store.put("a", Secret(CANARY))
    settings_for().secret_key_file.unlink()
    store.delete("a")
    store.put("b", Secret("new"))
    assert store.get("b").reveal() == "new"


def test_a_key_given_as_text_needs_no_file(settings_for: Make, tmp_path: Path) -> None:
    """ICALSYNC_SECRET_KEY: base64, its URL form without padding, or hex; nothing else."""
    raw = os.urandom(32)
    forms = [base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("="), raw.hex(), f"  {raw.hex().upper()}\n"]
    EncryptedSecrets(settings_for(secret_key=forms[0])).put("a", Secret(CANARY))
    for form in forms:
        assert EncryptedSecrets(settings_for(secret_key=form)).get("a").reveal() == CANARY
    assert not (tmp_path / "keys").exists()
    with pytest.raises(SecretKeyWrong, match="ICALSYNC_SECRET_KEY"):
        EncryptedSecrets(settings_for(secret_key=_new_key())).get("a")


@pytest.mark.parametrize("text", ["secret", "a" * 42 + "!", "zz" * 32, base64.b64encode(bytes(16)).decode(), "# only a remark"])
def test_a_text_that_is_no_key_is_a_wrong_setting_and_nothing_is_stored(settings_for: Make, text: str) -> None:
    """Refused before the first secret; a passphrase is no key."""
    with pytest.raises(SettingsInvalid, match="a key is 32 random bytes"):
        EncryptedSecrets(settings_for(secret_key=text)).put("a", Secret(CANARY))
    assert not settings_for().secrets_file.exists()


def test_a_key_file_that_holds_no_key_is_not_overwritten(settings_for: Make) -> None:
    """Perhaps it is another file, named by mistake."""
    path = settings_for().secret_key_file
    path.parent.mkdir()
    path.write_text("somebody's notes")
    path.chmod(0o600)
    with pytest.raises(SettingsInvalid):
        EncryptedSecrets(settings_for()).put("a", Secret(CANARY))
    assert path.read_text() == "somebody's notes"


@pytest.mark.parametrize("which", ["secret_key_file", "secrets_file"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_or_secrets_file_that_others_may_read_is_refused(settings_for: Make, which: str, mode: int) -> None:
    """T16: named with its mode, before anything in it is used."""
    store = EncryptedSecrets(settings_for())
    store.put("a", Secret(CANARY))
    getattr(settings_for(), which).chmod(mode)
    with pytest.raises(SecretFileUnsafe) as raised:
        store.get("a")
    assert raised.value.facts == {"path": str(getattr(settings_for(), which)), "mode": f"{mode:04o}"}
    assert raised.value.exit_code == 3


@pytest.mark.parametrize("which", ["secret_key_file", "secrets_file"])
def test_what_is_no_ordinary_file_is_refused_without_waiting(settings_for: Make, which: str) -> None:
    """A named pipe in its place does not hang the program."""
    store = EncryptedSecrets(settings_for())
    store.put("a", Secret(CANARY))
    path = getattr(settings_for(), which)
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(SecretDamaged, match="no ordinary file"):
        store.get("a")


def test_an_old_key_on_a_further_line_still_opens_and_the_first_one_locks(settings_for: Make) -> None:
    """S18: rotation without an interruption."""
    store = EncryptedSecrets(settings_for())
    store.put("a", Secret(CANARY))
    old_id = _records(settings_for())["a"]["key"]
    path = settings_for().secret_key_file
    path.write_text(f"# since today\n{_new_key()}\n\n{path.read_text()}")
    store.put("b", Secret("new"))
    assert (store.get("a").reveal(), store.get("b").reveal()) == (CANARY, "new")
    assert _records(settings_for())["a"]["key"] == old_id
    assert _records(settings_for())["b"]["key"] != old_id


def test_rotating_locks_everything_under_the_first_key_so_that_the_old_one_can_go(
    settings_for: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """S18: ``python -m icalsync.secret.rotate``, with the former key in a file of its own."""
    settings = settings_for()
    for name in ("a", "b"):
        EncryptedSecrets(settings).put(name, Secret(CANARY + name))
    old = settings.secret_key_file.rename(settings.secret_key_file.with_name("old"))
    settings.secret_key_file.write_text(_new_key())
    settings.secret_key_file.chmod(0o600)
    monkeypatch.setenv("ICALSYNC_DATABASE", str(settings.database))
    monkeypatch.setenv("ICALSYNC_SECRET_KEY_FILE", str(settings.secret_key_file))
    assert rotate() == 3
    monkeypatch.setenv("ICALSYNC_SECRET_KEY_FILE_OLD", str(old))
    assert rotate() == 0
    shown = capsys.readouterr()
    assert "2 stored password(s)" in shown.out
    assert CANARY not in shown.out + shown.err
    old.unlink()
    assert EncryptedSecrets(settings_for()).get("b").reveal() == CANARY + "b"


def test_where_only_the_old_key_is_left_reading_goes_on_and_storing_waits(settings_for: Make) -> None:
    """S18: nothing new is locked with a key that is on its way out."""
    EncryptedSecrets(settings_for()).put("a", Secret(CANARY))
    old = settings_for().secret_key_file.rename(settings_for().secret_key_file.with_name("old"))
    store = EncryptedSecrets(settings_for(secret_key_file_old=old))
    assert store.get("a").reveal() == CANARY
    with pytest.raises(SecretKeyMissing):
        store.put("b", Secret("x"))


def test_a_rotation_that_cannot_open_one_record_changes_none(settings_for: Make) -> None:
    """All or none."""
    store = EncryptedSecrets(settings_for())
    store.put("a", Secret(CANARY))
    store.put("b", Secret(CANARY))
    records = _records(settings_for())
    records["b"]["data"] = records["a"]["data"]
    _rewrite(settings_for(), records)
    with pytest.raises(SecretDamaged):
        store.rotate()
    assert _records(settings_for()) == records


def test_the_default_key_is_never_made_beside_the_database(default_settings: Settings) -> None:
    """S19: unless a person says so, key and secrets do not end in one backup."""
    settings = default_settings.with_database(default_settings.secret_key_file.with_name("x.duckdb"))
    with pytest.raises(SecretStoreUnavailable, match="beside the database"):
        EncryptedSecrets(settings).put("a", Secret(CANARY))
    assert not settings.secret_key_file.exists()
    assert not settings.secrets_file.exists()


def test_writers_of_several_processes_lose_nothing(settings_for: Make, tmp_path: Path) -> None:
    """T13: each adds its own passwords to the one file; the first also makes the one key."""
    code = (
        "import sys; from icalsync.settings import load_settings; from icalsync.secret.encrypted import EncryptedSecrets;"
        "from icalsync.ports import Secret; s = EncryptedSecrets(load_settings());"
        "[s.put(f'{sys.argv[1]}-{n}', Secret(f'pw {sys.argv[1]} {n}')) for n in range(10)]"
    )
    settings = settings_for(lock_wait=60)
    environ = {**os.environ, "ICALSYNC_DATABASE": str(settings.database), "ICALSYNC_SECRET_KEY_FILE": str(settings.secret_key_file)}
    writers = [subprocess.Popen([sys.executable, "-c", code, str(n)], env={**environ, "ICALSYNC_LOCK_WAIT": "60"}) for n in range(4)]
    assert [writer.wait(90) for writer in writers] == [0, 0, 0, 0]
    store = EncryptedSecrets(settings)
    assert {f"{w}-{n}": store.get(f"{w}-{n}").reveal() for w in range(4) for n in range(10)} == {
        f"{w}-{n}": f"pw {w} {n}" for w in range(4) for n in range(10)
    }
    assert sorted(path.name for path in settings.database.parent.iterdir()) == ["x.duckdb.secrets", "x.duckdb.secrets.lock"]


def test_two_databases_that_share_a_new_key_file_agree_on_the_key(settings_for: Make, tmp_path: Path) -> None:
    """Whoever comes second uses the key that is there, complete."""
    stores = [EncryptedSecrets(settings_for(database=tmp_path / f"d{n}" / "x.duckdb")) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda store: store.put("a", Secret(CANARY)), stores))
    assert [store.get("a").reveal() for store in stores] == [CANARY] * 8
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["key"]


def test_threads_of_one_process_lose_nothing_either(settings_for: Make) -> None:
    """The lock holds between threads, too."""
    store = EncryptedSecrets(settings_for(lock_wait=60))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.put(str(n), Secret(f"pw {n}")), range(24)))
    assert [store.get(str(n)).reveal() for n in range(24)] == [f"pw {n}" for n in range(24)]


def test_a_held_lock_is_waited_for_and_then_named_and_it_dies_with_its_process(settings_for: Make) -> None:
    """T4: a killed writer leaves no lock behind."""
    store = EncryptedSecrets(settings_for(lock_wait=0.2))
    store.put("a", Secret(CANARY))
    lock = settings_for().secrets_file.with_name("x.duckdb.secrets.lock")
    code = "import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(SecretStoreUnavailable, match=r"has held .* for 0\.2 s"):
            store.put("b", Secret("x"))
        assert store.get("a").reveal() == CANARY
        holder.send_signal(signal.SIGKILL)
    store.put("b", Secret("x"))
    assert store.get("b").reveal() == "x"


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_file(settings_for: Make) -> None:
    """T2: the file is replaced as a whole."""
    settings = settings_for()
    EncryptedSecrets(settings).put("keep", Secret(CANARY))
    code = (
        "import itertools; from icalsync.settings import load_settings; from icalsync.secret.encrypted import EncryptedSecrets;"
        "from icalsync.ports import Secret; s = EncryptedSecrets(load_settings()); print('go', flush=True);"
        "[s.put('a', Secret('x' * (n % 900))) for n in itertools.count()]"
    )
    environ = {**os.environ, "ICALSYNC_DATABASE": str(settings.database), "ICALSYNC_SECRET_KEY_FILE": str(settings.secret_key_file)}
    for pause in (0.01, 0.05, 0.13):
        with subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "go\n"
            time.sleep(pause)
            writer.kill()
        assert EncryptedSecrets(settings).get("keep").reveal() == CANARY


def test_a_full_disk_is_a_plain_error_and_the_old_file_stays(settings_for: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """T1: the write fails, nothing is lost, no draft is left."""
    store = EncryptedSecrets(settings_for())
    store.put("a", Secret(CANARY))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(SecretStoreUnavailable, match="No space left on device"):
        store.put("b", Secret("x"))
    monkeypatch.undo()
    assert store.get("a").reveal() == CANARY
    assert sorted(path.name for path in settings_for().database.parent.iterdir()) == ["x.duckdb.secrets", "x.duckdb.secrets.lock"]


@pytest.mark.parametrize("strange", ["../../etc/passwd", "/abs", "a/b", "", "a\x00b", "x" * 5000, "ünï|cödé|", "\ud800"])
def test_an_id_is_opaque_text_and_never_a_path(settings_for: Make, tmp_path: Path, strange: str) -> None:
    """Whatever it holds, it names a record, and no file is touched but ours."""
    store = open_secret_store(settings_for(secrets_dir=tmp_path / "mounted"), {})
    store.put(strange, Secret(CANARY))
    assert store.get(strange).reveal() == CANARY
    store.delete(strange)
    with pytest.raises(SecretNotFound):
        store.get(strange)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"key", "x.duckdb.secrets", "x.duckdb.secrets.lock"}
