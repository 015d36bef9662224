"""Who wants to read signs in: by name and password, or with the provider that was set up.

A session by name and password lasts as long as its window: loading the page anew asks again, and the form says so. Streamlit lets a page
read cookies and set none, except for a provider's sign-in; a cookie of our own would need a script in the page, and a token in the address
would end up in histories, logs and tickets. Who wants to stay signed in sets up a provider.
"""

from __future__ import annotations

import streamlit as st
from components.frame import show_language
from data import ENDED, IcalsyncError, Secret, say, show_error, sign_in, sign_in_way


def show_sign_in() -> None:
    """The form, and nothing of the pages behind it. What was typed is forgotten as soon as it was tried."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.title(say("page.signing_in"))
        if ENDED in st.session_state:
            st.info(say("SESSION_ENDED"))
        if sign_in_way() == "oidc":
            st.text(say("page.signing_in_oidc"))
            if st.button(say("page.sign_in"), type="primary"):
                st.login()
        else:
            by_name()
        show_language()


def by_name() -> None:
    """Name and password; a refusal says the same for all."""
    with st.form("signing_in", clear_on_submit=True):
        name = st.text_input(say("page.reader_name"), autocomplete="username")
        password = st.text_input(say("page.password"), type="password", autocomplete="current-password")
        sent = st.form_submit_button(say("page.sign_in"), type="primary")
    st.caption(say("page.signing_in_reload"))
    if not sent:
        return
    try:
        sign_in(name.strip(), Secret(password))
    except IcalsyncError as error:
        show_error(error)
    else:
        st.rerun()
