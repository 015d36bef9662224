"""The page Availability: coverage and freshness first, the week with a question behind each line, heat maps, and files."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from icalsync.core.model import Reason
from icalsync.messages import say, speak
from tests.browser.conftest import HOSTILE, TITLE
from tests.faults.world import held_open

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dashboard.conftest import Clinic, Pages

MONDAY = date(2027, 1, 4)
WEEK = {"user": "ACME/anna", "from": str(MONDAY)}
ODD = [("<b>", "2027-13-45"), ("ACME/nobody", "9999-12-31")]


@pytest.fixture(autouse=True)
def _open(clinic: Clinic) -> Iterator[None]:
    """The database stays open meanwhile, which saves most of the time."""
    with held_open(clinic.app):
        yield


def test_the_week_says_what_the_library_says_and_each_line_can_be_asked_about(pages: Pages, clinic: Clinic) -> None:
    """Slots, blocks and gaps of a day in words; hostile names as text; a click on a line explains it (case 23), without its title (R18)."""
    said = pages.of(clinic).go(**WEEK)
    slots = clinic.app.slots("ACME", "anna", MONDAY, MONDAY + timedelta(days=1), length="30m")
    assert "  ".join(f"{moment:%H:%M}" for moment in slots["starts_at"]) in said
    assert say("page.week.line", why=say("page.reason.BUSY"), where="Work") in said
    assert say("page.week.line", why=say("page.reason.BUSY"), where=HOSTILE) in said
    assert say("page.gap.OFFERED") in said
    assert say("page.gap.CLOSED") in said
    assert say("page.terms", zone="Europe/Berlin", weekly="Mon–Fri 09:00–17:00") in said
    assert pages.labels().count("10:00–11:00") == 1
    said = pages.click("10:00–11:00")
    found = clinic.app.explain("ACME", "anna", datetime(2027, 1, 4, 10), length="30m")  # noqa: DTZ001  # the user's own zone
    assert say("page.why.refused") in said
    assert found.evidence[0].says in said
    assert found.for_customer() in said
    assert say("page.why.open") in pages.labels()
    assert TITLE not in said
    assert say("page.why.offered") in pages.click("11:00–14:00"), "a gap is explained as a block is"
    pages.test.selectbox(key="slot_length_30m").set_value("1h30m").run()
    assert say("page.why.offered") in pages.click("11:00–14:00"), "a gap is asked about where its first slot begins, at 12:00"
    assert say("page.gap.NO_SLOT") in pages.said, "nothing of that length begins from 09:00 to 10:00"


def test_all_opening_hours_are_drawn_and_what_lies_outside_is_named_or_drawn_on_demand(pages: Pages, clinic: Clinic) -> None:
    """A night stretches no picture; it is named above it, and drawn for whoever wants the whole day; Vega finds nothing to warn of."""
    said = pages.of(clinic).go(**WEEK)
    assert say("page.week.outside", times="Wed 00:00–01:30") in said
    hours, words = drawn(pages)
    assert hours == [7, 20]
    assert not {"x2", "y2"} & set(words), "words have a place and no extent"
    pages.test.checkbox(key="week_whole").check().run()
    assert say("page.week.outside", times="")[:-2] not in pages.said
    assert drawn(pages)[0] == [0, 24]
    assert {say("page.reason.BUSY"), say("page.reason.TENTATIVE")} <= coloured(pages)
    pages.test.radio(key="week_by").set_value("source").run()
    assert {"Work", f"'{HOSTILE}"} <= coloured(pages)


def coloured(pages: Pages) -> set[str]:
    """What has a colour of its own in the week's picture."""
    (chart,) = (element for element in pages.test.main if element.type == "vega_lite_chart")
    return set(json.loads(chart.proto.spec)["layer"][0]["encoding"]["color"]["scale"]["domain"])


def drawn(pages: Pages) -> tuple[list[int], dict[str, Any]]:
    """The hours of the week's picture, and the encodings of its words."""
    (chart,) = (element for element in pages.test.main if element.type == "vega_lite_chart")
    blocks, words = json.loads(chart.proto.spec)["layer"]
    return blocks["encoding"]["y"]["scale"]["domain"], words["encoding"]


@pytest.mark.parametrize(
    ("opening", "hours"),
    [
        (("Mon-Fri 09:00-17:00", None), (7, 20)),
        (("Mon 05:30-12:00,13:00-21:15; Sat 10:00-14:00", None), (5, 22)),
        (("closed", "2026-12-24 22:00-23:30"), (7, 24)),
        (("Mon-Sun 22:00-06:00", None), (0, 24)),
        (("Mon-Sun 00:00-24:00", None), (0, 24)),
    ],
)
def test_no_opening_hour_is_ever_left_out_of_the_picture(opening: tuple[str, str | None], hours: tuple[int, int], pages: Pages) -> None:
    """Weekly and exceptional hours alike, to the full hour; a night shift takes the whole day."""
    from components.drawn import hours_drawn  # noqa: PLC0415  # the dashboard's own directory is on the path only here

    assert hours_drawn(opening, ()) == hours


def test_opening_hours_name_the_days_as_the_reader_does(pages: Pages) -> None:
    """The texts of opening hours are English; a German reads German days."""
    from components.days import hours_in_words  # noqa: PLC0415  # as above

    speak("de")
    try:
        assert hours_in_words("Mon-Thu 08:00-12:00,13:00-18:00; Sun 10:00-11:00") == "Mo–Do 08:00–12:00,13:00–18:00; So 10:00–11:00"
        assert hours_in_words("closed") == "Geschlossen"
    finally:
        speak("en")


def test_coverage_and_freshness_are_always_in_sight_r12(pages: Pages, clinic: Clinic) -> None:
    """R12, case 1: Ben's password was changed; which calendar, why, since when and by which policy; in the week and in the heat map."""
    said = pages.of(clinic).go(user="ACME/ben")
    assert say("page.week.incomplete") in said
    assert say("page.unknown.refuse") in said
    fresh = next(line for line in said.split("\n") if line.startswith("⚠ Home"))
    assert say("page.state.failing") in fresh
    assert say("page.no_slot") in said
    assert say("page.week.line", why=say("page.reason.NOT_COVERED"), where="Home") in said
    step = say("page.next.reauthentication_needed")
    assert said.count(step) == 1
    assert say("page.week.next_step", account="ben", step=step) in said
    assert "=refuse" not in said
    pages.test.radio(key="view_week").set_value("heat").run()
    assert set(pages.test.table[0].value.to_numpy().flat) == {"0% (?)"}, "what is not known is not free"
    assert say("page.heat.question") in pages.said
    assert say("page.week.as_of", as_of="")[:-1] in pages.said, "also an incomplete answer says how old it is"
    drawn_by = heat_encoding(pages)
    assert drawn_by["color"]["condition"] == {"test": "datum.unseen", "value": "#BDBDBD"}
    assert drawn_by["strokeWidth"]["condition"] == {"test": "((datum.unknown_minutes > 0) && (!datum.unseen))", "value": 2}
    assert drawn_by["color"]["scale"]["reverse"], "by day a full hour is dark"
    assert say("page.week.incomplete") in pages.said
    assert say("page.week.missing_of", name="Ben *Bold*", number=1, why=say("page.state.failing")) in pages.said
    pages.go("why")
    assert pages.test.selectbox(key="user").value == ("ACME", "ben"), "who is looked at stays chosen from page to page"


def test_a_user_whom_no_calendar_blocks_is_not_called_complete(pages: Pages, clinic: Clinic) -> None:
    """Case 3: nothing was chosen for Clara, which is the commonest reason why nothing blocks."""
    said = pages.of(clinic).go(user="ACME/clara")
    assert say("page.week.no_conflicts") in said
    assert say("page.complete", as_of="")[:8] not in said


def heat_encoding(pages: Pages) -> dict[str, Any]:
    """By what the cells of the heat map are drawn."""
    chart = next(element for element in pages.test.main if element.type == "vega_lite_chart")
    encoding: dict[str, Any] = json.loads(chart.proto.spec)["encoding"]
    return encoding


def test_an_hour_of_which_most_is_not_known_has_no_share_r12(pages: Pages) -> None:
    """R12: unknown is no free time: grey, or with a question mark; an hour that is taken for the most part keeps its colour."""
    from components.heat import in_words, mostly_unknown  # noqa: PLC0415  # the dashboard's own directory is on the path only here

    hours = {"all": (0, 60), "half of the rest": (20, 20), "a quarter": (0, 15), "nearly all is taken": (55, 5), "nothing": (0, 0)}
    cells = pd.DataFrame(hours.values(), index=list(hours), columns=["busy_minutes", "unknown_minutes"]).assign(open_minutes=60)
    cells["share"] = cells["busy_minutes"] / 60
    assert list(cells.index[mostly_unknown(cells)]) == ["all", "half of the rest"]
    assert list(in_words(cells)) == ["0% (?)", "33% (?)", "0% (?)", "92% (?)", "0%"]


def test_each_calendar_says_how_old_what_is_known_of_it_is_and_each_account_once_what_to_do(pages: Pages) -> None:
    """The age stands there in trouble and out of it; two calendars of one account do not say the same thing twice."""
    from components.coverage import freshness  # noqa: PLC0415  # as above

    row = {"display_name": "Work", "role": "CONFLICT", "state": "ok", "reason": None, "age": timedelta(minutes=4)}
    assert freshness(row) == f"✓ Work · {say('page.role.CONFLICT')} · last pulled 4 min ago"
    ill = freshness(row | {"state": "failing"})
    assert ill == f"⚠ Work · {say('page.role.CONFLICT')} · last pulled 4 min ago – {say('page.state.failing')}"


def test_what_is_not_known_and_whole_days_lie_behind_and_leave_hours_their_width(pages: Pages) -> None:
    """A dead account with two calendars, and a holiday: hours keep the whole column; the two calendars are one stretch that names both."""
    from components.days import Part  # noqa: PLC0415  # as above
    from components.marks import blocks  # noqa: PLC0415  # as above

    def part(start: int, end: int, source: str, calendar: str, reason: str) -> Part:
        row = {"source": source, "calendar": calendar, "reason": reason}
        return Part(MONDAY, timedelta(hours=start), timedelta(hours=end), row, datetime(2027, 1, 4, start % 24))  # noqa: DTZ001  # only drawn

    dead = [part(0, 24, "coverage", name, "NOT_COVERED") for name in ("Home", "Club")]
    lunch = part(12, 13, "external", "Work", "BUSY")
    unknown, busy = blocks([*dead, lunch], MONDAY, "reason")
    assert unknown.where == "Home, Club"
    assert (unknown.x, unknown.x2) == (busy.x, busy.x2) == (0.02, 0.98)
    assert unknown.opacity < busy.opacity
    assert [mark.where for mark in blocks([*dead, lunch], MONDAY, "source")] == ["Home", "Club", "Work"], "each calendar has its colour"
    holiday = part(0, 24, "external", "Work", "ALL_DAY")
    assert [round(mark.x2 - mark.x, 2) for mark in blocks([holiday, dead[0], lunch], MONDAY, "reason")] == [0.48, 0.48, 0.96]


def test_the_heat_map_is_of_a_user_a_team_or_all_and_says_what_time_is_lost_to(pages: Pages, clinic: Clinic) -> None:
    """By weekday and by day, as a table for whoever does not see the picture; the figures are the library's."""
    pages.of(clinic).go(**WEEK)
    pages.test.radio(key="view_week").set_value("heat").run()
    pages.test.selectbox(key="heat_weeks").set_value(1).run()
    heat = clinic.app.heatmap("ACME", "anna", MONDAY, MONDAY + timedelta(days=7))
    table = pages.test.table[0].value
    assert list(table.columns) == ["Mon", "Tue", "Wed", "Thu", "Fri"]
    tens = heat.frame[(heat.frame["weekday"] == 0) & (heat.frame["hour"] == 10)]["share"].item()
    assert (table.loc[10, "Mon"], tens) == ("100%", 1.0)
    pages.test.radio(key="heat_by").set_value("day").run()
    assert "Mon 2027-01-04" in pages.test.table[0].value.columns
    pages.test.radio(key="heat_whose").set_value("team").run()
    pages.test.multiselect(key="heat_team").set_value([]).run()
    assert say("page.heat.choose") in pages.said
    pages.test.multiselect(key="heat_team").set_value(["anna", "clara"]).run()
    assert pages.test.table
    assert say("page.complete", as_of="")[:8] in pages.said
    assert say("page.heat.unwatched", number=1, all=2) in pages.said, "nobody chose a calendar for Clara"
    pages.test.radio(key="heat_whose").set_value("sub_account").run()
    assert say("page.heat.unwatched", number=1, all=3) in pages.said
    assert say("page.week.incomplete") in pages.said


def test_what_is_saved_from_a_picture_is_safe_against_formulas(pages: Pages) -> None:
    """A calendar is called ``=1+1 …``: in the data behind the picture, which its menu saves as they are, nothing begins like a formula."""
    from components.marks import inert  # noqa: PLC0415  # the dashboard's own directory is on the path only here

    assert [inert(name) for name in (HOSTILE, "+1", "-1", "@x", "Work")] == [f"'{HOSTILE}", "'+1", "'-1", "'@x", "Work"]


@pytest.mark.parametrize(("user", "first"), ODD)
def test_an_odd_address_of_the_page_changes_nothing(user: str, first: str, pages: Pages, clinic: Clinic) -> None:
    """Whatever stands in it, the first user is shown, and a day within reach."""
    pages.of(clinic).go(user=user, **{"from": first})
    assert pages.test.selectbox(key="user").value == ("ACME", "anna")


def test_a_night_is_cut_at_midnight_and_the_hour_that_comes_twice_keeps_its_length(pages: Pages) -> None:
    """D22: 02:30 summer time to 02:15 winter time lasts 45 minutes, although its end reads earlier than its start."""
    from components.days import parts  # noqa: PLC0415  # as above

    starts = pd.to_datetime(["2026-10-24T21:00Z", "2026-10-25T00:30Z"]).tz_convert("Europe/Berlin")
    ends = pd.to_datetime(["2026-10-24T23:00Z", "2026-10-25T01:15Z"]).tz_convert("Europe/Berlin")
    found = list(parts(pd.DataFrame({"starts_at": starts, "ends_at": ends}), date(2026, 10, 24)))
    assert [(part.day.day, part.says) for part in found] == [(24, "23:00–24:00"), (25, "00:00–01:00"), (25, "02:30–03:15")]
    assert [part.at.isoformat() for part in found][1] == "2026-10-25T00:00:00+02:00"


def test_what_overlaps_stands_side_by_side_and_hides_nothing(pages: Pages) -> None:
    """Three that meet share the width; what stands alone takes all of it."""
    from components.days import Part  # noqa: PLC0415  # as above
    from components.lanes import side_by_side  # noqa: PLC0415  # as above

    def part(start: int, end: int) -> Part:
        return Part(MONDAY, timedelta(hours=start), timedelta(hours=end), {}, datetime(2027, 1, 4, start))  # noqa: DTZ001  # only drawn

    placed = [
        (one.starts // timedelta(hours=1), lane, lanes)
        for one, lane, lanes in side_by_side([part(9, 12), part(10, 11), part(11, 13), part(14, 15)])
    ]
    assert placed == [(9, 0, 2), (10, 1, 2), (11, 1, 2), (14, 0, 1)]


def test_every_verdict_has_its_words() -> None:
    """No reason, state or gap can come from the library that the page has no word and no colour for."""
    free = {Reason.CANCELLED, Reason.TRANSPARENT, Reason.DECLINED, Reason.ZERO_LENGTH}
    keys = [f"page.reason.{reason}" for reason in set(Reason) - free]
    keys += [f"page.state.{state}" for state in ("never_pulled", "stale", "failing", "access_lost", "unreadable")]
    keys += [
        f"page.gap.{code}" for code in ("OFFERED", "PAST", "NOTICE", "HORIZON", "CLOSED", "BUFFER", "DAILY_LIMIT", "UNKNOWN", "NO_SLOT")
    ]
    assert all(isinstance(say(key), str) for key in keys)
