"""The one catalogue of sentences: errors, next steps, reasons, the guide; in English (``en``), and for the dashboard in German (``de``).

``ERRORS`` maps an error code to (what happened, next step); ``SENTENCES`` maps any other key to its sentence. Templates are
``str.format`` texts; facts are passed by name. A sentence that a language does not have is said in English. The short reasons that errors
carry as facts are English texts, and are said in the language spoken too (``reasons``).
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Final

from icalsync.messages import de, en, reasons

LANGUAGES: Final = {"en": "English", "de": "Deutsch"}
"""The languages there are, each by its own name."""

GUIDE_URL: Final = en.GUIDE_URL
"""Where app-specific passwords are made (R2)."""
_CATALOGUES: Final = {"en": en, "de": de}
_language: ContextVar[str] = ContextVar("language", default="en")


class _Unknown:
    """A fact nobody gave, in whatever format it is asked for."""

    def __format__(self, spec: str) -> str:
        return "?"

    def __repr__(self) -> str:
        return "?"


class _Facts(dict[str, Any]):
    """Missing facts read as a question mark, so that a sentence about an error never raises another."""

    def __missing__(self, key: str) -> _Unknown:
        return _Unknown()


def speak(language: str) -> None:
    """Say everything in this language from now on, in this thread alone; ``KeyError`` for one that is not in ``LANGUAGES``."""
    _language.set(_CATALOGUES[language].LANGUAGE)


def language() -> str:
    """The language spoken in this thread: ``en`` unless ``speak`` said otherwise."""
    return _language.get()


def best_language(wanted: str | None) -> str:
    """The language nearest to a browser's or a person's wish (``de-AT``, RFC 5646); ``en`` where there is none."""
    primary = (wanted or "").replace("_", "-").partition("-")[0].lower()
    return primary if primary in LANGUAGES else "en"


def say(key: str, **facts: Any) -> str:
    """The sentence for ``key``, with its facts filled in; ``KeyError`` for a key the catalogue does not have."""
    return _template(key).format_map(_told(facts))


def recorded(key: str, **facts: Any) -> str:
    """The sentence as tables keep it, whoever causes it to be written: in English."""
    template = en.ERRORS[key][0] if key in en.ERRORS else en.SENTENCES[key]
    return template.format_map(_Facts(facts))


def knows(key: str) -> bool:
    """Whether there is a sentence for ``key``."""
    return key in en.SENTENCES or key in en.ERRORS


def next_step_of(code: str, **facts: Any) -> str:
    """What a person should do about the error ``code``."""
    return _error(code)[1].format_map(_told(facts))


def next_step_for(code: str, **facts: Any) -> str:
    """What a person should do about a code that stands in a table: an error's next step, or the sentence for a partial result."""
    return next_step_of(code, **facts) if code in en.ERRORS else say(f"next.{code}", **facts)


def where_listed(kind: str) -> str:
    """Which command lists what there is of a kind of thing that was not found."""
    key = f"listed.{kind}"
    return say(key if knows(key) else "listed.anything")


def guide() -> tuple[str, ...]:
    """The steps to an app-specific password (R2), numbered, as dated in ``en.GUIDE_CHECKED_ON``."""
    steps: tuple[str, ...] = _CATALOGUES[_language.get()].APP_PASSWORD_STEPS
    return steps


def _told(facts: dict[str, Any]) -> _Facts:
    return _Facts(reasons.translated(facts, _language.get()))


def _template(key: str) -> str:
    if key in en.ERRORS:
        return _error(key)[0]
    return _CATALOGUES[_language.get()].SENTENCES.get(key) or en.SENTENCES[key]


def _error(code: str) -> tuple[str, str]:
    return _CATALOGUES[_language.get()].ERRORS.get(code) or en.ERRORS[code]
