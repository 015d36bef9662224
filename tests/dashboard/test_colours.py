"""The colours of the pages, as people see them who see red and green alike. No browser and no page is needed for that."""

from __future__ import annotations

import itertools
import math
import runpy
from pathlib import Path

import pytest

COLOURS = runpy.run_path(str(Path(__file__).resolve().parents[2] / "dashboard" / "components" / "colours.py"))
PALETTES = {
    "reasons": {"FREE": COLOURS["FREE"], **COLOURS["REASONS"]},
    "causes": COLOURS["CAUSES"],
    "series": dict(enumerate(COLOURS["SERIES"])),
}
# Machado, Oliveira, Fernandes (2009): linear RGB, severity 1
SEEN_BY = {
    "deuteranopes": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "protanopes": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
}
APART = 12.0
"""CIE76; 2.3 is what can be told apart side by side, and these are seen one at a time, on a picture and in its legend."""


def lab(colour: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """A colour as such a person sees it, in CIELAB (D65)."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    red, green, blue = (min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in matrix)
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    one, two, three = (share ** (1 / 3) if share > 216 / 24389 else (24389 / 27 * share + 16) / 116 for share in (x, y, z))
    return 116 * two - 16, 500 * (one - two), 200 * (two - three)


@pytest.mark.parametrize("seen_by", SEEN_BY)
@pytest.mark.parametrize("palette", PALETTES)
def test_colour_blind_people_can_tell_any_two_colours_apart(palette: str, seen_by: str) -> None:
    """Every pair of a palette, as far as deuteranopes and protanopes see a difference."""
    seen = {name: lab(colour, SEEN_BY[seen_by]) for name, colour in PALETTES[palette].items()}
    near = [(one, other) for one, other in itertools.combinations(seen, 2) if math.dist(seen[one], seen[other]) < APART]
    assert near == []


@pytest.mark.parametrize("colour", sorted({*COLOURS["REASONS"].values(), *COLOURS["SERIES"]}))
def test_what_is_written_on_a_colour_can_be_read(colour: str) -> None:
    """WCAG 1.4.3: 4.5 to 1."""
    dark, light = sorted(luminance(each) + 0.05 for each in (colour, COLOURS["ink_on"](colour)))
    assert light / dark >= 4.5


def luminance(colour: str) -> float:
    """How bright it is (WCAG)."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
