"""Fixtures: an iCloud of one's own. A ``conftest.py`` takes them in with ``from tests.icloud.fixtures import icloud, icloud_clock``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.icloud import ICloud, MovableClock

if TYPE_CHECKING:
    from collections.abc import Iterator

ANNA = "anna@icloud.com"
BEN = "ben@icloud.com"
PASSWORD = "abcd-efgh-ijkl-mnop"


@pytest.fixture
def icloud_clock() -> MovableClock:
    """The clock of ``icloud``: it stands still until the test moves it."""
    return MovableClock()


@pytest.fixture
def icloud(icloud_clock: MovableClock) -> Iterator[ICloud]:
    """An iCloud with the accounts ``anna@icloud.com`` and ``ben@icloud.com``, each with every kind of calendar."""
    with ICloud({ANNA: PASSWORD, BEN: PASSWORD}, clock=icloud_clock) as cloud:
        yield cloud
