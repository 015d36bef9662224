"""Every fault of the wire against a pulling client: once and for good, on the request where it bites (issue 4, faults.md N, H and C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.catalogue import FAULTS, pulling
from tests.faults.trial import Trial

if TYPE_CHECKING:
    from tests.faults.behaviour import Fault
    from tests.faults.conftest import Worlds

ON_OTHER_SERVERS = ("reset_in_the_body", "token_refused_by_the_server", "nothing_there")


def tried(worlds: Worlds, server: str, trial: Trial) -> None:
    """Carry a trial out; a world in which it failed is thrown away."""
    try:
        trial.carry_out(worlds.of(server))
    except BaseException:
        worlds.throw_away(server)
        raise


@pytest.mark.parametrize("lasting", [pytest.param(False, id="once", marks=pytest.mark.long), pytest.param(True, id="for_good")])
@pytest.mark.parametrize("fault", [fault for fault in pulling() if not fault.rare and not fault.harmless], ids=str)
def test_a_fault_loses_nothing_and_is_over_when_it_is_over(worlds: Worlds, fault: Fault, lasting: bool) -> None:
    """N, H and C by number: while it lasts nothing known is lost, nothing is made up and no slot opens; two runs later all is as there."""
    tried(worlds, "icloud", Trial(fault, fault.kinds[0], lasting))


@pytest.mark.parametrize("fault", [fault for fault in pulling() if fault.harmless and not fault.rare], ids=str)
def test_an_odd_but_whole_answer_is_understood(worlds: Worlds, fault: Fault) -> None:
    """N, H and C by number: where an answer still says everything, each run under it ends well and with the right objects."""
    tried(worlds, "icloud", Trial(fault, fault.kinds[0], lasting=True))


@pytest.mark.parametrize("server", ["radicale", "xandikos"])
@pytest.mark.parametrize("name", ON_OTHER_SERVERS)
def test_it_is_so_on_other_servers(worlds: Worlds, server: str, name: str) -> None:
    """N3, H4, H30: the same judge, before servers that know nothing of iCloud."""
    tried(worlds, server, Trial(FAULTS[name], FAULTS[name].kinds[0], lasting=True))


def test_every_case_of_the_catalogue_that_bites_a_pull_has_its_fault() -> None:
    """N, H, C: a case without a fault here is one that no answer on the wire can show, and is named where it is tried."""
    here = {case for fault in FAULTS.values() if not fault.rare for case in fault.cases}
    elsewhere = {
        "N6", "N7", "N8", "N9",  # names and addresses: tests/caldav/test_hosts.py, test_transport.py, test_tls.py
        "C11", "C13", "C17", "C18", "C19", "C20", "C21", "C22", "C24", "C27", "C28", "C29",  # contents: test_contents.py
    }  # fmt: skip
    cases = [*(f"N{n}" for n in range(1, 15)), *(f"H{n}" for n in range(1, 37)), *(f"C{n}" for n in range(1, 31))]
    assert [case for case in cases if case not in here | elsewhere] == []
    assert elsewhere & here == set()
