"""The building's rules: which way arrows point, who may open which door, how large a thing may grow, what a name may be."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

import grimp
import pytest
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "icalsync"
OURS = [directory for directory in (PACKAGE, ROOT / "dashboard") if directory.is_dir()]
MODULES = sorted(path for directory in OURS for path in directory.rglob("*.py"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?|services?)($|_)", re.IGNORECASE)
VAGUE_CLASS = re.compile(r"(Utils?|Helpers?|Manager|Service)$")
PASSWORD = re.compile(r"\b[a-z]{4}(?:-[a-z]{4}){3}\b")
NO_PASSWORDS = {"xxxx-xxxx-xxxx-xxxx", "abcd-efgh-ijkl-mnop"}
APPLE_ACCOUNT_PATH = re.compile(r"/(?!123456789/)\d{6,}/(?:calendars|principal)\b")
"""An account's number in a path; 123456789 is the one that invented examples use."""
BASIC_CREDENTIALS = re.compile(r"\bBasic [A-Za-z0-9+/]{12,}={0,2}")


def _lint_imports(directory: Path) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).with_name("lint-imports")
    environ = {**os.environ, "PYTHONPATH": str(directory), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([linter, "--no-cache"], cwd=directory, env=environ, capture_output=True, text=True, check=False)


def _functions() -> Iterator[tuple[str, int]]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_every_import_contract_holds() -> None:
    """Arrows point down only, siblings do not import each other, one outside library has one door, the core is pure."""
    done = _lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert re.search(r"Contracts: 1\d kept, 0 broken", done.stdout), done.stdout


@pytest.mark.parametrize(
    ("module", "text", "complaint"),
    [
        ("icalsync/utils.py", '"""Stray."""\n', "icalsync.utils"),
        ("icalsync/core/stray.py", "import socket\n", "icalsync.core.stray -> socket"),
        ("icalsync/engine/stray.py", "import icalsync.store\n", "icalsync.engine.stray -> icalsync.store"),
        ("icalsync/store/stray.py", "import icalsync.caldav\n", "icalsync.store.stray -> icalsync.caldav"),
        ("icalsync/core/stray.py", "import icalsync.errors, icalendar\n", "icalsync.core.stray -> icalendar"),
        ("icalsync/app/stray.py", "import keyring\n", "icalsync.app.stray -> keyring"),
    ],
)
def test_a_stray_module_or_import_fails_the_build(tmp_path: Path, module: str, text: str, complaint: str) -> None:
    """The contracts bite: each kind of break is tried on a copy and named."""
    shutil.copytree(PACKAGE, tmp_path / "icalsync", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / module).write_text(text, encoding="utf-8")
    done = _lint_imports(tmp_path)
    assert done.returncode != 0
    assert complaint in re.sub(r"\s+", " ", done.stdout), done.stdout


def test_every_library_that_is_imported_is_a_declared_dependency() -> None:
    """Nothing is used only because something else happens to bring it."""
    graph = grimp.build_graph("icalsync", include_external_packages=True, cache_dir=None)
    imported = {name for name in graph.modules if graph.is_module_squashed(name)} - sys.stdlib_module_names
    extras = PYPROJECT["project"]["optional-dependencies"]
    # what an extra brings is imported where it is used; who lacks it is told its name
    declared = [*PYPROJECT["project"]["dependencies"], *extras["demo"], *extras["dashboard"], *extras["notebooks"]]
    names = {Requirement(line).name.lower().replace("_", "-") for line in declared}
    owners = packages_distributions()
    missing = {name for name in imported if not names & {owner.lower().replace("_", "-") for owner in owners.get(name, [])}}
    assert missing == set()


def test_no_module_is_longer_than_400_lines() -> None:
    """One module, one responsibility."""
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    # Tables and declarations, without behaviour: the error tree, the sentences, the ports. They are read as one.
    tables = {"icalsync/errors.py", "icalsync/messages/en.py", "icalsync/messages/de.py", "icalsync/ports.py"}
    assert {name: size for name, size in sizes.items() if size > 400 and name not in tables} == {}
    assert len(MODULES) > 30


def test_no_function_is_longer_than_60_lines_and_nine_in_ten_are_at_most_30() -> None:
    """What does not fit on a page is not read."""
    lengths = dict(_functions())
    assert {name: length for name, length in lengths.items() if length > 60} == {}
    assert quantiles(lengths.values(), n=10)[-1] <= 30


def test_names_say_what_a_thing_is() -> None:
    """No utils, helpers, common, misc, manager or service, as a module or as a class."""
    modules = [str(path.relative_to(ROOT)) for path in MODULES if VAGUE.search(path.stem) or VAGUE.search(path.parent.name)]
    classes = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and VAGUE_CLASS.search(node.name)
    ]
    assert modules + classes == []


def test_every_module_and_every_test_says_what_it_is() -> None:
    """Modules open with a docstring and the future import of annotations; each test has its sentence."""
    silent = []
    for path in MODULES + sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            silent.append(str(path.relative_to(ROOT)))
        tests = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
        silent += [f"{path.relative_to(ROOT)}:{node.name}" for node in tests if not ast.get_docstring(node)]
    assert silent == []


def test_every_ignore_of_a_lint_rule_names_the_rule() -> None:
    """A blanket ``noqa`` or ``type: ignore`` hides the next mistake, too."""
    blanket = re.compile(r"#\s*noqa(?!:)|#\s*type:\s*ignore(?!\[)")
    places = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if blanket.search(line)
    ]
    assert places == []


def _published() -> Iterator[Path]:
    """Every text file of the project, as far as it is ours."""
    folders = ("icalsync", "dashboard", "notebooks", "cassettes", "tests", ".ci")
    skipped = {"__pycache__", ".hypothesis"}
    for folder in folders:
        yield from (
            path for path in (ROOT / folder).rglob("*") if path.is_file() and not skipped & set(path.parts) and path.suffix != ".pyc"
        )
    yield from (path for path in ROOT.iterdir() if path.is_file() and path.name != "requirements.lock")


def test_no_file_holds_what_looks_like_credentials_or_an_apple_account() -> None:
    """S3: no app-specific password, no Basic header, no iCloud path with an account's number, in source, test, cassette or notebook."""
    found = []
    for path in _published():
        text = path.read_bytes().decode("utf-8", "replace")
        hits = set(PASSWORD.findall(text)) - NO_PASSWORDS | set(BASIC_CREDENTIALS.findall(text)) | set(APPLE_ACCOUNT_PATH.findall(text))
        found += [f"{path.relative_to(ROOT)}: {hit}" for hit in hits]
    assert found == []


def test_the_search_for_credentials_finds_them() -> None:
    """S3: each pattern matches what it is for."""
    letters = "-".join("qwertyuiopasdfgh"[start : start + 4] for start in range(0, 16, 4))
    assert PASSWORD.findall(f"password={letters};") == [letters]
    assert APPLE_ACCOUNT_PATH.search("https://p07-caldav.icloud.com/" + "1234567890" + "/calendars/")
    assert BASIC_CREDENTIALS.search("Authorization: Basic " + "YW5uYTpzZWNyZXQ" + "=")
