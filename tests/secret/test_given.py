"""Passwords from the environment and from mounted files: read first, and only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from icalsync.errors import SecretDamaged, SecretFileUnsafe, SecretGivenElsewhere, SecretNotFound
from icalsync.ports import Secret
from icalsync.secret import open_secret_store
from tests.secret.conftest import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from icalsync.settings import Settings

    Make = Callable[..., Settings]


def _mount(directory: Path, name: str, content: bytes, mode: int = 0o600) -> None:
    directory.mkdir(exist_ok=True)
    (directory / name).write_bytes(content)
    (directory / name).chmod(mode)


@pytest.mark.parametrize(
    ("integration_id", "variable"),
    [("i1", "ICALSYNC_PASSWORD_I1"), ("int-7f.a", "ICALSYNC_PASSWORD_INT_7F_A"), ("a@b.de", "ICALSYNC_PASSWORD_A_B_DE")],
)
def test_a_variable_provides_the_password_of_one_integration(settings_for: Make, integration_id: str, variable: str) -> None:
    """Named after the id: upper case, everything but letters and digits as an underscore."""
    store = open_secret_store(settings_for(), {variable: CANARY, "ICALSYNC_PASSWORD": "another"})
    assert store.get(integration_id).reveal() == CANARY
    with pytest.raises(SecretNotFound):
        store.get("other")


def test_an_empty_variable_provides_nothing(settings_for: Make) -> None:
    """As if unset."""
    with pytest.raises(SecretNotFound):
        open_secret_store(settings_for(), {"ICALSYNC_PASSWORD_I1": ""}).get("i1")


def test_a_mounted_file_provides_the_password_without_its_final_line_break(settings_for: Make, tmp_path: Path) -> None:
    """One break at most is left out, and blanks stay."""
    _mount(tmp_path / "m", "i1", b" with blanks \r\n")
    _mount(tmp_path / "m", "i2", b"two\n\n", 0o640)
    store = open_secret_store(settings_for(secrets_dir=tmp_path / "m"), {})
    assert store.get("i1").reveal() == " with blanks "
    assert store.get("i2").reveal() == "two\n"


def test_a_mounted_link_is_followed_as_orchestrators_make_them(settings_for: Make, tmp_path: Path) -> None:
    """The file behind it is what is checked."""
    _mount(tmp_path / "real", "data", CANARY.encode())
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "i1").symlink_to(tmp_path / "real" / "data")
    store = open_secret_store(settings_for(secrets_dir=tmp_path / "m"), {})
    assert store.get("i1").reveal() == CANARY
    (tmp_path / "real" / "data").chmod(0o604)
    with pytest.raises(SecretFileUnsafe):
        store.get("i1")


def test_a_mounted_file_that_everybody_can_read_is_refused(settings_for: Make, tmp_path: Path) -> None:
    """T16: with its mode; it is not used."""
    _mount(tmp_path / "m", "i1", CANARY.encode(), 0o644)
    with pytest.raises(SecretFileUnsafe) as raised:
        open_secret_store(settings_for(secrets_dir=tmp_path / "m"), {}).get("i1")
    assert raised.value.facts == {"path": str(tmp_path / "m" / "i1"), "mode": "0644"}


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00"])
def test_a_mounted_file_without_a_password_is_an_error(settings_for: Make, tmp_path: Path, content: bytes) -> None:
    """Empty, or no text: said, not taken for no file."""
    _mount(tmp_path / "m", "i1", content)
    with pytest.raises(SecretDamaged, match="it holds no password"):
        open_secret_store(settings_for(secrets_dir=tmp_path / "m"), {}).get("i1")


def test_no_id_reaches_a_file_outside_the_directory(settings_for: Make, tmp_path: Path) -> None:
    """No path traversal through an integration id (S9)."""
    _mount(tmp_path, "outside", CANARY.encode())
    (tmp_path / "m").mkdir()
    store = open_secret_store(settings_for(secrets_dir=tmp_path / "m"), {})
    for strange in ("../outside", str(tmp_path / "outside"), "..", ".", "", "../outside\x00", "..\\outside", "x" * 300):
        with pytest.raises(SecretNotFound):
            store.get(strange)


def test_the_variable_comes_before_the_file_and_both_before_what_is_kept(settings_for: Make, tmp_path: Path) -> None:
    """The order of design: environment, mounted file, store."""
    open_secret_store(settings_for(), {}).put("i1", Secret("kept"))
    _mount(tmp_path / "m", "i1", b"mounted")
    settings = settings_for(secrets_dir=tmp_path / "m")
    assert open_secret_store(settings, {"ICALSYNC_PASSWORD_I1": "variable"}).get("i1").reveal() == "variable"
    assert open_secret_store(settings, {}).get("i1").reveal() == "mounted"
    assert open_secret_store(settings_for(), {}).get("i1").reveal() == "kept"


def test_a_password_that_is_given_is_never_replaced_silently(settings_for: Make, tmp_path: Path) -> None:
    """It would go on being used: the new one is refused, with the place named; the same one is no change."""
    _mount(tmp_path / "m", "i2", b"mounted")
    settings = settings_for(secrets_dir=tmp_path / "m")
    store = open_secret_store(settings, {"ICALSYNC_PASSWORD_I1": CANARY})
    store.put("i1", Secret(CANARY))
    for integration_id, where in (("i1", "ICALSYNC_PASSWORD_I1"), ("i2", str(tmp_path / "m" / "i2"))):
        with pytest.raises(SecretGivenElsewhere) as raised:
            store.put(integration_id, Secret("new"))
        assert where in raised.value.message
        store.delete(integration_id)
    assert store.get("i2").reveal() == "mounted"
    assert not settings.secrets_file.exists()
