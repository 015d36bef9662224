"""Frames as files: made by the library, which keeps formulas from running in whatever opens them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import streamlit as st
from data import desk, say

if TYPE_CHECKING:
    import pandas as pd

MIMES: Final = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "json": "application/json"}
FORMS: Final = {"csv": ("csv", "plain"), "excel": ("csv", "excel-de"), "json": ("json", "plain"), "parquet": ("parquet", "plain")}


def offer_download(frame: pd.DataFrame, name: str) -> None:
    """The form to choose, and the button; the file is made when it is asked for, not before."""
    with st.popover(say("page.download"), icon=":material/download:"):
        form = st.radio(say("page.download_as"), list(FORMS), format_func=lambda each: say(f"page.download.{each}"), key=f"form_{name}")
        ending, dialect = FORMS[form]
        reader = desk()  # who looks at the frame now; where the file is made, nobody is known any more
        file_name = re.sub(r"[^A-Za-z0-9._-]+", "-", name) + f".{ending}"  # S10: a sub-account's name is anybody's
        st.download_button(
            say("page.download_now"),
            lambda: reader.download(frame, ending, dialect=dialect),
            file_name,
            MIMES[ending],
            key=f"download_{name}",
            on_click="ignore",
        )
