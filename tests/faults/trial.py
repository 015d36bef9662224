"""One fault, tried: the owner edits, the fault bites, runs go by, the fault ends, and the witness judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.faults.asked import Kind
from tests.faults.behaviour import Refuse
from tests.faults.witness import Violation, Witness
from tests.faults.world import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tests.faults.behaviour import Fault
    from tests.faults.proxy import Rule
    from tests.faults.world import World

RUNS_OF_A_LASTING_FAULT: Final = 2
OBJECTS: Final = {"Work": ("a.ics", "b.ics", "c.ics", "d.ics"), "Side": ("s.ics",)}
_DAILY: Final = frozenset({Kind.DISCOVERY, Kind.FIRST, Kind.LISTING})
_OF_THE_ACCOUNT: Final = frozenset({Kind.DISCOVERY, Kind.HOME})


@dataclass(frozen=True, slots=True)
class Trial:
    """A fault on a kind of request, once or for as long as it lasts."""

    fault: Fault
    kind: Kind
    lasting: bool

    def __str__(self) -> str:
        return f"{self.fault}-{self.kind}-{'lasting' if self.lasting else 'once'}"

    def carry_out(self, world: World) -> None:
        """Everything; ``Violation`` where something was lost, invented or never healed, or where the fault met no request."""
        prepare(world, self.kind)
        witness = Witness(world)
        witness.begin()
        edit(world, self.kind)
        if self.kind in _DAILY:
            world.clock.advance(DAY)
        if self.kind is Kind.LISTING:
            world.without_sync_collection()
        below = "" if self.lasting or self.kind in _OF_THE_ACCOUNT else world.site.place("Work")
        rule = world.proxy.inject(self.fault, self.kind, times=None if self.lasting else 1, below=below)
        for number in range(RUNS_OF_A_LASTING_FAULT if self.lasting and not self.fault.harmless else 1):
            world.clock.advance(MINUTE * (1 + number))
            self._judge(witness, world.sync(hasty=self.fault.slow), rule)
        if not rule.bitten and not isinstance(self.fault.does, Refuse):
            raise Violation(f"{self} met no request: {world.proxy.ledger.kinds()[-8:]}")
        witness.closed()
        world.proxy.heal()
        recover(world, witness)

    def _judge(self, witness: Witness, run: dict[str, Any], rule: Rule) -> None:
        witness.meanwhile()
        if not self.fault.hidden:
            witness.honest(run)
        if self.fault.harmless and run["outcome"] != "ok":
            raise Violation(f"{self} is harmless, and yet the run ended {run['outcome']} with {run['error_code']}")
        if self.fault.busy and rule.bitten:
            self._judge_patience(run)
        if run["status"] == "reauthentication_needed" and self.kind is not Kind.DISCOVERY and "H1" not in self.fault.cases:
            raise Violation(f"{self} is no dead password (H5)")

    def _judge_patience(self, run: dict[str, Any]) -> None:
        """H5, H15: asked to wait by the account's own listing, it waits; asked by one calendar, that one is not said to be well."""
        if self.kind in _OF_THE_ACCOUNT and run["status"] != "throttled":
            raise Violation(f"{self} asks for patience, and the account is {run['status']}")
        if run["outcome"] == "ok":
            raise Violation(f"{self} asks for patience, and the run says ok")


def prepare(world: World, kind: Kind) -> None:
    """The standing objects, known; and no full listing due in the next hours, because then nobody asks for a delta."""
    missing = [(calendar, name) for calendar, names in OBJECTS.items() for name in names if name not in world.names(calendar)]
    for calendar, name in missing:
        world.put(calendar, name)
    if missing:
        world.sync()
    if kind not in _DAILY and world.until_a_listing() < 4 * HOUR:
        world.clock.advance(DAY)
        world.sync()


def edit(world: World, kind: Kind) -> None:
    """What the owner does before the run: one object is changed, others come and go, so that this kind of request is made."""
    work = world.names("Work")
    for name in work[len(OBJECTS["Work"]) :]:
        world.delete("Work", name)
    world.put("Work", work[0])
    if kind is not Kind.GET:
        world.put("Work", work[1])
        world.put("Work", f"extra{world.clock.monotonic():.0f}.ics")
    world.put("Side", "s.ics")


def recover(world: World, witness: Witness) -> None:
    """At most two runs, hours apart because R13 may hold and accounts rest, the last one a day later because tokens may have lied (C2)."""
    verdict = ""
    for wait in (2 * HOUR, DAY):
        world.clock.advance(wait)
        run = world.sync()
        witness.meanwhile()
        verdict = witness.disagreement() if run["outcome"] == "ok" else f"the run ends {run['outcome']} with {run['error_code']}"
        if not verdict:
            return
    raise Violation(f"two runs after the fault {verdict}")
