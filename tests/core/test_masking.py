"""R18: titles are masked."""

from __future__ import annotations

import pytest

from icalsync.core.masking import mask


@pytest.mark.parametrize("text", ["x", "Lunch with Ben", " ", "•••", "=HYPERLINK()"])
def test_a_title_is_masked_whatever_it_says(text):
    """R18: not even its length is told."""
    assert mask(text) == "•••"


def test_no_title_stays_none():
    """An event without a title shows nothing."""
    assert mask("") == ""
