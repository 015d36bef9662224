"""The look-alike's own tests: its fixtures, and a client that knows nothing but HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.icloud.asking import Asker
from tests.icloud.fixtures import ANNA, PASSWORD, icloud, icloud_clock

if TYPE_CHECKING:
    from tests.icloud import CalendarOwner, ICloud

__all__ = ["anna", "icloud", "icloud_clock", "work"]


@pytest.fixture
def anna(icloud: ICloud) -> Asker:
    """Anna's client, at the canonical host."""
    return Asker(icloud.url, ANNA, PASSWORD)


@pytest.fixture
def work(icloud: ICloud) -> CalendarOwner:
    """Anna's calendar ``Work``, empty, in her own hands."""
    return icloud.account(ANNA).calendar("Work")
