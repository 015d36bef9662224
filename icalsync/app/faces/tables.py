"""The public views, SQL over them, and files."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icalsync.app.faces.base import Face

if TYPE_CHECKING:
    import pandas as pd


class Tables(Face):
    """Rows, for those who count."""

    def view(self, name: str, where: str | None = None) -> pd.DataFrame:
        """A public view as a frame, instants in UTC; ``where`` is an SQL condition. ``UnknownView``, ``QueryRefused``."""
        return self._parts.answers.view(name, where)

    def sql(self, query: str, *, frames: Mapping[str, pd.DataFrame] | None = None, **params: Any) -> pd.DataFrame:
        """A reading query over the public views, parameters by name (``$u``), own frames by name; ``QueryRefused`` for anything else."""
        return self._parts.answers.sql(query, params, dict(frames or {}))

    def export(
        self,
        view: str,
        output: str | PathLike[str],
        *,
        where: str | None = None,
        form: str | None = None,
        dialect: str = "plain",
    ) -> dict[str, Any]:
        """Write a view to a ``.csv``, ``.parquet`` or ``.json`` file, or in a directory to one named after the view.

        ``form`` is the format where the name does not say it. CSV is safe against formulas; ``dialect="excel-de"`` is one that a German
        Excel opens (instants as wall times in UTC). ``view``, ``output``, ``rows``. ``UnknownView``, ``QueryRefused``, ``InvalidInput``.
        """
        from icalsync.app import exporting  # noqa: PLC0415  # as above

        return exporting.export(self._parts, view, Path(output), where, form, dialect)
