"""Many want the same hour at the same moment (R14, case 21)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.journeys.booked import clinic_on_dav, monday

if TYPE_CHECKING:
    from tests.journeys.conftest import Cli
    from tests.servers import DavServer

IN_PROCESS = OPENS_FOR_EACH_QUESTION = True
ROOT = Path(__file__).parents[2]
PROCESSES = 5


@pytest.mark.long
def test_r14_of_fifty_who_book_one_slot_at_once_exactly_one_wins(clinic: Cli, radicale: DavServer) -> None:
    """R14, case 21: five processes with ten threads each, all after polling; everybody else is told that the time is taken."""
    booked = clinic_on_dav(clinic, radicale)
    clinic("policy", "ACME", "unknown=warn")  # a machine too slow to poll in time must not decide this
    words = [sys.executable, "-m", "tests.journeys.racing", monday(10).isoformat(), monday(11).isoformat(), str(PROCESSES)]
    raced = subprocess.run(words, cwd=ROOT, env=clinic.environment, stdout=subprocess.PIPE, text=True, timeout=110, check=True)
    ended = Counter(each for line in raced.stdout.splitlines() for each in json.loads(line))
    (appointment,) = booked.rows("appointments")
    assert ended == Counter({appointment["appointment_id"]: 1, "SLOT_NOT_BOOKABLE": 49})
    booked.sync()
    assert len(booked.work.texts()) == 1
    polls = [run for run in booked.rows("sync_runs") if run["purpose"] == "booking"]
    assert 1 <= len(polls) < PROCESSES * 10, "one poll serves many"
