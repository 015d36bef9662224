"""What the texts of the pages may not hold: they render, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from icalsync.core.model import Busyness, Reason
from icalsync.messages import say

ROOT = Path(__file__).resolve().parents[2] / "dashboard"
LONGEST = {"app_pages": 80, "components": 120, "dashboard": 300}
"""Lines: a page, a component, the frame and the door."""
CODE = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_a_page_only_renders(path: Path) -> None:
    """No SQL, no HTML of its own, no cache shared by users (S4), no pickle (S21), one door into the library, and short."""
    text = path.read_text(encoding="utf-8")
    html = "" if path.name == "window.py" else "|st\\.html|unsafe_allow"  # what it writes, it puts together before anybody asks anything
    assert not re.search(r"\.sql\(|\bSELECT\b|unsafe_allow_html|st\.cache|components\.v1|pickle" + html, text)
    assert len(text.splitlines()) <= LONGEST[path.parent.name]
    if path.name != "data.py":
        assert "icalsync" not in re.sub(r'""".*?"""|#.*|"icalsync"', "", text, flags=re.DOTALL)


def test_every_verdict_has_its_words() -> None:
    """No reason, busyness, state, status, role or kind can come from the library that the pages have no word for."""
    free = {Reason.CANCELLED, Reason.TRANSPARENT, Reason.DECLINED, Reason.ZERO_LENGTH}
    keys = [f"page.reason.{reason}" for reason in set(Reason) - free] + [f"page.busyness.{busyness}" for busyness in Busyness]
    keys += [f"page.state.{state}" for state in ("never_pulled", "stale", "failing", "access_lost", "unreadable")]
    ill = ("throttled", "unreachable", "reauthentication_needed", "failing")
    keys += ["page.status.ok"] + [f"page.{part}.{status}" for part in ("status", "next") for status in ill]
    keys += [f"page.{part}.{provider}" for part in ("kind", "provider", "account_of", "password_of") for provider in ("icloud", "caldav")]
    keys += [f"page.post.{post}" for post in ("admin", "support", "analyst")]
    assert all(isinstance(say(key), str) for key in keys)
