"""A database with Anna connected and her calendar linked: made once, and copied for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.clinic import copied, opened
from tests.faults.world import held_open
from tests.icloud import ICloud, MovableClock
from tests.icloud.fixtures import ANNA, BEN, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from icalsync.app import App
    from tests.icloud import CalendarOwner


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with Anna connected and her calendar ``Work`` linked, made once."""
    directory = tmp_path_factory.mktemp("template")
    clock = MovableClock()
    with ICloud({ANNA: PASSWORD, BEN: PASSWORD}, clock=clock) as cloud:
        app = opened(directory, cloud, clock)
        app.add_sub_account("ACME", time_zone="Europe/Berlin")
        app.add_user("ACME", "anna")
        app.connect("ACME", "anna", provider="icloud", account=ANNA, password=PASSWORD)
        app.link("ACME", "anna", "Work")
    return directory


@pytest.fixture
def app(tmp_path: Path, template: Path, icloud: ICloud, icloud_clock: MovableClock) -> Iterator[App]:
    """On the look-alike's clock; the file stays open, because this process is alone and opening takes most of a small run's time."""
    made = copied(template, tmp_path, icloud, icloud_clock)
    with held_open(made):
        yield made


@pytest.fixture
def work(icloud: ICloud) -> CalendarOwner:
    """Anna's calendar in her own hands."""
    return icloud.account(ANNA).calendar("Work")
