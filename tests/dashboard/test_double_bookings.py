"""The page Double bookings: by cause, week by week, down to the explanation of each."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from icalsync.app import auditing
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
        assert [header.value for header in pages.test.header] == [say("page.audit.list")], "the second level follows the first"
        assert not pages.test.subheader
        assert f"{say('page.cause.FORCED')}\n{say('audit.FORCED')}" in said
        assert f"{monday(13):%Y-%m-%d}\n13:00–13:30" in said, "as clocks show it where she is, whatever the reader's show (here UTC)"
        assert say("page.zone", zone="Europe/Berlin") in said
        (trend,) = pages.test.get("vega_lite_chart") or pages.test.get("arrow_vega_lite_chart")
        assert say("page.audit.trend_picture") in trend.proto.spec
        assert {"Work", say("page.source.appointment")} <= set(said.split("\n"))
        (row,) = csv.DictReader(io.StringIO(saved[-1]().decode("utf-8-sig")))
        assert row["finding_id"] == finding["finding_id"]
        said = pages.click(say("page.audit.why"))
        assert app.explain("ACME", "anna", finding["finding_id"]).evidence[0].on_page in said
        assert "Secret plan" not in said
        pages.test.date_input(key="audit_to").set_value(monday(0).date() - timedelta(days=1)).run()
        assert say("page.audit.none") in pages.said


def test_the_trend_has_every_week_that_is_looked_at(pages: Pages) -> None:
    """Also those without any; the end of the span is not looked at any more; a finding outside the span keeps its week."""
    from components.audit import weeks_of  # noqa: PLC0415  # the dashboard's own directory is on the path only here

    found = pd.DataFrame({"week": pd.to_datetime(["2026-11-23"])})
    weeks = ["2026-11-16", "2026-11-23", "2026-11-30"]
    assert weeks_of(found, date(2026, 11, 18), date(2026, 12, 7)) == weeks
    assert weeks_of(found, date(2026, 11, 18), date(2026, 12, 8)) == [*weeks, "2026-12-07"]
    assert weeks_of(found, date(2026, 11, 30), date(2026, 11, 30)) == weeks[1:]


def test_an_event_of_ours_that_was_moved_onto_something_is_not_called_one_of_outside_calendars(pages: Pages) -> None:
    """R11: it is headed by what is to be done about it."""
    from components.findings import _cause  # noqa: PLC0415  # as above

    drifted, others = ({"cause": "EXTERNAL_ONLY", "detail": None, "minutes": None, "drifted": drifted} for drifted in (True, False))
    assert _cause(drifted | {"says": auditing.says(drifted)}) == say("page.cause.EXTERNAL_ONLY.DRIFT")
    assert _cause(others | {"says": auditing.says(others)}) == say("page.cause.EXTERNAL_ONLY")


def test_every_cause_has_its_words_and_its_colour(pages: Pages) -> None:
    """No cause can come from the library that the page cannot name; none is told by its colour alone."""
    from components.colours import CAUSES  # noqa: PLC0415  # the dashboard's own directory is on the path only here

    from icalsync.messages import en  # noqa: PLC0415  # the catalogue itself

    causes = {cause for key in en.SENTENCES if key.startswith("audit.") and (cause := key.split(".")[1]).isupper()}
    assert causes == set(CAUSES)
    assert len({say(f"page.cause.{cause}") for cause in causes}) == len(set(CAUSES.values())) == len(causes)
