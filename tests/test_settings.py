"""Settings: where they come from, which one wins, and what a person is told about a wrong one."""

from __future__ import annotations

import os
import pickle
import stat
import subprocess
import sys
import traceback
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from icalsync.clock import SystemClock
from icalsync.errors import SettingsInvalid
from icalsync.settings import Settings, load_settings

KEY_CANARY = "canary-key-that-no-output-may-show"


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Per-user directories of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)


def _toml(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults_are_the_documented_ones() -> None:
    """With nothing set, every value is the one README's table gives."""
    settings = load_settings({})
    assert settings.icloud_url == "https://caldav.icloud.com/"
    assert settings.allow_private_hosts is False
    assert settings.pull == "all"
    assert settings.max_answer_bytes == 64 * 1024 * 1024
    assert (settings.stale_after, settings.horizon_back, settings.horizon_ahead) == (
        timedelta(hours=1),
        timedelta(days=30),
        timedelta(days=400),
    )
    assert (settings.connect_timeout, settings.read_timeout, settings.total_deadline, settings.lock_wait) == (10, 30, 120, 5)


def test_the_default_key_lies_outside_the_data_directory() -> None:
    """S19: a backup of the data directory never holds the key."""
    settings = load_settings({})
    assert settings.database.parent not in settings.secret_key_file.parents
    assert settings.secrets_file.parent == settings.database.parent


def test_where_a_platform_keeps_data_and_configuration_together_the_key_still_lies_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """S19: macOS has one directory for both."""
    for name in ("user_config_path", "user_data_path"):
        monkeypatch.setattr(f"icalsync.settings.{name}", lambda *_, **__: Path.home() / "Library" / "Application Support" / "icalsync")
    settings = load_settings({})
    assert settings.database.parent.name == "icalsync"
    assert settings.database.parent not in settings.secret_key_file.parents


def test_a_variable_beats_the_file_and_an_argument_beats_both(tmp_path: Path) -> None:
    """Nearest wins: argument, variable, file, default."""
    config = _toml(tmp_path / "c.toml", 'stale_after = "2h"\nlock_wait = 7\npull = "chosen"\n')
    environ = {"ICALSYNC_CONFIG": str(config), "ICALSYNC_LOCK_WAIT": "8", "ICALSYNC_PULL": "all"}
    settings = load_settings(environ, pull="chosen", database=None)
    assert (settings.stale_after, settings.lock_wait, settings.pull) == (timedelta(hours=2), 8, "chosen")


def test_the_file_in_the_configuration_directory_is_read_unasked() -> None:
    """Without ICALSYNC_CONFIG, the per-user file counts where it exists."""
    _toml(Path.home() / ".config" / "icalsync" / "config.toml", 'icloud_url = "https://example.org/"\n')
    assert load_settings({}).icloud_url == "https://example.org/"


def test_relative_paths_in_a_file_are_relative_to_the_file(tmp_path: Path) -> None:
    """So that it means the same from every directory."""
    config = _toml(tmp_path / "etc" / "c.toml", 'database = "data/clinic.duckdb"\nsecrets_dir = "/run/secrets"\n')
    settings = load_settings({"ICALSYNC_CONFIG": str(config)})
    assert settings.database == tmp_path / "etc" / "data" / "clinic.duckdb"
    assert settings.secrets_dir == Path("/run/secrets")


def test_a_path_is_made_absolute_once_and_home_is_understood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A later change of directory changes nothing."""
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"ICALSYNC_DATABASE": "here.duckdb", "ICALSYNC_SECRET_KEY_FILE": "~/key"})
    assert settings.database == tmp_path / "here.duckdb"
    assert settings.secret_key_file == Path.home() / "key"


@pytest.mark.parametrize(
    ("text", "span"),
    [("90s", timedelta(seconds=90)), ("30m", timedelta(minutes=30)), ("1h 30m", timedelta(minutes=90)), ("1.5d", timedelta(hours=36))],
)
def test_spans_are_written_with_units(text: str, span: timedelta) -> None:
    """Seconds, minutes, hours and days, alone or added."""
    assert load_settings({"ICALSYNC_STALE_AFTER": text}).stale_after == span


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("ICALSYNC_STALE_AFTER", "3600", "give a number with a unit, such as 90s, 30m, 1h or 30d"),
        ("ICALSYNC_STALE_AFTER", "-1h", "give a number with a unit, such as 90s, 30m, 1h or 30d"),
        ("ICALSYNC_HORIZON_AHEAD", "0d", "input should be greater than 0 seconds"),
        ("ICALSYNC_HORIZON_AHEAD", "9999999999d", "it is longer than a hundred years"),
        ("ICALSYNC_LOCK_WAIT", "soon", "give a number with a unit, such as 90s, 30m, 1h or 30d"),
        ("ICALSYNC_LOCK_WAIT", "-3", "input should be greater than 0"),
        ("ICALSYNC_PULL", "some", "input should be 'all' or 'chosen'"),
        ("ICALSYNC_ICLOUD_URL", "caldav.icloud.com", "give an address that starts with https://"),
        ("ICALSYNC_MAX_ANSWER_BYTES", "lots", "input should be a valid integer, unable to parse string as an integer"),
        ("ICALSYNC_ALLOW_PRIVATE_HOSTS", "perhaps", "input should be a valid boolean, unable to interpret input"),
        ("ICALSYNC_DATABASE", "/", "it is a directory; a file is needed"),
        ("ICALSYNC_SECRET_KEY_FILE", "~nobody-of-that-name/key", "there is no such home directory"),
    ],
)
def test_a_wrong_value_names_its_variable_and_says_why(variable: str, value: str, why: str) -> None:
    """One plain error of our own tree, exit code 2; never the library's."""
    with pytest.raises(SettingsInvalid) as raised:
        load_settings({variable: value})
    assert raised.value.facts == {"name": variable, "why": why}
    assert raised.value.exit_code == 2
    assert raised.value.__context__ is None


def test_a_misspelt_name_in_the_file_is_an_error(tmp_path: Path) -> None:
    """Not silently the default."""
    config = _toml(tmp_path / "c.toml", 'stale_aftr = "2h"\n')
    with pytest.raises(SettingsInvalid, match=r"stale_aftr \(in .*c\.toml\) cannot be read: there is no such setting"):
        load_settings({"ICALSYNC_CONFIG": str(config)})


def test_a_named_file_that_is_missing_or_no_toml_is_an_error(tmp_path: Path) -> None:
    """A file that was asked for has to be there and readable."""
    with pytest.raises(SettingsInvalid, match="there is no file"):
        load_settings({"ICALSYNC_CONFIG": str(tmp_path / "none.toml")})
    with pytest.raises(SettingsInvalid, match=r"it is not valid TOML \(line 2\)"):
        load_settings({"ICALSYNC_CONFIG": str(_toml(tmp_path / "c.toml", 'pull = "all"\nlock wait\n'))})
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsInvalid, match="it is not valid TOML"):
        load_settings({"ICALSYNC_CONFIG": str(tmp_path / "bytes.toml")})


def test_an_empty_variable_is_no_value() -> None:
    """``ICALSYNC_PULL=`` in a unit file means: as if unset."""
    assert load_settings({"ICALSYNC_PULL": ""}).pull == "all"


def test_only_the_environment_that_was_given_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """And this process's where none is."""
    monkeypatch.setenv("ICALSYNC_PULL", "chosen")
    assert load_settings({}).pull == "all"
    assert load_settings().pull == "chosen"


def test_settings_are_frozen() -> None:
    """Nobody changes them under a running sync."""
    with pytest.raises(ValidationError):
        load_settings({}).pull = "chosen"  # type: ignore[misc]


def test_a_given_key_is_known_as_given(tmp_path: Path) -> None:
    """design.md §5: a key given explicitly, by variable, file or argument, beats the keyring."""
    assert not load_settings({}).key_is_explicit
    assert load_settings({"ICALSYNC_SECRET_KEY": "x"}).key_is_explicit
    assert load_settings({"ICALSYNC_SECRET_KEY_FILE": str(tmp_path / "k")}).key_is_explicit
    assert load_settings({}, secret_key_file=tmp_path / "k").key_is_explicit
    assert load_settings({}, secret_key_file=tmp_path / "k").with_database(tmp_path / "d").key_is_explicit


def test_the_key_shows_in_no_output_of_the_settings() -> None:
    """S1: repr, format, dict and JSON leave the key out."""
    settings = load_settings({"ICALSYNC_SECRET_KEY": KEY_CANARY})
    assert settings.secret_key is not None
    assert settings.secret_key.reveal() == KEY_CANARY
    for shown in (repr(settings), str(settings), f"{settings}", str(settings.model_dump()), settings.model_dump_json()):
        assert KEY_CANARY not in shown
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(settings)


def test_the_key_and_passwords_show_in_no_traceback_of_wrong_settings(tmp_path: Path) -> None:
    """S1: not even with the local variables of every frame of ours."""
    environ = {"ICALSYNC_SECRET_KEY": KEY_CANARY, "ICALSYNC_PASSWORD_X": KEY_CANARY}
    config = _toml(tmp_path / "c.toml", f'secret_key = "{KEY_CANARY}"\npull = "some"\n')
    for wrong in ({"ICALSYNC_PULL": "some"}, {"ICALSYNC_CONFIG": "/none"}, {"ICALSYNC_CONFIG": str(config)}):
        given = {**environ, **wrong}
        if wrong.get("ICALSYNC_CONFIG") == str(config):
            del given["ICALSYNC_SECRET_KEY"]
        with pytest.raises(SettingsInvalid) as raised:
            load_settings(given)
        frames = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
        ours = [frame for frame in frames.stack if "icalsync" in Path(frame.filename).parts[-2:]]
        assert ours
        assert KEY_CANARY not in "".join(str(frame.locals) for frame in ours)


def test_another_database_keeps_every_other_setting(tmp_path: Path) -> None:
    """``icalsync.open(path)`` changes the file and nothing else."""
    settings = load_settings({"ICALSYNC_PULL": "chosen"}).with_database(tmp_path / "x.duckdb")
    assert (settings.database, settings.pull) == (tmp_path / "x.duckdb", "chosen")
    with pytest.raises(SettingsInvalid, match="is a directory"):
        settings.with_database(tmp_path)


def test_loading_settings_creates_nothing_and_imports_nothing_heavy(tmp_path: Path) -> None:
    """Neither directories nor duckdb, pandas, caldav or icalendar."""
    code = (
        "import sys; from icalsync.settings import load_settings; load_settings({});"
        "print([m for m in ('duckdb', 'pandas', 'caldav', 'icalendar', 'keyring', 'cryptography') if m in sys.modules])"
    )
    home = tmp_path / "fresh"
    home.mkdir()
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "HOME": str(home)}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert list(home.iterdir()) == []
    assert stat.S_ISDIR(home.stat().st_mode)


def test_every_setting_says_what_it_is() -> None:
    """Each field is documented beneath itself in the source, which README's table follows."""
    source = Path(sys.modules[Settings.__module__].__file__ or "").read_text(encoding="utf-8").splitlines()
    for name in Settings.model_fields:
        line = next(number for number, text in enumerate(source) if text.startswith(f"    {name}: "))
        assert source[line + 1].lstrip().startswith('"""'), name


def test_the_clock_is_aware_and_its_monotonic_time_never_goes_back() -> None:
    """T12: leases use the second, rows the first."""
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    first = clock.monotonic()
    assert clock.monotonic() >= first
