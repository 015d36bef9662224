"""calendar-query and free-busy-query (icloud.md §3.3, §3.4; RFC 4791 §7.8, §7.10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.icloud import calendar_text
from tests.icloud.answers import CALDAV, CALENDAR_DATA, CALENDAR_TYPE, ETAG, Refused, Reply, edge_page, element, multistatus, row, text
from tests.icloud.calendar_text import UTC_FORM
from tests.icloud.places import collection_href, member_href
from tests.icloud.reports import data_element, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from tests.icloud.members import Stored
    from tests.icloud.reports import Reports
    from tests.icloud.state import Account, Collection, State

_FILTERS: Final = ("prop-filter", "text-match", "param-filter")
Span = tuple[datetime, datetime]


def _caldav(local: str) -> str:
    return f"{{{CALDAV}}}{local}"


class Queries:
    """Answers what a client may ask about content."""

    def __init__(self, state: State, reports: Reports) -> None:
        self._state = state
        self._reports = reports

    def calendar_query(self, root: _Element, account: Account, collection: Collection) -> Reply:
        """Objects with a component of one type, in a time range; no other filter works (icloud.md §3.3)."""
        inner = self._component_filters(root)
        if next(root.iter(*map(_caldav, _FILTERS)), None) is not None:
            # completion filters of to-dos fail in another way
            return Reply(500) if inner[0].get("name") == "VTODO" else Reply(412)
        span = self._time_range(inner[0])
        rows = list(self._self_row(root, account, collection))
        if len(inner) == 1:  # siblings mean AND, which no object fulfils
            rows += [self._result(root, account, collection, stored, span) for stored in self._matches(collection, inner[0], span)]
        return multistatus(rows, content_type=self._state.switches.content_type)

    def free_busy(self, root: _Element, _: Account, collection: Collection) -> Reply:
        """400 with an empty body, or one VFREEBUSY for this calendar (icloud.md §3.4)."""
        if self._state.switches.free_busy == "refused":
            return Reply(400)
        span = self._time_range(root)
        if span is None:
            raise Refused(edge_page(400))
        periods = sorted(period for stored in collection.content.members for period in _busy(stored.text, span))
        lines = [f"FREEBUSY;FBTYPE=BUSY:{start.strftime(UTC_FORM)}/{end.strftime(UTC_FORM)}" for start, end in periods]
        stamps = [
            f"DTSTAMP:{self._state.clock.now().strftime(UTC_FORM)}",
            *(f"DT{what}:{at.strftime(UTC_FORM)}" for what, at in zip(("START", "END"), span, strict=True)),
        ]
        frame = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Apple Inc.//iCloud Calendar//EN", "BEGIN:VFREEBUSY", *stamps, *lines]
        body = "\r\n".join([*frame, "END:VFREEBUSY", "END:VCALENDAR", ""])
        return Reply(200, (("Content-Type", CALENDAR_TYPE),), body.encode())

    def _component_filters(self, root: _Element) -> list[_Element]:
        """The filters inside that of VCALENDAR; without any the report is an error."""
        outer = root.find(f"{_caldav('filter')}/{_caldav('comp-filter')}")
        inner = [] if outer is None else list(outer.iterchildren(_caldav("comp-filter")))
        if not inner:
            raise Refused(edge_page(self._state.switches.query_without_vevent))
        return inner

    def _time_range(self, parent: _Element) -> Span | None:
        """A range with both ends, in UTC; None where there is none."""
        found = parent.find(_caldav("time-range"))
        if found is None:
            return None
        try:
            start, end = (datetime.strptime(found.get(name, ""), UTC_FORM).replace(tzinfo=UTC) for name in ("start", "end"))
        except ValueError:
            raise Refused(edge_page(400)) from None
        limit = self._state.switches.query_days_back
        if limit is not None and start < self._state.clock.now() - timedelta(days=limit):
            raise Refused(Reply(403))
        return start, end

    def _matches(self, collection: Collection, wanted_component: _Element, span: Span | None) -> Iterator[Stored]:
        component = wanted_component.get("name", "")
        for stored in collection.content.members:
            if f"BEGIN:{component}\r\n" not in stored.text.replace("\r\n", "\n").replace("\n", "\r\n"):
                continue
            if span is None or component != "VEVENT" or any(_instances(stored.text, span)):
                yield stored

    def _self_row(self, root: _Element, account: Account, collection: Collection) -> Iterator[str]:
        """The collection leaks into the results, with calendar-data not found (icloud.md §3.3)."""
        if self._state.switches.query_self_row:
            tag = [element(ETAG, text(f'"{self._state.token(account, collection)}"'))] if ETAG in wanted(root) else []
            yield row(collection_href(account, collection), tag, [CALENDAR_DATA])

    def _result(self, root: _Element, account: Account, collection: Collection, stored: Stored, span: Span | None) -> str:
        asked = data_element(root)
        expand = None if asked is None else asked.find(_caldav("expand"))
        place = member_href(account, collection, stored.name, full=self._state.switches.href_escaping != "plain")
        if expand is not None and self._state.switches.expand == "empty":
            return row(place, [element(ETAG, text(stored.etag)), element(CALENDAR_DATA)])
        body = stored.text
        if expand is not None and span is not None and self._state.switches.expand == "expand":
            body = _expanded(body, span)
        return self._reports.object_row(place, (stored.etag, body), wanted(root), asked)


def _instances(body: str, span: Span) -> list[Any]:
    """Occurrences in a range, by a library of its own: the look-alike must not share the product's arithmetic."""
    import icalendar  # noqa: PLC0415  # only queries with a time range need them
    import recurring_ical_events  # noqa: PLC0415

    calendar = icalendar.Calendar.from_ical(body)
    return list(recurring_ical_events.of(calendar, components=["VEVENT"]).between(*span))


def _busy(body: str, span: Span) -> Iterator[Span]:
    """Busy time as the server sees it: what is neither cancelled nor transparent; floating and all-day times as UTC."""
    for event in _instances(body, span):
        if str(event.get("STATUS", "")) == "CANCELLED" or str(event.get("TRANSP", "")) == "TRANSPARENT":
            continue
        start, end = _moment(event.start), _moment(event.end)
        if start < end:
            yield max(start, span[0]), min(end, span[1])


def _moment(value: Any) -> datetime:
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _expanded(body: str, span: Span) -> str:
    """Each occurrence as an event of its own."""
    head = [f"{line.name}:{line.value}" for line in calendar_text.read(body).lines]
    events = [event.to_ical().decode() for event in _instances(body, span)]
    return "\r\n".join(["BEGIN:VCALENDAR", *head]) + "\r\n" + "".join(events) + "END:VCALENDAR\r\n"
