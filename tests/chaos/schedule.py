"""Random schedules: what an owner, a network and a clock do between runs, decided from a seed before anything is done."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from tests.faults.asked import READS
from tests.faults.behaviour import Alter, Refuse
from tests.faults.catalogue import FAULTS, pulling
from tests.faults.sites import CALENDARS, LookAlike
from tests.faults.witness import Violation, Witness
from tests.faults.world import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tests.faults.proxy import Rule
    from tests.faults.world import World

NAMES: Final = tuple(f"o{number}.ics" for number in range(8))
CROWD: Final = tuple(f"c{number}.ics" for number in range(14))
"""Enough at once for their disappearance to be suspicious (R13)."""
_CLOCKS: Final = (1.0, MINUTE, 20 * MINUTE, 2 * HOUR, DAY, -10 * MINUTE)
_TIMES: Final = (1, 1, 2, 3, None)
_WEIGHTS: Final = {"put": 6, "delete": 3, "move": 2, "fault": 6, "heal": 2, "run": 7, "clock": 3, "restart": 1}
_RARE: Final = {"crowd": 1, "disperse": 1}
_ICLOUD: Final = {"expire": 1, "hide": 1, "rename": 1, "rotate": 1, "drop": 1}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens; what its words mean stands at ``Performance``."""

    does: str
    calendar: str = ""
    name: str = ""
    times: int | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        more = [self.calendar, self.name, f"{self.seconds:+g} s" if self.seconds else ""]
        if self.does == "fault":
            more.append("for good" if self.times is None else f"{self.times}x")
        return " ".join([self.does, *filter(None, more)])


def schedule_of(seed: str, server: str) -> tuple[Step, ...]:
    """The schedule of a seed: always the same."""
    rng = Random(seed)  # noqa: S311  # repeatable on purpose
    weights = _WEIGHTS | _RARE | (_ICLOUD if server == "icloud" else {})
    kinds = rng.choices(list(weights), list(weights.values()), k=rng.randint(6, 12))
    return (*(_step(rng, kind) for kind in kinds), Step("run"))


def _step(rng: Random, kind: str) -> Step:
    calendar = rng.choice(CALENDARS)
    match kind:
        case "put" | "delete" | "move":
            return Step(kind, calendar, rng.choice(NAMES))
        case "fault":
            fault = rng.choice(pulling())
            bitten = rng.choice([kind for kind in READS if kind in fault.kinds])
            return Step(kind, bitten.value, fault.name, rng.choice(_TIMES))
        case "clock":
            return Step(kind, seconds=rng.choice(_CLOCKS))
        case "hide" | "rename" | "crowd" | "disperse":
            return Step(kind, calendar)
    return Step(kind)


class Performance:
    """A schedule, carried out in a world; ``Violation`` with what went wrong."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.witness = Witness(world)
        self.rules: list[Rule] = []
        self.lied = False
        """A fault was in force that nobody can notice before the next reconciliation."""
        self.hidden: set[str] = set()

    def perform(self, steps: tuple[Step, ...]) -> None:
        """All of it, and the recovery after it."""
        self.witness.begin()
        for step in steps:
            getattr(self, f"_{step.does}")(step)
        self._end()

    # --- the owner ------------------------------------------------------------------------------------------------------------

    def _put(self, step: Step) -> None:
        if step.calendar not in self.hidden:
            self.world.put(step.calendar, step.name)

    def _delete(self, step: Step) -> None:
        if step.calendar not in self.hidden and step.name in self.world.names(step.calendar):
            self.world.delete(step.calendar, step.name)

    def _move(self, step: Step) -> None:
        other = next(each for each in CALENDARS if each != step.calendar)
        there = step.name in self.world.names(step.calendar)
        if there and not self.hidden and step.name not in self.world.names(other):
            self.world.move(step.calendar, step.name, other)

    def _crowd(self, step: Step) -> None:
        for name in CROWD if step.calendar not in self.hidden else ():
            self.world.put(step.calendar, name)

    def _disperse(self, step: Step) -> None:
        for name in [name for name in CROWD if name in self.world.names(step.calendar)] if step.calendar not in self.hidden else []:
            self.world.delete(step.calendar, name)

    # --- the server, where it is the look-alike -------------------------------------------------------------------------------

    def _expire(self, _step: Step) -> None:
        self._look_alike().cloud.expire_tokens()

    def _rename(self, step: Step) -> None:
        if step.calendar not in self.hidden:
            self._look_alike().rename(step.calendar, f"{step.calendar} {self.world.next_number()}")

    def _rotate(self, _step: Step) -> None:
        self._look_alike().cloud.rotate_host()
        self.world.proxy.upstream = self._look_alike().origins

    def _drop(self, _step: Step) -> None:
        self.world.proxy.cut()

    def _hide(self, step: Step) -> None:
        """A calendar vanishes for a while (H6), or comes back."""
        if step.calendar in self.hidden:
            self._look_alike().bring_back(step.calendar)
            self.hidden.discard(step.calendar)
        else:
            self._look_alike().hide(step.calendar)
            self.hidden.add(step.calendar)

    def _look_alike(self) -> LookAlike:
        assert isinstance(self.world.site, LookAlike)
        return self.world.site

    # --- the network, the machine and the clock -------------------------------------------------------------------------------

    def _fault(self, step: Step) -> None:
        fault = FAULTS[step.name]
        kind = next(kind for kind in READS if kind.value == step.calendar)
        self.rules.append(self.world.proxy.inject(fault, kind, times=step.times))

    def _heal(self, _step: Step) -> None:
        self.world.proxy.heal()
        self.rules.clear()

    def _clock(self, step: Step) -> None:
        self.world.clock.advance(step.seconds)

    def _restart(self, _step: Step) -> None:
        self.world.restart()

    def _run(self, _step: Step) -> None:
        run = self.world.sync(hasty=any(rule.fault.slow and rule.left != 0 for rule in self.rules))
        self.lied = self.lied or any(rule.bitten and (rule.fault.hidden or _tampers(rule)) for rule in self.rules)
        for rule in [rule for rule in self.rules if isinstance(rule.fault.does, Refuse) and rule.left is not None]:
            self.rules.remove(rule)  # refused for one run
            self.world.proxy.heal()
        self.witness.meanwhile()
        self.witness.closed()
        if not self.lied and not self.hidden:
            self.witness.honest(run)

    def _end(self) -> None:
        self._heal(Step("heal"))
        for calendar in list(self.hidden):
            self._hide(Step("hide", calendar))
        verdict = ""
        for wait in (2 * HOUR, DAY, 2 * HOUR):  # the third only for what R13 holds
            self.world.clock.advance(wait)
            run = self.world.sync()
            self.witness.meanwhile()
            verdict = self.witness.disagreement() if run["outcome"] == "ok" else f"the run ends {run['outcome']} with {run['error_code']}"
            if not verdict or (wait == DAY and run["error_code"] != "REMOVALS_HELD"):
                break
        if verdict:
            raise Violation(f"after the recovery {verdict}")


def _tampers(rule: Rule) -> bool:
    """Whether what a row said was changed in a way that only a later look can tell: an ETag or a mark of one answer, kept as true."""
    return isinstance(rule.fault.does, Alter) and rule.fault.harmless
