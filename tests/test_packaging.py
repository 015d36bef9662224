"""What is shipped: the wheel's content and its command, the lock, the lower bounds, and what a first ``--help`` costs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import icalsync

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = ROOT / "requirements.lock"
HEAVY = (
    "duckdb",
    "pandas",
    "numpy",
    "caldav",
    "niquests",
    "lxml",
    "icalendar",
    "recurring_ical_events",
    "pydantic",
    "keyring",
    "cryptography",
)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with the wheel and the source archive, built offline with the tools of this environment."""
    directory = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--skip-dependency-check", "--outdir", directory, ROOT]
    subprocess.run(command, check=True, capture_output=True, cwd=directory, env={**os.environ, "PIP_NO_INDEX": "1"})
    return directory


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    """The wheel."""
    return next(built.glob("*.whl"))


def _environment_without_paths() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}}


def test_the_wheel_holds_everything_the_library_reads(wheel: Path) -> None:
    """Every file of the package, the dashboard as ``icalsync_dashboard``, the schema's SQL, the typing marker; and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        path.relative_to(ROOT).as_posix().replace("dashboard/", "icalsync_dashboard/", 1 if top == "dashboard" else 0)
        for top in ("icalsync", "dashboard")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    assert names == expected
    assert "icalsync/py.typed" in names
    assert any(re.fullmatch(r"icalsync/store/schema/\w+\.sql", name) for name in names)
    assert any(name.startswith("icalsync_dashboard/") and name.endswith(".py") for name in names)


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    """Version, licence with its text, Python, extras, and the command."""
    with zipfile.ZipFile(wheel) as archive:
        info = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA")).removesuffix("METADATA")
        metadata = message_from_bytes(archive.read(info + "METADATA"))
        assert "icalsync = icalsync.cli.main:main" in archive.read(info + "entry_points.txt").decode()
        assert b"END OF TERMS AND CONDITIONS" in archive.read(info + "licenses/LICENSE")
    assert metadata["Version"] == icalsync.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert {"demo", "dashboard", "test"} <= set(metadata.get_all("Provides-Extra", []))


def test_the_installed_wheel_gives_a_working_command(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own, away from the source; it sees this environment's libraries, as they would have come with it."""
    venv.create(tmp_path / "venv", with_pip=False)
    own = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    install = [sys.executable, "-m", "pip", "--python", tmp_path / "venv" / "bin" / "python", "install", "--quiet"]
    offline = ["--no-deps", "--no-index", "--disable-pip-version-check", wheel]
    subprocess.run([*install, *offline], check=True, cwd=tmp_path, env=_environment_without_paths())
    (own / "libraries.pth").write_text(str(Path(pytest.__file__).parent.parent), encoding="utf-8")
    for arguments, says in ((["--version"], icalsync.__version__), (["--help"], "sync"), (["sync", "--help"], "--plan")):
        command = [tmp_path / "venv" / "bin" / "icalsync", *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=_environment_without_paths())
        assert (done.returncode, done.stderr) == (0, "")
        assert says in done.stdout
    code = "import icalsync, icalsync_dashboard, icalsync.store as s; print(icalsync.__file__, icalsync_dashboard.__file__, s.__file__)"
    where = [tmp_path / "venv" / "bin" / "python", "-c", code]
    done = subprocess.run(where, check=True, capture_output=True, text=True, cwd=tmp_path, env=_environment_without_paths())
    assert all(Path(place).is_relative_to(own) for place in done.stdout.split())


def test_the_source_archive_can_be_built_and_tested_from(built: Path) -> None:
    """It holds the tests, the lock and the Makefile, and no cache."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {
        "pyproject.toml",
        "requirements.lock",
        "Makefile",
        "LICENSE",
        "README.md",
        "icalsync/py.typed",
        "tests/test_packaging.py",
    }
    assert not [name for name in names if "__pycache__" in name or name.startswith((".venv", "dist/"))]


def _locked() -> dict[str, list[Requirement]]:
    """The lock's entries by name; one name may stand twice, for different Pythons or platforms."""
    entries: dict[str, list[Requirement]] = {}
    for line in LOCK.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if line and not line.lstrip().startswith("#"):
            requirement = Requirement(re.split(r"\s+--hash=", line)[0])
            entries.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return entries


def test_every_line_of_the_lock_names_one_version_and_its_hashes() -> None:
    """S20: nothing is installed that was not there when the lock was written."""
    lines = LOCK.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    entries = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert len(entries) > 100
    for line in entries:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==[^\s;]+(?: ; .+?)?(?:\s+--hash=sha256:[0-9a-f]{64})+\s*$", line), line[:80]


def test_the_lock_names_no_place() -> None:
    """S20: neither an index nor a path nor a URL, so that it installs the same files anywhere."""
    text = LOCK.read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|^-|--(?:extra-)?index|--find-links|^\s*[./]", text, re.MULTILINE)


def _direct() -> list[Requirement]:
    lines = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    return [requirement for requirement in map(Requirement, lines) if requirement.name != PROJECT["name"]]


@pytest.mark.parametrize("requirement", _direct(), ids=lambda requirement: requirement.name)
def test_every_direct_dependency_has_a_lower_bound_that_the_lock_meets(requirement: Requirement) -> None:
    """S20: no version older than the one tried, nor one with a known hole; and the lock is not behind pyproject.toml."""
    assert any(bound.operator == ">=" for bound in requirement.specifier)
    versions = [next(iter(entry.specifier)).version for entry in _locked()[canonicalize_name(requirement.name)]]
    assert all(requirement.specifier.contains(version) for version in versions)


def test_versions_with_known_holes_are_shut_out() -> None:
    """CVE-2026-33682, CVE-2026-48818 and CVE-2026-41066 are fixed in the lower bounds."""
    bounds = {requirement.name: requirement.specifier for requirement in _direct()}
    for name, bad in (("streamlit", "1.53.1"), ("starlette", "1.0.0"), ("lxml", "6.0.2")):
        assert not bounds[name].contains(bad)


def test_this_environment_is_the_one_that_is_locked() -> None:
    """What the tests run with is what users get: the installed versions are the lock's."""
    from importlib.metadata import version  # noqa: PLC0415  # this test alone asks the environment

    environment = {name: str(value) for name, value in default_environment().items()}
    applying = [entry for entries in _locked().values() for entry in entries if entry.marker is None or entry.marker.evaluate(environment)]
    assert {entry.name: version(entry.name) for entry in applying} == {
        entry.name: next(iter(entry.specifier)).version for entry in applying
    }


@pytest.mark.parametrize("arguments", [["--help"], ["sync", "--help"], ["connect", "--help"], ["demo", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    """Neither duckdb, pandas, caldav nor icalendar, nor anything else that takes its time."""
    code = (
        "import sys; from icalsync.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"print('loaded', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True, env=environ, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "loaded []"
    assert len(done.stdout.splitlines()) > 1


def test_importing_the_library_is_light_too() -> None:
    """``import icalsync`` loads the libraries behind it only when a database is opened."""
    code = f"import sys, icalsync; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
