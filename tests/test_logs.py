"""Logs: lines that cannot be forged, and libraries that do not talk."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest

from icalsync.logs import configure

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where the logs go, and back to silence afterwards."""
    stream = io.StringIO()
    configure("INFO", stream)
    yield stream
    logging.getLogger("icalsync").handlers.clear()


def test_a_title_with_a_newline_cannot_forge_a_line_s24(lines: io.StringIO) -> None:
    """S24: whatever a fact holds, a record is one line and one JSON object."""
    forged = 'Dinner\n{"level": "INFO", "event": "all is well"}\r\x1b[2J\u2028'
    logging.getLogger("icalsync.engine.run").info("sync run ended", extra={"what": forged})
    written = lines.getvalue()
    assert written.count("\n") == 1
    assert json.loads(written)["what"] == forged
    assert "\x1b" not in written


def test_an_exception_is_logged_by_its_type_alone_s1(lines: io.StringIO) -> None:
    """S1: what a foreign exception quotes (a header, a body) never reaches a log."""
    try:
        raise ValueError("Authorization: Basic canary")
    except ValueError:
        logging.getLogger("icalsync").exception("unexpected")
    assert json.loads(lines.getvalue())["exception"] == "ValueError"
    assert "canary" not in lines.getvalue()


def test_the_libraries_below_are_kept_quiet_s2(lines: io.StringIO) -> None:
    """S2: caldav writes whole bodies at DEBUG; it is never asked to."""
    configure("DEBUG", lines)
    for name in ("caldav", "niquests"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
