"""The short reasons and nouns inside errors, said in another language than English.

An error keeps them in English (``why="it is empty"``, ``what="the password"``), because tables, logs and the command line do; a catalogue
has for each its template, named fields standing for what varies. What has no template is said as it is.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from icalsync.messages import reasons_de

TOLD: Final = frozenset({"why", "what", "kind", "holder", "status", "target"})
"""The facts of errors that hold texts of our own; all others hold names, numbers and addresses."""
_CATALOGUES: Final = {"de": reasons_de.REASONS}
_NESTED: Final = frozenset({"why", "where", "what", "line", "settlement", "status"})
"""The fields of reasons that hold texts of our own."""
_DEEPEST: Final = 3
"""Fields within fields that are looked up; more is nobody's sentence."""
_LONGEST: Final = 2000
"""Characters of a text that is looked at: a longer one quotes something long, and is nobody's sentence."""


def translated(facts: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """The facts of a sentence, those among them that are texts of our own in its language."""
    if language not in _CATALOGUES:
        return facts
    return {name: reason(fact, language) if name in TOLD and isinstance(fact, str) else fact for name, fact in facts.items()}


def reason(text: str, language: str, depth: int = 0) -> str:
    """A reason or a noun in that language, and so the texts of our own in its fields; as it is, where there are no words for it."""
    known = _CATALOGUES[language]
    if text in known:
        return known[text]
    if len(text) > _LONGEST or depth > _DEEPEST:
        return text
    for pattern, template in _patterns(language):
        match = pattern.fullmatch(text)
        if match is not None:
            fields = match.groupdict().items()
            return template.format_map({name: reason(field, language, depth + 1) if name in _NESTED else field for name, field in fields})
    return text


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Templates with fields, as patterns whose fields match anything; those that say the most first."""
    templates = [template for template in _CATALOGUES[language] if "{" in template]
    templates.sort(key=lambda template: len(re.sub(r"\{\w+\}", "", template)), reverse=True)
    return tuple((_pattern(template), _CATALOGUES[language][template]) for template in templates)


def _pattern(template: str) -> re.Pattern[str]:
    parts = (re.escape(text) + (f"(?P<{name}>.+)" if name else "") for text, name, _, _ in string.Formatter().parse(template))
    return re.compile("".join(parts), re.DOTALL)
