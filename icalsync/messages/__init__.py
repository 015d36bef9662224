"""The one catalogue of sentences: errors, next steps, reasons, the guide. A second language is one more file beside ``en``.

``en.ERRORS`` maps an error code to (what happened, next step); ``en.SENTENCES`` maps any other key to its sentence. Templates are
``str.format`` texts; facts are passed by name.
"""

from __future__ import annotations

from typing import Any

from icalsync.messages import en


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


def say(key: str, **facts: Any) -> str:
    """The sentence for ``key``, with its facts filled in; ``KeyError`` for a key the catalogue does not have."""
    template = en.ERRORS[key][0] if key in en.ERRORS else en.SENTENCES[key]
    return template.format_map(_Facts(facts))


def next_step_of(code: str, **facts: Any) -> str:
    """What a person should do about the error ``code``."""
    return en.ERRORS[code][1].format_map(_Facts(facts))


def next_step_for(code: str, **facts: Any) -> str:
    """What a person should do about a code that stands in a table: an error's next step, or the sentence for a partial result."""
    return next_step_of(code, **facts) if code in en.ERRORS else say(f"next.{code}", **facts)


def guide() -> tuple[str, ...]:
    """The steps to an app-specific password (R2), numbered, as dated in ``en.GUIDE_CHECKED_ON``."""
    return en.APP_PASSWORD_STEPS
