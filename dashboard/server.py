"""The pages as a server. ``icalsync dashboard`` starts it, with Streamlit's settings as JSON."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from door import Door
from starlette.middleware import Middleware
from streamlit.starlette import App

if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

app = App(Path(__file__).with_name("app.py"), middleware=[Middleware(Door)])


def end(number: int, frame: FrameType | None) -> NoReturn:
    """Ctrl-C and SIGTERM are its ordinary ends; the server has closed everything when it hands them on."""
    del number, frame
    raise SystemExit(0)


if __name__ == "__main__":
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, end)
    app.run(config=json.loads(sys.argv[1]))
