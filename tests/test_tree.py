"""What is committed: no secret, no account number, no machine path (S3)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
ALLOWED = {"xxxx-xxxx-xxxx-xxxx", "abcd-efgh-ijkl-mnop"}
PASSWORD = re.compile(r"\b[a-z]{4}(?:-[a-z]{4}){3}\b")
BASIC = re.compile(r"\bBasic [A-Za-z0-9+/]{12,}={0,2}")
DSID = re.compile(r"(?:icloud\.com(?::\d+)?)?/(\d{6,})/(?:calendars|principal)/")
INVENTED_DSID = re.compile(r"1[02]\d{6,}|(\d)\1{5,}|123456\d*")


def tracked() -> list[Path]:
    """Every file git would commit."""
    names = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    """Their texts; the lock file holds hashes only."""
    return [(path, path.read_text("utf-8", "replace")) for path in tracked() if path.name != "requirements.lock"]


def test_nothing_that_looks_like_an_app_specific_password_is_committed_s3() -> None:
    """S3: but for the two that stand in the guide and in the tests."""
    found = {(path.name, match) for path, text in texts() for match in PASSWORD.findall(text) if match not in ALLOWED}
    assert found == set()


def test_no_authorization_header_is_committed_s3() -> None:
    """S3: a recorded Basic header is a password."""
    assert [path.name for path, text in texts() if BASIC.search(text)] == []


def test_no_account_number_is_committed_s3() -> None:
    """S3: iCloud's paths hold the person's number; ours are invented and look it."""
    found = {(path.name, dsid) for path, text in texts() for dsid in DSID.findall(text) if not INVENTED_DSID.fullmatch(dsid)}
    assert found == set()


def test_no_path_of_a_developers_machine_is_committed() -> None:
    """A path that exists on one machine is a bug on every other."""
    paths = re.compile(r"(?<![\w.])/(?:root|home/[a-z]+|Users/[A-Za-z]+)/")
    assert [path.name for path, text in texts() if path != Path(__file__) and paths.search(text)] == []
