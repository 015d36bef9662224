"""How complete an answer is: the first thing to read on a page of answers (R12)."""

from __future__ import annotations

import streamlit as st
from data import Terms, Week, in_zone, say


def show_coverage(week: Week, terms: Terms, zone: str) -> None:
    """Complete and since when, or which calendar is missing, why, and what that means for the slots."""
    coverage = week.coverage
    if not coverage["complete"]:
        st.warning(say("page.incomplete"), icon=":material/warning:")
        for item in coverage["missing"]:
            name = week.names.get(item["calendar_id"], item["calendar_id"])
            st.text(say("page.missing", calendar=name, why=say(f"page.state.{item['state']}"), code=item["reason"]))
        if any(item["state"] != "stale" for item in coverage["missing"]):
            st.text(say(f"page.unknown.{terms.policies['unknown']}"))
    elif coverage["as_of"] is None:
        st.warning(say("page.no_conflicts"), icon=":material/warning:")
    else:
        st.success(say("page.complete", as_of=in_zone(coverage["as_of"], zone)), icon=":material/check_circle:")
