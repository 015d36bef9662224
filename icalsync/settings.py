"""What a person can set: ``ICALSYNC_…`` variables first, then a TOML file, then the defaults (design.md §5).

The file is ``ICALSYNC_CONFIG``, or ``icalsync/config.toml`` in the per-user configuration directory where it exists. Its keys are the
field names of ``Settings`` in lower case; unknown ones are errors, so that a misspelt setting is never silently the default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from platformdirs import user_config_path, user_data_path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from icalsync.errors import SettingsInvalid
from icalsync.ports import Secret

PREFIX: Final = "ICALSYNC_"
CONFIG_VARIABLE: Final = "ICALSYNC_CONFIG"

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST: Final = 36525 * 86400.0
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


def _in_seconds(text: str) -> float:
    compact = text.strip().lower().replace(" ", "")
    if not _DURATION.fullmatch(compact):
        raise ValueError("give a number with a unit, such as 90s, 30m, 1h or 30d")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(compact))
    if seconds > _LONGEST:
        raise ValueError("it is longer than a hundred years")
    return seconds


def _duration(value: object) -> object:
    return timedelta(seconds=_in_seconds(value)) if isinstance(value, str) else value


def _no_bare_number(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("give a number with a unit, such as 90s, 30m, 1h or 30d")  # noqa: TRY004  # pydantic turns this one into its own
    return value


def _seconds(value: object) -> object:
    if isinstance(value, str) and value.strip()[-1:].isalpha():
        return _in_seconds(value)
    return value


def _secret(value: object) -> object:
    return Secret(value.strip()) if isinstance(value, str) else value


def _home(value: object) -> object:
    """Absolute, so that a later change of directory changes nothing."""
    if not isinstance(value, str | Path):
        return value
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError:
        raise ValueError("there is no such home directory") from None


Duration = Annotated[timedelta, Field(gt=timedelta(0)), BeforeValidator(_duration), BeforeValidator(_no_bare_number)]
"""A span of time, written ``90s``, ``30m``, ``1h`` or ``30d``."""
Seconds = Annotated[float, Field(gt=0, le=86400, allow_inf_nan=False), BeforeValidator(_seconds)]
"""Seconds as a number, or with a unit (``10s``, ``2m``)."""
Place = Annotated[Path, BeforeValidator(_home)]
"""A path; ``~`` is the home directory."""


def _default_key_file() -> Path:
    """Outside the data directory (S19): where a platform keeps both in one, the key goes to ``~/.config``."""
    configuration, data = user_config_path("icalsync", appauthor=False), user_data_path("icalsync", appauthor=False)
    directory = Path.home() / ".config" / "icalsync" if configuration == data else configuration
    return directory / "secret.key"


class ReaderSettings(BaseModel):
    """What somebody who signs in through OpenID Connect may do: a line of ``[dashboard.readers]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["admin", "support", "analyst"]
    sub_accounts: tuple[str, ...] | None = None
    """The sub-accounts they are limited to; unset: all."""


class DashboardSettings(BaseModel):
    """Signing in through OpenID Connect: ``[dashboard]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secrets_file: Place
    """Streamlit's secrets file, with the provider in its section ``[auth]``."""
    readers: dict[str, ReaderSettings] = Field(default_factory=dict)
    """Who may, by e-mail address as the provider tells it; nobody else."""


class Settings(BaseSettings):
    """Everything that can be set, checked and frozen; make it with ``load_settings``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    database: Place = Field(default_factory=lambda: user_data_path("icalsync", appauthor=False) / "icalsync.duckdb")
    """The database file."""
    secret_key: Annotated[Secret, BeforeValidator(_secret)] | None = Field(default=None, repr=False, exclude=True)
    """The key of the encrypted secrets as text (32 bytes, base64 or hex); further lines are older keys that still open."""
    secret_key_file: Place = Field(default_factory=_default_key_file)
    """The file that holds that key, mode 0600; created when the first secret is stored."""
    secret_key_file_old: Place | None = None
    """A former key file that still opens what it locked, while keys are rotated (S18)."""
    secrets_dir: Place | None = None
    """A directory of mounted passwords, one file per integration id; only read."""
    icloud_url: str = "https://caldav.icloud.com/"
    """Where discovery of iCloud accounts starts."""
    allow_private_hosts: bool = False
    """Whether private and loopback addresses may be talked to."""
    stale_after: Duration = timedelta(hours=1)
    """After how long without a clean pull an answer is marked stale (R12)."""
    horizon_back: Duration = timedelta(days=30)
    """How far back recurring events are expanded."""
    horizon_ahead: Duration = timedelta(days=400)
    """How far ahead recurring events are expanded."""
    retention: Duration | None = None
    """How long is kept what ceased to hold, for questions about the past (R16); unset: for ever."""
    pull: Literal["all", "chosen"] = "all"
    """Which calendars are pulled: every selectable one, or only those with a role (R6)."""
    connect_timeout: Seconds = 10.0
    """Seconds to wait for a connection."""
    read_timeout: Seconds = 30.0
    """Seconds to wait for the next bytes of an answer."""
    total_deadline: Seconds = 120.0
    """Seconds one request may take in all (N5)."""
    max_answer_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    """The largest answer accepted, decoded (H33)."""
    object_seconds: Seconds = 1.0
    """Seconds of computing time that reading one calendar object may take; then it is quarantined."""
    object_memory: int = Field(default=100 * 1024 * 1024, ge=16 * 1024 * 1024)
    """Bytes of memory that reading one calendar object may take, over what its reader had before."""
    requests_per_host: int = Field(default=4, ge=1, le=64)
    """Requests sent to one host at the same time."""
    lock_wait: Seconds = 5.0
    """Seconds to wait for another process to let go of the database."""
    dashboard: DashboardSettings | None = None
    """Who signs in to the dashboard through OpenID Connect: the table ``[dashboard]``."""
    dashboard_url: str | None = None
    """Where people reach the dashboard (https://…), for links; set, sign-in is required wherever it listens."""
    dashboard_language: Literal["en", "de"] | None = None
    """The language the dashboard begins in; unset: that of each reader's browser."""
    session_idle: Duration = timedelta(hours=1)
    """After how long without a click a reader who signed in by name and password has to do it again."""
    session_lasts: Duration = timedelta(hours=12)
    """After how long a reader has to sign in again in any case."""
    invitation_lasts: Duration = timedelta(hours=72)
    """How long an invitation works."""

    @field_validator("database", "secret_key_file")
    @classmethod
    def _names_a_file(cls, value: Path) -> Path:
        if value.is_dir():
            raise ValueError("it is a directory; a file is needed")
        return value

    @field_validator("dashboard_url")
    @classmethod
    def _is_reached(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^/\s?#]+(/[^\s?#]*)?", value):
            raise ValueError("give an address that starts with https://")
        return value

    @field_validator("icloud_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not re.match(r"https?://[^/\s]+", value):
            raise ValueError("give an address that starts with https://")
        return value

    @property
    def key_is_explicit(self) -> bool:
        """Whether a person gave the key (variable or file): then the encrypted store beats the keyring."""
        return self.secret_key is not None or "secret_key_file" in self.model_fields_set

    @property
    def secrets_file(self) -> Path:
        """Where encrypted secrets are kept: beside the database."""
        return self.database.with_name(self.database.name + ".secrets")

    def with_database(self, path: Path) -> Settings:
        """The same settings for another database file; ``SettingsInvalid``."""
        place = path.expanduser().absolute()
        if place.is_dir():
            raise SettingsInvalid(name="database", why=f"{place} is a directory; a file is needed")
        return self.model_copy(update={"database": place})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the signature is pydantic-settings' own
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what ``load_settings`` hands over, so that an environment given to it is the only one read."""
        return (init_settings,)


class _Variables(EnvSettingsSource):
    """The ``ICALSYNC_…`` variables of one given environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._given = {name.lower(): value for name, value in environ.items() if name.startswith(PREFIX)}
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name: value for name, value in self._given.items() if value != ""}


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """The settings in force: ``overrides``, then ``environ`` (this process's by default), then the file; ``SettingsInvalid``."""
    environ = os.environ if environ is None else environ
    variables, named = _Variables(environ), environ.get(CONFIG_VARIABLE)
    del environ  # it may hold passwords, and a traceback must not show them (S1)
    path = _config_path(named)
    from_file = {} if path is None else _from_file(path)
    from_variables = variables()
    given = {name: value for name, value in overrides.items() if value is not None}
    places: list[tuple[Mapping[str, Any], Callable[[str], str]]] = [
        (given, lambda name: name),
        (from_variables, lambda name: PREFIX + name.upper()),
        (from_file, lambda name: f"{name} (in {path})"),
    ]
    try:
        return Settings(**{**from_file, **from_variables, **given})
    except ValidationError as invalid:
        name, why = _first_fault(invalid)
    label = next((spell(name) for source, spell in places if name in source), name)
    del given, overrides, from_variables, from_file, places, variables  # the key may be among them (S1)
    raise SettingsInvalid(name=label, why=why)


def _config_path(named: str | None) -> Path | None:
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise SettingsInvalid(name=CONFIG_VARIABLE, why=f"there is no file {path}")
        return path
    usual = user_config_path("icalsync", appauthor=False) / "config.toml"
    return usual if usual.is_file() else None


def _from_file(path: Path) -> dict[str, Any]:
    """The file's values; relative paths in it are relative to it."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not valid TOML"
        line = re.search(r"line \d+", str(error)) if isinstance(error, tomllib.TOMLDecodeError) else None
    else:
        return {name: _beside(path, name, value) for name, value in values.items()}
    raise SettingsInvalid(name=str(path), why=f"{why} ({line.group()})" if line else why)


def _beside(path: Path, name: str, value: Any) -> Any:
    if name == "dashboard" and isinstance(value, dict) and isinstance(value.get("secrets_file"), str):
        return {**value, "secrets_file": path.parent / Path(value["secrets_file"]).expanduser()}
    if isinstance(value, str) and name in {"database", "secret_key_file", "secret_key_file_old", "secrets_dir"}:
        return path.parent / Path(value).expanduser()
    return value


def _first_fault(invalid: ValidationError) -> tuple[str, str]:
    """Which setting, and why, in plain words and without the value: it may be a key."""
    fault = invalid.errors(include_url=False, include_input=False, include_context=False)[0]
    name = str(fault["loc"][0]) if fault["loc"] else "settings"
    if fault["type"] == "extra_forbidden":
        return name, "there is no such setting"
    why = fault["msg"].removeprefix("Value error, ")
    return name, why[:1].lower() + why[1:]
