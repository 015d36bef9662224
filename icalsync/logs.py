"""Structured logs: one JSON object per line, so that no text from a calendar can forge a line (S24).

Only codes, ids and figures are logged: no titles, no passwords, no bodies (R18). The libraries below us talk too much at DEBUG (S2):
they are kept at WARNING whatever the level here.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Final, TextIO

TALKATIVE: Final = ("caldav", "niquests", "urllib3", "urllib3_future", "icalendar", "keyring", "asyncio")
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "taskName"}


class JsonLines(logging.Formatter):
    """A record as one line of JSON: ``at`` (UTC), ``level``, ``logger``, ``event`` and the record's own facts."""

    def format(self, record: logging.LogRecord) -> str:
        """Newlines and control characters end up escaped; what JSON cannot hold is shown as text."""
        facts = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **facts,
        }
        if record.exc_info and record.exc_info[0] is not None:
            # the type only: messages of foreign exceptions may quote what must not be quoted
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=True, default=str)


def configure(level: str, stream: TextIO) -> None:
    """Send the logs of icalsync to ``stream`` from ``level`` on; may be called again."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("icalsync")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
