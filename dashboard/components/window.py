"""What Streamlit tells a browser in English only, or not at all: the page's language, and where to go on after a provider's sign-in.

The only HTML of the pages. It is put together from what stands here, before anybody asks anything: nothing of a database, of a reader or of
an address is ever written into it.
"""

from __future__ import annotations

from typing import Final, Literal

import streamlit as st
from data import LANGUAGES, choose_language

_PLACE: Final = "window"
# A screen reader pronounces a page in the language it says it is in (WCAG 3.1.1).
_SPEAK: Final = "document.documentElement.lang = '{}';"
# Streamlit comes back from the provider to "/". The window itself remembers what it wanted to open, as long as it is open; it goes there
# only on this very site, whatever an address looks like.
_REMEMBER: Final = "sessionStorage.setItem('icalsync.wanted', location.pathname + location.search);"
_RETURN: Final = """
const wanted = sessionStorage.getItem('icalsync.wanted');
sessionStorage.removeItem('icalsync.wanted');
if (wanted && wanted !== location.pathname + location.search) location.replace(location.origin + wanted);
"""
# Enter sends an account and its password, as it does in every other form; Streamlit's forms do not look at what is being typed.
_ENTER: Final = """
if (!window.icalsyncEnter) window.addEventListener('keydown', window.icalsyncEnter = event => {
  if (event.key !== 'Enter' || event.isComposing || !event.target.matches('[class*=st-key-typed_] input')) return;
  setTimeout(() => { const send = document.querySelector('.st-key-typed_send button'); if (send) send.click(); }, 100);
});
"""
_SCRIPTS: Final = {
    (language, then): f"<script>{_SPEAK.format(language)}{_ENTER}{more}</script>"
    for language in LANGUAGES
    for then, more in (("stay", ""), ("remember", _REMEMBER), ("return", _RETURN))
}
_HIDDEN: Final = f"<style>div:has(> .st-key-{_PLACE}) {{ display: none }}</style>"  # with the room around it
# "Press Enter to submit form" has no other language.
_NO_HINTS: Final = "<style>[data-testid='InputInstructions'] { display: none }</style>"


def tell_window(then: Literal["stay", "remember", "return"] = "stay") -> None:
    """Say the page's language; before a provider's sign-in ``remember`` what is open, and ``return`` to it afterwards."""
    language = choose_language()
    st.html(_HIDDEN)
    if language != "en":
        st.html(_NO_HINTS)
    with st.container(key=_PLACE):
        st.html(_SCRIPTS[language, then], unsafe_allow_javascript=True)
