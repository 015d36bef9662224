"""The pages as Streamlit runs them, without a browser, over a real database that was filled from a real server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from icalsync.ports import Secret
from tests.browser.conftest import Clinic, clinic, clinic_in, empty_clinic

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Clinic", "Pages", "clinic", "clinic_in", "empty_clinic", "pages"]

ROOT = Path(__file__).resolve().parents[2] / "dashboard"
OWN = {"data", "components", "app_pages"}
"""What of the dashboard is imported under its own name."""


class Pages:
    """The dashboard in one reader's hands: go to a page, read what it says, click and type."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)

    def of(self, clinic: Clinic, **more: str) -> Pages:
        """Over this database, with these settings besides."""
        for name, value in (clinic.environment | more).items():
            self._patch.setenv(name, value)
        return self

    def at(self, address: str) -> Pages:
        """As a server that listens at this address."""
        config.set_option("server.address", address)
        return self

    def go(self, page: str = "availability", **asked: str) -> str:
        """Open a page, with these parameters in its address; everything it says."""
        for name, value in asked.items():
            self.test.query_params[name] = value
        self.test.switch_page(f"app_pages/{page}.py").run()
        return self.said

    def invited(self, token: str) -> str:
        """Open the link of an invitation; everything it says."""
        self.test.query_params["invite"] = token
        self.test.run()
        return self.said

    def click(self, label: str, number: int = 0) -> str:
        """Click a button by what stands on it; everything the page says then."""
        found = [button for button in self.test.button if button.label == label]
        assert found, f"no button {label!r} among {[button.label for button in self.test.button]}"
        found[number].click().run()
        return self.said

    def labels(self) -> list[str]:
        """What stands on the buttons."""
        return [button.label for button in self.test.button]

    def widget(self, key: str) -> Any:
        """A field, a choice or a button by its key."""
        return next(element for element in self.test.main if getattr(element, "key", None) == key)

    def type(self, key: str, text: str) -> str:
        """Type into a field; everything the page says then."""
        self.test.text_input(key=key).set_value(text).run()
        return self.said

    @property
    def password(self) -> Any:
        """The field for an account's password."""
        (field,) = [field for field in self.test.text_input if (field.key or "").startswith("typed_password")]
        return field

    def type_password(self, text: str) -> str:
        """Type into it; everything the page says then."""
        self.password.set_value(text).run()
        return self.said

    @property
    def said(self) -> str:
        """Everything the page says, kind by kind and in order; no exception may show."""
        test = self.test
        assert [one.value for one in test.exception] == []
        kinds = (test.title, test.header, test.subheader, test.error, test.warning, test.success, test.info, test.text, test.caption)
        lines = [element.value for elements in kinds for element in elements]
        lines += [f"{element.label}: {element.value}" for element in test.metric]
        lines += [element.value for element in test.markdown] + [element.value for element in test.code]
        return "\n".join(str(line) for line in lines)

    def holds(self, secret: str) -> bool:
        """Whether a secret stands anywhere in the session's state (widgets' too, and inside a Secret) or in what the page shows."""
        inner = self.test._session_state._state
        states = (inner._old_state, inner._new_session_state, inner._new_widget_state.states)
        kept = [value.reveal() if isinstance(value, Secret) else repr(value) for state in states for value in state.values()]
        return any(secret in text for text in (*kept, self.said))


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    """The dashboard of this machine, with its own directory first on the path; its modules and options are gone afterwards."""
    monkeypatch.syspath_prepend(str(ROOT))
    # Streamlit puts the page there and leaves it, and a process that another test spawns later would run it.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    # Each test would read what every installed package says of itself, to find components; there are none.
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", list)
    address, magic = config.get_option("server.address"), config.get_option("runner.magicEnabled")
    config.set_option("server.address", "127.0.0.1")
    config.set_option("runner.magicEnabled", False)
    before = set(sys.modules)
    yield Pages(monkeypatch)
    config.set_option("server.address", address)
    config.set_option("runner.magicEnabled", magic)
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in OWN:
            del sys.modules[name]
