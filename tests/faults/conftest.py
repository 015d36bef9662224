"""One world for each kind of server and test process: every trial leaves it in agreement, or it is thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.world import World, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator


class Worlds:
    """The worlds of this test process, each made when it is first needed."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._open: dict[str, World] = {}

    def of(self, kind: str) -> World:
        """The world around a server of that kind."""
        if kind not in self._open:
            self._open[kind] = make_world(kind, self._factory.mktemp(f"world-{kind}")).__enter__()
        return self._open[kind]

    def throw_away(self, kind: str) -> None:
        """Close it; the next test gets a new one."""
        self._open.pop(kind).__exit__(None, None, None)

    def throw_away_if_open(self, kind: str) -> None:
        """The same, where there is one."""
        if kind in self._open:
            self.throw_away(kind)

    def close(self) -> None:
        """All of them."""
        for kind in list(self._open):
            self.throw_away(kind)


@pytest.fixture(scope="package")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """All worlds of this process; closed after this package's last test, because an open database changes the process's umask."""
    worlds = Worlds(tmp_path_factory)
    yield worlds
    worlds.close()


@pytest.fixture
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world around the look-alike that the test has for itself."""
    with make_world("icloud", tmp_path_factory.mktemp("own-world")) as world:
        yield world
