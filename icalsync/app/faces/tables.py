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
        """A public view as a frame, instants in UTC; ``where`` is an SQL condition. ``UnknownView``, ``QueryRefused``.

        Text is ``str``, an instant ``datetime64[us, UTC]``, a date ``datetime64[us]``, a whole number ``Int64``, a yes or no ``boolean``,
        whether or not there are rows.

        >>> app.view("users", "sub_account = 'acme'")[["user_id", "time_zone"]]
          user_id      time_zone
        0    anna  Europe/Berlin
        1     ben     Asia/Tokyo
        """
        return self._parts.answers.view(name, where, reveal=self._revealed_for is not None)

    def sql(self, query: str, *, frames: Mapping[str, pd.DataFrame] | None = None, **params: Any) -> pd.DataFrame:
        """A reading query over the public views, parameters by name (``$u``), own frames by name; ``QueryRefused`` for anything else.

        >>> app.sql("SELECT reason, count(*) AS n FROM busy WHERE user_id = $u AND source = 'external' GROUP BY ALL ORDER BY ALL", u="anna")
               reason  n
        0        BUSY  1
        1   TENTATIVE  1
        2  UNREADABLE  1
        >>> fees = pandas.DataFrame({"user_id": ["anna"], "fee": [80]})
        >>> app.sql("SELECT a.appointment_id, f.fee FROM appointments a JOIN fees f USING (user_id)", frames={"fees": fees})
          appointment_id  fee
        0           ap-1   80
        >>> app.sql("DELETE FROM users")
        Traceback (most recent call last):
        icalsync.errors.QueryRefused: The query was refused: it is no SELECT, but DELETE.
        """
        return self._parts.answers.sql(query, params, dict(frames or {}), reveal=self._revealed_for is not None)

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

        >>> app.export("busy", directory / "busy.csv", where="user_id = 'anna' AND source = 'external'")
        {'view': 'busy', 'output': '...busy.csv', 'rows': 3}
        """
        from icalsync.app import exporting  # noqa: PLC0415  # as above

        return exporting.export(self._parts, view, Path(output), where, form, dialect, reveal=self._revealed_for is not None)
