"""Sets the demo's sub-accounts up through the library's public face, as a person would: users, hours, connections, roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from icalsync.demo.cast import ADDRESSES, LINKS, PEOPLE, SUB_ACCOUNTS, Link, calendar

if TYPE_CHECKING:
    from icalsync.app import App


def set_up(app: App, url: str, passwords: Mapping[str, str]) -> None:
    """Everything up to the first sync. An account that serves two users is connected twice and stays one integration (R9)."""
    for sub_account in SUB_ACCOUNTS:
        app.add_sub_account(sub_account.name, display_name=sub_account.display_name, time_zone=sub_account.time_zone)
        app.set_hours(sub_account.name, None, sub_account.hours)
    for person in PEOPLE:
        app.add_user(person.sub_account, person.user_id, name=person.name, email=person.email, time_zone=person.time_zone)
        if person.hours:
            app.set_hours(person.sub_account, person.user_id, person.hours)
    for link in LINKS:
        _connect(app, link, url, passwords[link.account])


def _connect(app: App, link: Link, url: str, password: str) -> None:
    who = link.person.key
    connected = app.connect(*who, provider="caldav", account=link.account, password=password, url=url)
    app.add_addresses(connected["integration_id"], ADDRESSES[link.account])
    ids = {row["display_name"]: row["calendar_id"] for row in connected["calendars"]}
    if link.linked is not None:
        app.link(*who, ids[calendar(link.account, link.linked).display_name])
    app.add_conflicts(*who, [ids[calendar(link.account, slug).display_name] for slug in link.conflicts])
