"""Why a slot is offered or not: as known now or at a past moment, with the words for the customer and a link for the ticket."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st
from components.explanation import show_explanation
from components.links import write_link
from components.questions import choose_question
from data import ask, attempt, desk, in_zone, people, say

REVEALS, REASON = "why_reveals", "why_reason"
"""How often titles were asked for in this session, and the reason, for the one run after the click."""


def link_to(address: dict[str, str]) -> str:
    """The whole address of this answer; what it opens is what its reader may see, then as now."""
    return f"{(st.context.url or '').partition('?')[0]}?{urlencode(address)}"


def reveal() -> str | None:
    """The reason for which titles are to be shown, if somebody gave one just now; nothing to ask for those who may not."""
    if not desk().may("quarantined"):
        st.caption(say("page.why.masked"))
        return None
    times = st.session_state.get(REVEALS, 0)
    with st.popover(say("page.why.titles"), icon=":material/visibility:", key=f"reveal_box_{times}"):
        st.text(say("page.why.reveal_says"))
        with st.form(f"reveal_{times}", border=False):
            st.text_input(say("page.why.reason"), key=f"reveal_reason_{times}")
            st.form_submit_button(say("page.why.reveal"), on_click=_asked, args=(times,))
    reason: str | None = st.session_state.pop(REASON, None)
    return reason


def _asked(times: int) -> None:
    """Runs before the page does: the box is another one then, and a closed one, so that it does not cover what it was asked for."""
    st.session_state.update({REASON: st.session_state.get(f"reveal_reason_{times}", ""), REVEALS: times + 1})


st.title(say("page.why"))
st.caption(say("page.why.about"))
question = choose_question(people())
asked = {"length": question.length, "known_at": question.known_at, "asked_at": question.asked_at}
tools = st.container(horizontal=True, vertical_alignment="center")
link, titles = tools.container(width="content"), tools.container(width="content")
with titles:
    reason = reveal()
found = None
if reason is not None:
    found = attempt(lambda desk: desk.explain(*question.key, question.at, reveal=True, reason=reason, **asked))
if found is None:
    found = ask(lambda desk: desk.explain(*question.key, question.at, **asked))
if found.known_at is not None:
    st.info(say("page.why.as_known", moment=in_zone(found.known_at, found.zone)), icon=":material/history:")
if found.revealed:
    st.warning(say("page.why.revealed"), icon=":material/visibility:")
address = ask(lambda desk: desk.explain_address(found))
write_link(ask(lambda desk: desk.explain_address(found, pinned=False)))
with link, st.popover(say("page.why.link"), icon=":material/link:"):
    st.text(say("page.why.link_says"))
    st.code(link_to(address), language=None, wrap_lines=True)
show_explanation(found)
