"""Faults on the wire: one proxy between the real client and a real server, which misbehaves as it is told.

A test starts a ``FaultProxy`` before a server and gives its ``url`` to the client; everything passes unchanged until a fault is put in::

    with FaultProxy([server.url]) as proxy:
        app.connect("ACME", "anna", provider="caldav", url=proxy.url, ...)
        rule = proxy.inject(FAULTS["lost_answer"], Kind.PUT)            # the next PUT arrives, and its answer does not (H18, P2)
        rule = proxy.inject(FAULTS["status_412"], Kind.PUT, times=None) # every PUT from now on
        ...
        assert rule.bitten == 1                                         # a fault that bit nothing proves nothing
        proxy.heal()                                                    # the world is well again
        proxy.ledger.kinds(after=mark)                                  # what was asked, in order: Kind.PUT, Kind.GET, …

``FAULTS`` holds every fault by name, with its numbers in the catalogue and the kinds of request it bites; ``faults_on(Kind.PUT)`` and
``faults_on(Kind.DELETE)`` are those of writing. A fault of one's own is a ``Fault`` with one of the behaviours in ``behaviour.py``.
``World`` is the whole arrangement (server, proxy, database, people) and ``Witness`` the one judge of what may happen in it.
"""

from __future__ import annotations

from tests.faults.asked import Asked, Kind
from tests.faults.behaviour import Fault
from tests.faults.catalogue import FAULTS, faults_on
from tests.faults.proxy import FaultProxy, Rule

__all__ = ["FAULTS", "Asked", "Fault", "FaultProxy", "Kind", "Rule", "faults_on"]
