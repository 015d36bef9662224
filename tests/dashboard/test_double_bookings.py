"""The page Double bookings: by cause, week by week, down to the explanation of each."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from icalsync.messages import say
from tests.dashboard.practice import monday, practice_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.dashboard.conftest import Clinic, Pages
    from tests.servers import DavServer


def test_a_double_booking_is_counted_by_cause_and_explained(
    pages: Pages, empty_clinic: Clinic, radicale: DavServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FORCED beside an event of Work: cause, evidence, both sides, the explanation by a click (drill-down), and a safe file."""
    from streamlit.elements.widgets import button  # noqa: PLC0415  # where a download's bytes go by

    saved: list[Callable[[], bytes]] = []
    marshall = button.marshall_file
    monkeypatch.setattr(button, "marshall_file", lambda *given, **named: saved.append(given[1]) or marshall(*given, **named))
    with practice_on(empty_clinic, radicale) as practice:
        app = practice.clinic.app
        said = pages.of(empty_clinic).go("double_bookings")
        assert say("page.audit.none") in said
        app.book("ACME", "anna", monday(13), monday(13, 30), "Urgent", check=False)
        said = pages.go("double_bookings")
        (finding,) = app.double_bookings("ACME").to_dict("records")
        assert finding["cause"] == "FORCED"
        assert f"{say('page.cause.FORCED')}\n{say('audit.FORCED')}" in said
        assert f"{monday(13):%Y-%m-%d}" in said
        assert {"Work", say("page.source.appointment")} <= set(said.split("\n"))
        (row,) = csv.DictReader(io.StringIO(saved[-1]().decode("utf-8-sig")))
        assert row["finding_id"] == finding["finding_id"]
        said = pages.click(say("page.audit.why"))
        assert app.explain("ACME", "anna", finding["finding_id"]).evidence[0].says in said
        assert "Secret plan" not in said
        pages.test.date_input(key="audit_to").set_value(monday(0).date() - timedelta(days=1)).run()
        assert say("page.audit.none") in pages.said


def test_every_cause_has_its_words_and_its_colour(pages: Pages) -> None:
    """No cause can come from the library that the page cannot name; none is told by its colour alone."""
    from components.colours import CAUSES  # noqa: PLC0415  # the dashboard's own directory is on the path only here

    from icalsync.messages import en  # noqa: PLC0415  # the catalogue itself

    causes = {key.split(".")[1] for key in en.SENTENCES if key.startswith("audit.")}
    assert causes == set(CAUSES)
    assert len({say(f"page.cause.{cause}") for cause in causes}) == len(set(CAUSES.values())) == len(causes)
