"""The library as analysts meet it: the examples in its docstrings are true, and frames have the columns and types they are said to have."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import icalsync
from icalsync.app import App, faces
from icalsync.app.faces.answers import Answers
from icalsync.app.faces.tables import Tables
from icalsync.app.heating import HeatMap
from icalsync.app.supposing import WhatIf
from icalsync.store.answers import VIEWS
from tests.face import clinic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
DAY, NOTHING = ("2026-11-24", "2026-11-25"), ("2026-11-29", "2026-11-30")
"""A day with something in it, and a Sunday with nothing."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """The clinic that the examples speak of."""
    return clinic(tmp_path_factory.mktemp("face"))


def modules() -> Iterator[Any]:
    """Every module of the library's face, and the one it is opened by."""
    yield icalsync.app
    for each in pkgutil.iter_modules(faces.__path__):
        yield importlib.import_module(f"{faces.__name__}.{each.name}")


def examples() -> dict[str, doctest.DocTest]:
    """Docstrings with examples, by what they are of."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for module in modules() for test in finder.find(module, module.__name__)]
    return {test.name.removeprefix("icalsync.app."): test for test in found if test.examples}


EXAMPLES = examples()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_examples_in_docstrings_are_true(app, name, tmp_path):
    """Each is run on the clinic, and prints what it says."""
    test = EXAMPLES[name]
    test.globs = {"icalsync": icalsync, "pandas": pd, "app": app, "path": app.path, "directory": tmp_path}
    failures: list[str] = []
    with pd.option_context("display.width", 200, "display.max_columns", 20, "display.max_colwidth", 100):
        doctest.DocTestRunner(optionflags=FLAGS).run(test, out=failures.append, clear_globs=False)
    assert failures == []


def test_every_answer_has_an_example():
    """Every public method of the faces that answer questions."""
    public = {
        f"{face.__module__.removeprefix('icalsync.app.')}.{face.__name__}.{name}" for face in (Answers, Tables) for name in vars(face)
    }
    assert {name for name in public if not name.rpartition(".")[2].startswith("_")} <= EXAMPLES.keys()
    assert len(EXAMPLES) > 20


# columns and types ---------------------------------------------------------------------------------------------------------------------

_BLOCK = re.compile(r"Columns:\n((?:\s+[\w, ]+: \w+\n)+)")


def documented(of: Callable[..., Any] | property) -> dict[str, str]:
    """Column → type, as the docstring has it under ``Columns:``."""
    block = _BLOCK.search((inspect.getdoc(of) or "") + "\n")
    assert block is not None, of
    lines = [line.strip().partition(": ") for line in block.group(1).splitlines()]
    return {name: kind for names, _, kind in lines for name in names.split(", ")}


def types_of(frame: pd.DataFrame, zone: str) -> dict[str, str]:
    """The same of a frame; ``instant`` is an instant in that zone, ``date`` a date without one."""
    return {
        str(name): {f"datetime64[us, {zone}]": "instant", "datetime64[us]": "date"}.get(str(kind), str(kind))
        for name, kind in frame.dtypes.items()
    }


BERLIN = "Europe/Berlin"
FRAMES: dict[str, tuple[Any, Callable[[App, tuple[str, str]], pd.DataFrame]]] = {
    "busy": (App.busy, lambda app, days: app.busy("acme", "anna", *days)),
    "busy of several": (App.busy, lambda app, days: app.busy("acme", None, *days)),
    "slots": (App.slots, lambda app, days: app.slots("acme", "anna", *days)),
    "explain_window": (App.explain_window, lambda app, days: app.explain_window("acme", "anna", *days)),
    "double_bookings": (App.double_bookings, lambda app, days: app.double_bookings("acme", "anna", *days)),
    "HeatMap.frame": (HeatMap.frame.func, lambda app, days: app.heatmap("acme", "anna", *days).frame),
    "HeatMap.by_day": (HeatMap.by_day.func, lambda app, days: app.heatmap("acme", "anna", *days).by_day),
    "WhatIf.frame": (WhatIf.frame.func, lambda app, days: supposed(app, days).frame),
    "WhatIf.slots": (WhatIf.slots.func, lambda app, days: supposed(app, days).slots),
    "WhatIf.collisions": (WhatIf.collisions.func, lambda app, days: supposed(app, days).collisions),
}
NEVER_EMPTY = {"explain_window", "HeatMap.frame", "WhatIf.frame"}


def supposed(app: App, days: tuple[str, str]) -> WhatIf:
    """Other rules for Anna."""
    return app.what_if("acme", "anna", *days, policy={"tentative": "free"}, hours={"weekly": "Mon-Fri 11:00-17:00"})


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_has_the_columns_and_types_that_are_documented_with_rows_and_without(app, name):
    """One time zone per column, categorical reasons; the types do not depend on what was found."""
    of, ask = FRAMES[name]
    full, empty = ask(app, DAY), ask(app, NOTHING)
    assert types_of(full, BERLIN) == types_of(empty, BERLIN) == documented(of)
    assert len(full) > 0
    assert len(empty) == 0 or name in NEVER_EMPTY


def test_a_merged_frame_has_one_shape_with_rows_and_without(app):
    """Names as categories, because there are many rows and few users."""
    kinds = {"sub_account": "category", "user_id": "category", "busyness": "category", "complete": "bool"}
    kinds |= dict.fromkeys(("starts_at", "ends_at", "as_of"), "instant")
    for days in (DAY, NOTHING):
        merged = app.busy("acme", None, *days, merged=True)
        assert types_of(merged, BERLIN) == kinds
        assert (len(merged) > 0) is (days == DAY)


def test_merged_time_is_the_time_of_the_rows_each_moment_once(app):
    """R12: what is only not known stays apart from what is busy; both are cut to the window."""
    thursday = ("2026-11-26 09:30", "2026-11-26 10:30")
    for days in (DAY, thursday):
        rows, merged = app.busy("acme", "anna", *days), app.busy("acme", "anna", *days, merged=True)
        start, end = (pd.Timestamp(day, tz=BERLIN) for day in days)
        minutes = pd.date_range(start, end, freq="min", inclusive="left")
        for moment in minutes:
            over = rows[(rows["starts_at"] <= moment) & (rows["ends_at"] > moment)]
            kind = None if over.empty else "UNKNOWN" if (over["busyness"] == "UNKNOWN").all() else "BUSY"
            told = merged[(merged["starts_at"] <= moment) & (merged["ends_at"] > moment)]["busyness"].tolist()
            assert told == ([] if kind is None else [kind]), moment
        assert merged["starts_at"].min() >= start
    assert set(app.busy("acme", "anna", *thursday, merged=True)["busyness"]) == {"UNKNOWN"}


def test_frames_are_in_the_users_zone_the_sub_accounts_or_the_one_that_is_asked_for(app):
    """design.md §6: one zone per column, whoever's days they are."""
    zones = {"ben": "Asia/Tokyo", ("anna", "ben"): BERLIN, None: BERLIN}
    for users, zone in zones.items():
        asked = list(users) if isinstance(users, tuple) else users
        assert str(app.busy("acme", asked, *DAY)["starts_at"].dtype) == f"datetime64[us, {zone}]"
    assert str(app.busy("acme", "anna", *DAY, tz="America/New_York")["as_of"].dtype) == "datetime64[us, America/New_York]"
    assert str(app.double_bookings()["starts_at"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_the_same_types_with_rows_and_without(app, view):
    """As ``App.view`` documents them; nothing else comes out of SQL."""
    full, empty = app.view(view), app.view(view, "false")
    assert list(full.columns) == list(empty.columns)
    assert [str(kind) for kind in full.dtypes] == [str(kind) for kind in empty.dtypes]
    assert {str(kind) for kind in full.dtypes} <= {"str", "datetime64[us, UTC]", "datetime64[us]", "Int64", "boolean", "float64"}


def test_what_jupyter_shows_is_html(app):
    """Rich reprs: explanations, heat maps and suppositions."""
    for answer in (app.explain("acme", "anna", "2026-11-24 13:30"), app.heatmap("acme", "anna", *DAY), supposed(app, DAY)):
        assert answer._repr_html_().startswith(("<table", "<h4"))
    assert repr(app) == f"<icalsync {app.path}>"


def test_opening_the_library_loads_nothing_heavy():
    """``import icalsync`` is what every notebook does first."""
    code = "import sys, icalsync; print([name for name in ('duckdb', 'pandas', 'numpy', 'altair') if name in sys.modules])"
    assert icalsync.__all__ == ["__version__", "open"]
    import subprocess  # noqa: PLC0415  # here alone

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
