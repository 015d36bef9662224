"""The analysts' notebooks: they run from a clean kernel over the known world, find what its key holds, and are kept without outputs."""

from __future__ import annotations

import ast
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import nbformat
import pytest
from nbclient import NotebookClient

from icalsync.demo.known.playing import load
from icalsync.demo.known.story import Put
from icalsync.demo.known.writing import ANSWERS, known_world, write_answers

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from icalsync.demo.known.story import KnownWorld

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
NAMES = [path.name for path in NOTEBOOKS]
ALLOWED = {"altair", "icalsync", "json", "pandas", "pathlib"}

pytestmark = pytest.mark.timeout(300)


class Loaded(NamedTuple):
    """A known world in a database, with its answer key."""

    world: KnownWorld
    database: Path
    key: Path


@pytest.fixture(scope="module")
def known(tmp_path_factory) -> Loaded:
    """Small, but with every cause."""
    directory = tmp_path_factory.mktemp("known")
    world = known_world(date(2026, 11, 20), users=4, weeks=8)
    load(world, directory / "known.duckdb")
    write_answers(world, directory / ANSWERS)
    return Loaded(world, directory / "known.duckdb", directory / ANSWERS)


def read(path: Path) -> NotebookNode:
    """A notebook, valid by its own format."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def run(path: Path, environment: dict[str, str], directory: Path, **parameters: Any) -> NotebookNode:
    """Run in a clean kernel, with parameters given as papermill does it; with one cell more that tells the scores."""
    notebook = read(path)
    place = next(number for number, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ()))
    given = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(given))
    notebook.cells.append(nbformat.v4.new_code_cell("globals().get('scores')"))
    client = NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(directory)}})
    client.execute(env={**os.environ, "JUPYTER_PLATFORM_DIRS": "1", **environment})
    return notebook


def outputs(notebook: NotebookNode) -> str:
    """All that a reader sees, as text."""
    return "\n".join(str(output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)


def titles(world: KnownWorld) -> set[str]:
    """Every title in the calendars, and those of the bookings."""
    lines = [line for step in world.steps if isinstance(step, Put) for line in step.raw.decode().splitlines()]
    found = {line.removeprefix("SUMMARY:") for line in lines if line.startswith("SUMMARY:")}
    return found | {step.title for step in world.steps if hasattr(step, "title")}


def test_there_are_the_four_notebooks_that_were_promised():
    """By number and subject."""
    assert [name[:2] for name in NAMES] == ["01", "02", "03", "04"]
    assert all(word in name for word, name in zip(("tables", "heat-map", "double-bookings", "sync-problem"), NAMES, strict=True))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_is_kept_without_outputs_and_opens_in_jupyter(path):
    """Stripped: no output, no count, no trace of anybody's machine; valid, and for the kernel that every Jupyter has."""
    notebook = read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_teaches_and_uses_nothing_but_the_public_face(path):
    """Prose before each step; the library by its public names alone, never its inner tables; no reveal of titles."""
    notebook = read(path)
    cells = notebook.cells
    assert cells[0].cell_type == "markdown"
    assert sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown") > 200
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    tree = ast.parse(source)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert imported <= ALLOWED
    private = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr.startswith("_")]
    assert private == []
    assert "_kept" not in source
    assert "reveal" not in source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_runs_from_a_clean_kernel_and_shows_no_title(path, known, tmp_path):
    """R18: titles stay masked. The database comes from the environment, for the audit as a parameter with its answer key."""
    if path.name.startswith("03"):
        notebook = run(path, {}, tmp_path, database=str(known.database), answer_key=str(known.key))
        assert notebook.cells[-1].outputs[0]["data"]["text/plain"] == "{'precision': 1.0, 'recall': 1.0}"
    else:
        notebook = run(path, {"ICALSYNC_DATABASE": str(known.database)}, tmp_path)
    said = outputs(notebook)
    assert "vega" in said, "a chart speaks"
    assert [title for title in sorted(titles(known.world)) if title in said] == []


@pytest.mark.long
def test_the_diagnosis_takes_a_user_and_a_moment(known, tmp_path):
    """A question from support: whom, and when."""
    answer = next(one for one in known.world.answers if one.cause == "LATE_ARRIVAL")
    at = answer.starts_at.isoformat()
    notebook = run(NOTEBOOKS[3], {}, tmp_path, database=str(known.database), sub_account=answer.sub_account, user=answer.user_id, at=at)
    assert f"'{answer.user_id}'" in outputs(notebook)
