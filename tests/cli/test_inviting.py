"""``icalsync invite`` where nobody said at which address the dashboard is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icalsync.cli import main
from tests.browser.conftest import clinic_in

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_link_is_whole_also_without_the_dashboards_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It opens on this machine, and which setting is missing to send it is said beside it."""
    clinic = clinic_in(tmp_path)
    for name, value in clinic.environment.items():
        monkeypatch.setenv(name, value)
    clinic.app.add_sub_account("ACME", time_zone="Europe/Berlin")
    clinic.app.add_user("ACME", "anna", name="Anna Adler")
    assert main.run(["invite", "ACME", "anna"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("http://127.0.0.1:8501/?invite=")
    assert shown.out.count("\n") == 1
    assert "ICALSYNC_DASHBOARD_URL" in shown.err
