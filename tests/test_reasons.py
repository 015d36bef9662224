"""The short texts inside errors are said in the reader's language: every one of them, wherever in the code it was written (issue 7)."""

from __future__ import annotations

import re
import string
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from icalsync.core import hours, policies, when, zones
from icalsync.core.backoff import WELL
from icalsync.core.remedies import remedy
from icalsync.core.wording import setting
from icalsync.engine.states import reason_of
from icalsync.errors import (
    CertificateInvalid,
    IcalsyncError,
    InvalidInput,
    NotFound,
    ProtocolViolation,
    SecretStoreUnavailable,
    ServerUnreachable,
    SettingsInvalid,
    StoreUnsafe,
    UrlRefused,
)
from icalsync.messages import reasons, recorded, say, speak
from icalsync.messages.reasons_de import REASONS
from tests.reasons_raised import read

if TYPE_CHECKING:
    from collections.abc import Iterator


def _fields(template: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


@pytest.fixture
def german() -> Iterator[None]:
    """The reader speaks German."""
    speak("de")
    yield
    speak("en")


RAISED = sorted(read().texts())


def test_the_source_is_read_as_it_is_written() -> None:
    """Literals, f-strings, constants, parameters, and what functions give back: else the next test would pass for want of texts."""
    assert {
        "the password",  # a literal
        "the status {} makes no sense here",  # an f-string
        "choose one of {}",  # a sum
        "write it as 'Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00', or 'closed'",  # a constant
        "the connection was refused",  # what a function gives back
        "it names no principal for this account",  # what a function of that function gives back
        "the account's calendar home",  # a parameter, in an f-string
        "buffer_before",  # a parameter of a parameter
        "for a single user",  # out of a table of words
        "it does not start with https://",  # one of several, chosen at last
        "it leads from https to plain http",  # one of a pair
        "give a number with a unit, such as 90s, 30m, 1h or 30d",  # of a setting
        "quarantined object",  # a kind of thing
    } <= set(RAISED)


@pytest.mark.parametrize("text", RAISED)
def test_every_reason_and_noun_inside_an_error_has_german_words(text: str) -> None:
    """All sentences come from the catalogue in English and German: also what a sentence is completed with."""
    plain = re.sub(r"\{\}", "X", text)
    known = {re.sub(r"\{\w+\}", "X", template) for template in REASONS}
    assert plain in known or reasons.reason(plain, "de") != plain, f"messages/reasons_de.py lacks: {text}"


def test_german_reasons_name_no_field_that_english_lacks() -> None:
    """A field that is not there would end in an error about an error."""
    assert {text: said for text, said in REASONS.items() if not set(_fields(said)) <= set(_fields(text))} == {}


def test_reasons_are_translated_with_what_stands_in_them() -> None:
    """Fields are looked up too, and values stay as they are."""
    assert reasons.reason("/k cannot be read: Permission denied", "de") == "/k lässt sich nicht lesen: die Berechtigung fehlt"
    assert reasons.reason("it cannot be set for a single user", "de") == "sie lässt sich nicht für einen einzelnen Benutzer festlegen"
    assert reasons.reason("it is not valid TOML (line 3)", "de") == "sie ist kein gültiges TOML (Zeile 3)"
    assert reasons.reason("choose one of busy, free", "de") == "möglich sind: busy, free"
    assert reasons.reason("'a\nb' is no range of time such as 09:00-17:00", "de") == "'a\nb' ist kein Zeitraum wie 09:00-17:00"


def test_a_text_without_german_words_is_said_as_it_is(german: None) -> None:
    """What another program said, or something far too long, is told and not lost."""
    for why in ("The flux capacitor is cold", "", "known are " + "x" * 5000):
        assert ServerUnreachable(host="dav.example.org", why=why).message == f"dav.example.org ist nicht erreichbar: {why}."


def test_english_is_said_as_it_was_written() -> None:
    """The command line and its tests read what stands in the code."""
    error = InvalidInput(what="the title", value=" ", why="it is empty; say what the appointment is")
    assert error.message == "the title cannot be ' ': it is empty; say what the appointment is."


def test_a_value_that_is_empty_is_not_quoted(german: None) -> None:
    """Two quotation marks around nothing help nobody."""
    error = InvalidInput(what="the password", value="", why="it is empty")
    assert error.message == "Die Angabe „Passwort“ geht so nicht: sie ist leer."
    assert error.next_step == "Berichtigen Sie die Angabe „Passwort“ und versuchen Sie es noch einmal."
    speak("en")
    assert (error.message, error.next_step) == ("the password cannot be used: it is empty.", "Correct the password and try again.")


def test_a_time_that_clocks_jump_over_is_refused_in_german(german: None) -> None:
    """A real error of the core: neither the noun nor the reason is English."""
    with pytest.raises(InvalidInput) as caught:
        when.parse_moment("2026-03-29 02:30", "Europe/Berlin")
    assert caught.value.message == (
        "Die Angabe „Zeitpunkt“ geht so nicht ('2026-03-29 02:30'): diese Zeit gibt es in Europe/Berlin nicht, "
        "weil die Uhr sie bei der Umstellung auf die Sommerzeit überspringt."
    )
    with pytest.raises(InvalidInput) as caught:
        zones.check_zone("Mars/Olympus")
    assert caught.value.message == "Die Angabe „Zeitzone“ geht so nicht ('Mars/Olympus'): gebraucht wird ein IANA-Name wie Europe/Berlin."


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UrlRefused(url="ftp://x", why="it does not start with https://"), "sie beginnt nicht mit https://"),
        (CertificateInvalid(host="x", why="self-signed certificate"), "(es ist selbst ausgestellt)"),
        (CertificateInvalid(host="x", why="Hostname mismatch, certificate is not valid for 'x'."), "(es gilt nicht für 'x')"),
        (ServerUnreachable(host="x", why="network is unreachable"), ": das Netz ist nicht erreichbar."),
        (StoreUnsafe(path="/x", why="its directory cannot be made (Read-only file system)"), "(der Datenträger ist schreibgeschützt)"),
        (SecretStoreUnavailable(why="the keyring is locked"), "der Schlüsselbund ist gesperrt"),
        (SettingsInvalid(name="pull", why="input should be 'all' or 'chosen'"), "möglich sind 'all' oder 'chosen'"),
        (NotFound(kind="alert", name="a-1"), "Einen Hinweis 'a-1' gibt es nicht."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, IcalsyncError) else "",
)
def test_errors_of_all_kinds_say_their_reason_in_german(error: IcalsyncError, said: str, german: None) -> None:
    """Also one that was made before anybody spoke German: the reader's language counts, not that of the thread it was raised in."""
    assert said in error.message


def test_an_error_from_work_beside_a_page_speaks_its_readers_language(german: None) -> None:
    """A thread that syncs for somebody speaks English by itself; what it raises is read on a page."""

    def work() -> None:
        raise NotFound(kind="drift", name="d-1")

    with ThreadPoolExecutor(1) as beside, pytest.raises(NotFound) as caught:
        beside.submit(work).result()
    assert caught.value.message == "Eine Änderung im Kalender 'd-1' gibt es nicht."
    assert caught.value.next_step == f"Prüfen Sie die Schreibweise. {say('listed.drift')}"
    assert str(caught.value) == "There is no drift 'd-1'.", "what a log keeps is what the thread said"


def test_what_tables_keep_of_an_error_is_english_whoever_caused_it(german: None) -> None:
    """A German reader's sync must not leave German behind for everybody else."""
    error = ProtocolViolation(host="dav.example.org", path="/a/", why="it is a web page")
    assert "die Antwort ist eine Webseite" in error.message
    kept = "dav.example.org sent an answer for /a/ that cannot be read: it is a web page."
    assert reason_of(error, WELL) == recorded(error.code, **error.facts) == kept
    assert error.facts["why"] == "it is a web page"


def test_policies_and_opening_hours_have_german_names(german: None) -> None:
    """A sentence on a page names a rule as people do; the command beside it, and the command line, name it by its code."""
    codes = {*policies.VALUES, *(value for values in policies.VALUES.values() for value in values), *hours.FIELDS}
    assert {code for code in codes if setting(code).page == code} == set()
    told = remedy("policy", name="tentative", value="free", where="", sub_account="acme", user="anna")
    assert told.says == "Die Regel „Vorläufige Ereignisse“ müsste „frei“ sein."
    assert told.in_full.endswith(": icalsync policy acme anna tentative=free")
    speak("en")
    assert {code for code in codes if setting(code).cli != code} == set()
