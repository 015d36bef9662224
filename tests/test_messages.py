"""The catalogue of sentences: complete for every error, without facts nobody passes, and with the guide as Apple has it."""

from __future__ import annotations

import pickle
import re
import string
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

import pytest

from icalsync import errors
from icalsync.errors import Disposition, IcalsyncError
from icalsync.messages import LANGUAGES, best_language, de, en, guide, language, next_step_of, say, speak

if TYPE_CHECKING:
    from collections.abc import Iterator


def _leaves(kind: type[IcalsyncError] = IcalsyncError) -> Iterator[type[IcalsyncError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _leaves(child)


CLASSES = sorted(set(_leaves()), key=lambda kind: kind.__name__)
FACT_IN_DOCSTRING = re.compile(r"``(\w+)``")
# Facts of a class that its docstring leaves to its parent: those of an encrypted store's file, told by ``path``.
BESIDE = {"SECRET_KEY_MISSING": {"store"}, "SECRET_KEY_WRONG": {"store"}}


def _facts_in(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def _told(kind: type[IcalsyncError]) -> set[str]:
    """The facts named in the docstrings of a class and of what it inherits from."""
    told = {
        name for parent in kind.__mro__ if issubclass(parent, IcalsyncError) for name in FACT_IN_DOCSTRING.findall(parent.__doc__ or "")
    }
    return told | BESIDE.get(kind.code, set())


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_of_its_own_a_sentence_and_a_next_step(kind: type[IcalsyncError]) -> None:
    """And both end like sentences, with nothing left in braces."""
    assert [other.__name__ for other in CLASSES if other.code == kind.code] == [kind.__name__]
    sentence, step = en.ERRORS[kind.code]
    assert re.search(r"[.}]$", sentence)
    assert len(step) > len("See it.")
    error = kind()
    assert not re.search(r"[{}]", error.message + error.next_step)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_sentence_uses_only_facts_its_error_tells(kind: type[IcalsyncError]) -> None:
    """What a template names, the class's docstring names; so nobody reads a question mark."""
    sentence, step = en.ERRORS[kind.code]
    assert _facts_in(sentence) | _facts_in(step) <= _told(kind)


def test_no_sentence_is_left_without_its_error() -> None:
    """Those that stand for no class are the command line's own."""
    assert set(en.ERRORS) - {kind.code for kind in CLASSES} == {"UNEXPECTED", "USAGE", "INTERRUPTED", "FILE_PROBLEM"}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_says_what_to_do_and_with_which_code_to_end(kind: type[IcalsyncError]) -> None:
    """design.md §5: 2 for input and settings, 3 where only a person helps, 1 for the rest."""
    assert isinstance(kind.disposition, Disposition)
    assert kind.exit_code in {1, 2, 3}
    if kind.disposition in {Disposition.FIX_INPUT, Disposition.FIX_SETTINGS}:
        assert kind.exit_code == 2
    if kind.disposition in {Disposition.RETRY, Disposition.RELIST, Disposition.REPLAN, Disposition.REDISCOVER, Disposition.SKIP_CALENDAR}:
        assert kind.exit_code == 1
    assert kind().as_dict().keys() == {"error", "message", "next_step"}


def test_an_error_that_misses_a_fact_reads_as_a_question_mark_and_raises_no_other() -> None:
    """A sentence about an error never becomes the error."""
    assert say("HOST_UNKNOWN") == "The host name ? does not exist or cannot be resolved."
    assert "?" in next_step_of("UNKNOWN_VIEW")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_with_missing_facts_still_reads(kind: type[IcalsyncError]) -> None:
    """Also where a template formats a number, or quotes a value."""
    assert str(kind())


def test_an_error_crosses_processes_as_it_is() -> None:
    """Worker processes raise the same tree."""
    error = errors.SchemaTooNew(path="x.duckdb", found=7, known=3)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert (type(again), again.facts, str(again)) == (type(error), error.facts, str(error))


def test_the_guide_has_its_steps_in_order() -> None:
    """R2: sign in, two-factor authentication, generate, label and create, copy and keep safe."""
    landmarks = (
        ("appleid.apple.com", "Sign in"),
        ("Security", "two-factor authentication"),
        ("App-specific passwords", '"Generate password"'),
        ("label", "Create"),
        ("xxxx-xxxx-xxxx-xxxx", "safe", "only once"),
    )
    steps = guide()
    assert len(steps) == len(landmarks)
    for step, words in zip(steps, landmarks, strict=True):
        assert all(word in step for word in words), step


def test_the_guide_is_dated() -> None:
    """R2: URL and click path are dated data."""
    assert date.fromisoformat(en.GUIDE_CHECKED_ON) >= date(2026, 11, 22)
    assert en.GUIDE_URL.startswith("https://")


@pytest.mark.parametrize("kind", [errors.PasswordForm, errors.AuthenticationRejected])
def test_where_a_password_is_wrong_the_guide_is_the_next_step(kind: type[IcalsyncError]) -> None:
    """R1, R2: whoever is refused is told how to get the right one, in order."""
    step = kind(host="caldav.icloud.com", account="a@example.org").next_step
    places = [step.index(f"{number}. {text}") for number, text in enumerate(guide(), 1)]
    assert places == sorted(places)


def test_a_401_says_that_apple_may_have_revoked_the_password() -> None:
    """R2: all of them go when the account's own password changes."""
    step = errors.AuthenticationRejected(host="caldav.icloud.com", account="a@example.org").next_step
    assert "revokes every app-specific password when the account's own password changes" in step
    assert "primary sign-in address" in step


def test_every_other_sentence_can_be_said() -> None:
    """No template is broken."""
    for key in en.SENTENCES:
        assert say(key)
    with pytest.raises(KeyError):
        say("no such sentence")


@pytest.fixture
def german() -> Iterator[None]:
    """Everything is said in German, as in a thread of its own."""
    speak("de")
    yield
    speak("en")


def test_both_languages_say_the_same_things() -> None:
    """Every key of one is a key of the other, so nobody reads half a page in another language."""
    assert set(de.SENTENCES) == set(en.SENTENCES)
    assert set(de.ERRORS) == set(en.ERRORS)
    assert len(de.APP_PASSWORD_STEPS) == len(en.APP_PASSWORD_STEPS)


def test_sentences_tell_the_same_facts_in_both_languages() -> None:
    """A fact that one language leaves out would be lost on its readers; one that nobody passes would be a question mark."""
    differ = {key: _facts_in(de.SENTENCES[key]) ^ _facts_in(said) for key, said in en.SENTENCES.items()}
    assert {key: facts for key, facts in differ.items() if facts} == {}


def test_errors_tell_the_same_facts_in_both_languages() -> None:
    """In what happened, and in what to do."""
    both = [(code, ours, theirs) for code, pair in en.ERRORS.items() for ours, theirs in zip(pair, de.ERRORS[code], strict=True)]
    assert [code for code, ours, theirs in both if _facts_in(ours) != _facts_in(theirs)] == []


def test_errors_and_the_guide_speak_the_chosen_language(german: None) -> None:
    """Also an error that is raised now; and English again where nobody chose."""
    assert language() == "de"
    assert "App-spezifisches Passwort" in errors.PasswordForm().message
    assert "Zwei-Faktor-Authentifizierung" in " ".join(guide())
    with ThreadPoolExecutor(1) as beside:
        assert beside.submit(language).result() == "en"


def test_german_uses_the_words_of_an_iphone_and_of_the_product() -> None:
    """Beschäftigt and Frei as an iPhone says them; the terms of the product's own help; and not its one mistranslation."""
    text = "\n".join((*de.SENTENCES.values(), *(part for pair in de.ERRORS.values() for part in pair), *de.APP_PASSWORD_STEPS))
    for term in ("Beschäftigt", "„Frei“", "Verknüpfter Kalender", "Konfliktkalender", "Autorenzugriff", "Kalendereinstellungen"):
        assert term in text
    assert "BESUCHT" not in text.upper()
    assert say("page.weekdays").split()[0] == "Mon"
    assert de.SENTENCES["page.weekdays"].split()[0] == "Mo"


@pytest.mark.parametrize(("wish", "spoken"), [("de-AT", "de"), ("de", "de"), ("DE_ch", "de"), ("fr-FR", "en"), ("", "en"), (None, "en")])
def test_the_nearest_language_to_a_wish_is_spoken(wish: str | None, spoken: str) -> None:
    """RFC 5646: the primary subtag decides; English where there is none of ours."""
    assert best_language(wish) == spoken
    assert spoken in LANGUAGES


def test_an_unknown_language_is_an_error() -> None:
    """Nothing is spoken that is not there."""
    with pytest.raises(KeyError):
        speak("tlh")
