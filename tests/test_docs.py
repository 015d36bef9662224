"""Documents that cannot lie: commands, options, settings, methods, targets, paths and links named in them exist."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import subprocess
import sys
import tomllib
from datetime import timedelta
from pathlib import Path

import click
import pytest

from icalsync.cli.main import cli
from icalsync.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)


def _blocks(language: str) -> list[str]:
    return [text for path in DOCUMENTS for kind, text in BLOCK.findall(path.read_text(encoding="utf-8")) if kind == language]


def _lines(start: str) -> list[str]:
    return sorted({line for block in _blocks("console") for line in block.splitlines() if line.startswith(start)})


def _command(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that ``words`` name, and what is left of them."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words:
        following = command.get_command(click.Context(command), words[0])
        assert following is not None, f"there is no command {words[0]!r}"
        command, words = following, words[1:]
    return command, words


@pytest.mark.parametrize("line", _lines("icalsync "))
def test_every_command_in_the_documents_exists_with_its_options(line: str) -> None:
    """As it is printed there, its words are understood (nothing is run)."""
    command, words = _command(shlex.split(line)[1:])
    options = {name for parameter in command.params if isinstance(parameter, click.Option) for name in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= options
    command.make_context(command.name, list(words), resilient_parsing=False)


def test_the_tour_is_long_enough_to_be_one() -> None:
    """The search above found the README's commands."""
    named = {shlex.split(line)[1] for line in _lines("icalsync ")}
    assert named >= {"sub-account", "user", "connect", "calendars", "link", "conflicts", "hours", "sync", "slots", "busy", "export"}


def test_every_command_has_help_and_each_of_its_options_too() -> None:
    """``--help`` explains whatever can be typed."""

    def walk(command: click.Command, path: str) -> list[str]:
        silent = [] if command.help else [path]
        silent += [f"{path} {it.opts[0]}" for it in command.params if isinstance(it, click.Option) and not it.help]
        if isinstance(command, click.Group):
            for name, child in command.commands.items():
                silent += walk(child, f"{path} {name}")
        return silent

    assert walk(cli, "icalsync") == []


@pytest.mark.parametrize("line", _lines("make "))
def test_every_make_target_in_the_documents_exists(line: str) -> None:
    """And so do the variables it is given."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    _, target, *assignments = shlex.split(line)
    assert target in TARGET.findall(makefile)
    for assignment in assignments:
        assert re.search(rf"^{assignment.partition('=')[0]} \?=", makefile, re.MULTILINE)


def test_make_help_lists_every_target() -> None:
    """Plain ``make`` says what there is."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    shown = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"help", "demo", "test", "lint", "bench"} <= set(re.findall(r"^make ([a-z]+) ", shown, re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+) ", shown, re.MULTILINE)) == set(TARGET.findall(makefile)) - {"browser"}


def _shown(default: object) -> str:
    """A default as README writes it."""
    if isinstance(default, timedelta):
        hours = default.total_seconds() / 3600
        return f"{hours / 24:g}d" if hours >= 24 else f"{hours:g}h"
    if isinstance(default, bool):
        return str(default).lower()
    return "–" if default is None else f"{default:g}" if isinstance(default, float) else str(default)


def test_the_table_of_settings_is_complete_and_its_defaults_are_true() -> None:
    """One row per setting, in the order of the source."""
    rows = re.findall(r"^\| `(ICALSYNC_\w+)` \| (.+?) \| (.+?) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _, _ in rows] == ["ICALSYNC_" + name.upper() for name in Settings.model_fields]
    settings = load_settings({})
    for variable, default, _ in rows:
        name = variable.removeprefix("ICALSYNC_").lower()
        if "directory" not in default:
            assert default.strip("`") == _shown(getattr(settings, name)), variable


def test_the_python_of_the_tour_fits_the_library() -> None:
    """Each method it calls exists and takes those arguments."""
    from icalsync.app import App  # noqa: PLC0415  # the other tests here need no database

    calls = [
        node
        for block in _blocks("python")
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    ]
    methods = [call for call in calls if ast.unparse(call.func).startswith("app.")]
    assert len(methods) >= 3
    for call in methods:
        keywords = {keyword.arg: None for keyword in call.keywords if keyword.arg}
        inspect.signature(getattr(App, call.func.attr)).bind(None, *call.args, **keywords)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_relative_link_is_dead(path: Path) -> None:
    """What is linked within the project is there."""
    targets = re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))
    dead = [target for target in targets if not re.match(r"https?://", target) and not (path.parent / target).exists()]
    assert dead == []


@pytest.mark.parametrize("path", DOCUMENTS[:2], ids=lambda path: path.name)
def test_every_path_in_the_documents_exists(path: Path) -> None:
    """Paths in code spans: with a slash or a known ending, and not a place on the reader's machine."""
    spans = re.findall(r"`([\w.-]+(?:/[\w.-]+)+|[\w-]+\.(?:py|toml|lock))`", path.read_text(encoding="utf-8"))
    theirs = {"icalsync/config.toml", ".venv/bin"}
    missing = [span for span in spans if span not in theirs and not any((ROOT / place / span).exists() for place in ("", "icalsync"))]
    assert missing == []


def test_the_layers_in_the_documents_are_those_that_are_held() -> None:
    """CONTRIBUTING draws what import-linter checks."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert " → ".join(layers) in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_rotation_that_readme_names_can_be_run() -> None:
    """A module that is started by name is there."""
    assert "`python -m icalsync.secret.rotate`" in (ROOT / "README.md").read_text(encoding="utf-8")
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('icalsync.secret.rotate') is None)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_changelog_opens_with_what_is_not_released_yet() -> None:
    """Keep a Changelog: newest first, under its usual headings."""
    headings = re.findall(r"^(##+) (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == ("##", "[Unreleased]")
    usual = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert {title for level, title in headings if level == "###"} <= usual


def test_the_licence_is_the_whole_of_apache_2() -> None:
    """From its title to the end of its appendix."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n" in text
    assert "Version 2.0, January 2004" in text
    assert all(f"\n   {number}. " in text for number in range(1, 10))
    assert "END OF TERMS AND CONDITIONS" in text
    assert text.rstrip().endswith("limitations under the License.")
