"""The look-alike against what is known of iCloud: calendar-query and free-busy-query (icloud.md §3.3, §3.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.servers import event, event_at

if TYPE_CHECKING:
    from tests.icloud import CalendarOwner, ICloud
    from tests.icloud.asking import Asker

VEVENT = '<C:comp-filter name="VEVENT"/>'


def _ranged(start: str, end: str) -> str:
    return f'<C:comp-filter name="VEVENT"><C:time-range start="{start}" end="{end}"/></C:comp-filter>'


def test_a_query_needs_a_component_and_takes_no_other_filter(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.3: an error without VEVENT, 412 with a prop-filter, 500 for completion filters, nothing for siblings."""
    href = work.put("one.ics", event("one"))
    uid = '<C:prop-filter name="UID"><C:text-match>one</C:text-match></C:prop-filter>'
    assert anna.query(work.href, "").status == 400
    icloud.change(query_without_vevent=412)
    assert anna.query(work.href, "").status == 412
    assert anna.query(work.href, f'<C:comp-filter name="VEVENT">{uid}</C:comp-filter>').status == 412
    assert anna.query(work.href, f'<C:comp-filter name="VTODO">{uid}</C:comp-filter>').status == 500
    assert anna.query(work.href, f'{VEVENT}<C:comp-filter name="VTODO"/>').hrefs == [work.href]
    answer = anna.query(work.href, VEVENT)
    assert (answer.hrefs, answer.rows[0].missing) == ([work.href, href], {"calendar-data"})


def test_a_time_range_counts_recurrences(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.3: in UTC, with both ends; how far back it may reach is a switch."""
    weekly = work.put("weekly.ics", event_at("weekly", "20261123T090000Z", "20261123T100000Z", more=("RRULE:FREQ=WEEKLY",)))
    work.put("once.ics", event_at("once", "20261123T090000Z", "20261123T100000Z"))
    assert anna.query(work.href, _ranged("20270104T000000Z", "20270105T000000Z")).hrefs == [work.href, weekly]
    assert len(anna.query(work.href, _ranged("20261123T000000Z", "20261124T000000Z")).hrefs) == 3
    assert anna.query(work.href, _ranged("20270104T000000", "20270105T000000")).status == 400
    icloud.change(query_days_back=365, query_self_row=False)
    assert anna.query(work.href, _ranged("20240104T000000Z", "20270105T000000Z")).status == 403
    assert anna.query(work.href, _ranged("20261104T000000Z", "20261110T000000Z")).hrefs == []


def test_expansion_and_partial_data_are_switches(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.3 [X]: expand is ignored, works, or empties; partial data empties the VEVENTs, or works."""
    work.put("weekly.ics", event_at("weekly", "20261123T090000Z", "20261123T100000Z", more=("RRULE:FREQ=WEEKLY",)))
    span = ("20261123T000000Z", "20261214T000000Z")
    expand = '<C:expand start="{}" end="{}"/>'.format(*span)

    def shown(data: str) -> str:
        return anna.query(work.href, _ranged(*span), data).rows[1].data

    assert shown(expand).count("RRULE") == 1
    icloud.change(expand="expand")
    assert (shown(expand).count("BEGIN:VEVENT"), shown(expand).count("RRULE")) == (3, 0)
    icloud.change(expand="empty")
    assert shown(expand) == ""
    parts = '<C:comp name="VCALENDAR"><C:comp name="VEVENT"><C:prop name="UID"/></C:comp></C:comp>'
    assert "BEGIN:VEVENT\nEND:VEVENT" in shown(parts)
    icloud.change(partial_data="honoured")
    assert "UID:weekly" in shown(parts)


def test_free_busy_is_refused_or_one_vfreebusy_per_calendar(icloud: ICloud, work: CalendarOwner, anna: Asker) -> None:
    """§3.4 [X]: 400 with an empty body; where it answers, recurrences and TRANSP are applied."""
    work.put("weekly.ics", event_at("weekly", "20261123T090000Z", "20261123T100000Z", more=("RRULE:FREQ=WEEKLY",)))
    work.put("free.ics", event_at("free", "20261124T090000Z", "20261124T100000Z", more=("TRANSP:TRANSPARENT",)))
    span = '<C:time-range start="20261123T093000Z" end="20261201T000000Z"/>'
    body = f'<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">{span}</C:free-busy-query>'
    refused = anna.ask("REPORT", work.href, body, Depth="1")
    assert (refused.status, refused.body) == (400, b"")
    icloud.change(free_busy="answered")
    text = anna.ask("REPORT", work.href, body, Depth="1").body.decode()
    periods = re.findall(r"FREEBUSY;FBTYPE=BUSY:(\S+)", text)
    assert periods == ["20261123T093000Z/20261123T100000Z", "20261130T090000Z/20261130T100000Z"]
