"""What a window forgets when its reader goes: whoever signs in next finds nothing of theirs (S4)."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st


def forget_all_but(kept: Collection[str]) -> None:
    """Nothing stays but these."""
    for key in set(st.session_state) - set(kept):
        del st.session_state[key]
