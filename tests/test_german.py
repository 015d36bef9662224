"""German: one word for one thing, and those of the product's article and of a German iPhone."""

from __future__ import annotations

import re

import pytest

from icalsync.messages import de, reasons_de

FORBIDDEN = {
    r"[Aa]nwendungsspezif": "App-spezifisches Passwort",
    r"\bapp-spezif": "App-spezifisches Passwort",
    r"Apple-(Account|ID)": "Apple-Konto",
    r"Besitzer": "Eigentümer",
    r"Recht zum Bearbeiten|Schreibrecht": "Autorenzugriff",
    r"[Bb]lockier|BESUCHT": "sperren; Beschäftigt",
    r"\bTermin(e|s|en)?\b": "Buchung (unsere), Ereignis (im Kalender)",
    r"[Ss]ynchronisi": "Abgleich, abgleichen",
}
"""What must not be said, and what is said instead."""


def texts(of: object) -> list[str]:
    """Every text of a catalogue."""
    if isinstance(of, str):
        return [of]
    if isinstance(of, dict):
        return [text for each in of.values() for text in texts(each)]
    return [text for each in of for text in texts(each)] if isinstance(of, tuple | list) else []


EVERY = [text for module in (de, reasons_de) for name, value in vars(module).items() if name.isupper() for text in texts(value)]


@pytest.mark.parametrize("word", FORBIDDEN)
def test_german_says_one_thing_with_one_word(word: str) -> None:
    """No synonym of a term stands in any sentence."""
    assert len(EVERY) > 500
    assert [text for text in EVERY if re.search(word, text)] == []
