"""R1: the form of an app-specific password."""

from __future__ import annotations

import pytest

from icalsync.core.credentials import app_specific


@pytest.mark.parametrize("text", ["abcd-efgh-ijkl-mnop", "  abcd-efgh-ijkl-mnop\n", "abcdefghijklmnop", "\tabcdefghijklmnop "])
def test_dashed_and_undashed_forms_are_accepted_and_stored_dashed_r1(text: str) -> None:
    """R1: surrounding blanks are dropped, 16 letters without dashes are accepted."""
    assert app_specific(text) == "abcd-efgh-ijkl-mnop"


@pytest.mark.parametrize(
    "text", ["", "Summer2026!", "abcd-efgh-ijkl", "abcd-efgh-ijkl-mno1", "abcd efgh ijkl mnop", "abcdefghijklmnopq", "äbcd-efgh-ijkl-mnop"]
)
def test_anything_else_is_not_app_specific_r1(text: str) -> None:
    """R1, case 2: the account's own password is told before it is sent."""
    assert app_specific(text) is None
