"""What went wrong is said in German to its last word, where somebody reads German, and kept in English (issue 7)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from icalsync.core.access import Reader
from icalsync.errors import IcalsyncError, InvalidInput, NotCalDav
from icalsync.messages import speak
from icalsync.ports import Secret
from icalsync.store.database import Database
from tests.caldav.odd_server import OddServer, Said
from tests.engine.clinic import fill
from tests.icloud.fixtures import ANNA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from icalsync.app import App
    from icalsync.app.desk import Desk
    from tests.icloud import CalendarOwner, ICloud

PORTAL = b"<!DOCTYPE html><html><body>Welcome to Hotel WLAN</body></html>"
ENGLISH = re.compile(r"\b(the|it|its|is|are|and|of|cannot|this|again|empty|known|choose|needs?|must|page)\b", re.IGNORECASE)
GERMAN = re.compile(r"[äöüßÄÖÜ„“]|\b(der|die|das|nicht|und|ist|sie|eine?|wird)\b")


@pytest.fixture
def desk(app: App) -> Iterator[Desk]:
    """The desk of an admin who reads German."""
    speak("de")
    yield app.desk(Reader("ada", "admin"))
    speak("en")


REFUSED: dict[str, tuple[Callable[[Desk], object], str]] = {
    "an empty password": (
        lambda desk: desk.connect("ACME", "anna", provider="caldav", account="anna", password=Secret(""), url="https://dav.example.org"),
        "Die Angabe „Passwort“ geht so nicht: sie ist leer.",
    ),
    "no address": (
        lambda desk: desk.connect("ACME", "anna", provider="caldav", account="anna", password=Secret("x"), url=""),
        "Die Angabe „Adresse des Servers“ geht so nicht: der Anbieter caldav braucht die Adresse des Servers.",
    ),
    "no such day": (
        lambda desk: desk.book("ACME", "anna", "2026-11-31 09:00", "2026-12-01 10:00", "Visit"),
        "Die Angabe „Beginn“ geht so nicht ('2026-11-31 09:00'): ein solches Datum oder eine solche Uhrzeit gibt es nicht.",
    ),
    "too long": (
        lambda desk: desk.book("ACME", "anna", "2026-11-24 09:00", "2027-11-24 10:00", "Visit"),
        "Die Angabe „Länge“ geht so nicht ('365d1h'): eine Buchung dauert höchstens ",
    ),
    "a policy's value": (
        lambda desk: desk.set_policy("ACME", "anna", {"tentative": "maybe"}),
        "Die Angabe „Regel tentative“ geht so nicht ('maybe'): möglich sind: busy, free.",
    ),
    "opening hours": (
        lambda desk: desk.set_hours("ACME", "anna", {"buffer_before": "2d"}),
        "Die Angabe „Puffer davor“ geht so nicht ('2d'): ein Puffer dauert höchstens einen Tag.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_input_that_is_refused_is_refused_in_german(case: str, desk: Desk) -> None:
    """What was given, why it does not do, and what to do now, without a word of English."""
    deed, said = REFUSED[case]
    with pytest.raises(InvalidInput) as caught:
        deed(desk)
    assert caught.value.message.startswith(said)
    assert not ENGLISH.search(f"{caught.value.message} {caught.value.next_step}")


def test_a_web_page_instead_of_caldav_is_told_in_german(desk: Desk) -> None:
    """N10: the reason comes from where the answer was read, two layers down."""
    with OddServer(lambda _seen: Said(200, PORTAL, {"Content-Type": "text/html"})) as portal, pytest.raises(NotCalDav) as caught:
        desk.connect("ACME", "anna", provider="caldav", account="anna", password=Secret("x"), url=portal.url)
    assert caught.value.message.endswith("antwortet, ist aber kein CalDAV-Server: die Antwort ist eine Webseite.")
    assert not ENGLISH.search(f"{caught.value.message} {caught.value.next_step}")


def test_nothing_a_german_reader_does_is_kept_in_german(app: App, desk: Desk, work: CalendarOwner, icloud: ICloud) -> None:
    """Runs, states, alerts, the outbox and the audit log are everybody's, and in English."""
    fill(work, 1)
    desk.book("ACME", "anna", "2026-11-26 09:00", "2026-11-26 10:00", "Visit", check=False)
    app.sync()
    icloud.account(ANNA).change_password("abcd-efgh-ijkl-mnop-other")
    app.sync()
    app.sync()
    with pytest.raises(IcalsyncError):
        desk.book("ACME", "anna", "2026-11-31 09:00", "2026-11-31 10:00", "Visit")
    kept = _texts(app._parts.database)
    assert any("rejects the account name" in text for text in kept), "the state of the account says why"
    assert [text for text in kept if GERMAN.search(text)] == []


def _texts(database: Database) -> set[str]:
    """Every text in every table."""
    with database.read() as tx:
        columns = tx.rows("SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = '_kept' AND data_type = 'VARCHAR'")
        tables = {row["table_name"] for row in tx.rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = '_kept'")}
        found: set[str] = set()
        for each in columns:
            if each["table_name"] in tables:
                rows = tx.rows(f'SELECT "{each["column_name"]}" AS text FROM _kept."{each["table_name"]}"')
                found |= {row["text"] for row in rows if row["text"]}
    return found
