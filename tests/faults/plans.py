"""Which faults come, in which order: the same seed plans the same ones."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from deploy.local.programs import ENVOY, PRIMARY, REDIS, REPLICA

WIRED: Final = ("cut", "hold", "mute", "deafen", "delay")
STEP: Final = "step"
KINDS: Final = ("kill", "pause", "flush", "crash", "restart", "replay", "lag", "roll", STEP, *WIRED)
"""kill -9, SIGSTOP, FLUSHALL, kill -9 and restart of the primary, replay paused and delayed on the replica, restart of
every instance in turn, an instance's clock that is off and then right again (this needs clocks), and connections cut,
held in both directions or in one, and delayed (these need wires)."""

FAILOVER: Final = "redis-failover"
"""The master is killed or paused, and Sentinel promotes the other Redis: on a mesh that has such a pair."""

_PAUSES: Final = (1.0, 3.0, 6.0)
_LONG_PAUSE: Final = 14.0
"""Of an edge: longer than its lease and than any gap that a poll would hide."""
_WIRES_A_TURN: Final = 2
"""Roles of wires that a kind of fault gets in one turn: with all nine, wires would be six faults of seven."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One fault to come."""

    kind: str
    target: str
    seconds: float = 0.0

    @property
    def touches_bus(self) -> bool:
        """Whether revocations have the longer bound for it."""
        return self.target == REDIS or self.target.endswith("redis")

    @property
    def says(self) -> str:
        """For the progress."""
        return f"{self.kind} {self.target}" + (f" {self.seconds:g} s" if self.seconds else "")


def role_of(target: str) -> str:
    """The target without the numbers of instances: what is true of one is true of its like."""
    return "→".join(part.rstrip("0123456789").rstrip("-") for part in target.split("→"))


def plans(
    kinds: Sequence[str], instances: Sequence[str], wires: Sequence[str], chance: random.Random, turns: int = 0
) -> Iterator[Plan]:
    """Faults turn by turn, so many turns; 0 for turns without end.

    A turn does every kind to every role once, in a random order and to an instance drawn by lot; but to the many roles
    of wires some at a time, each as often as the others.
    """
    decks = {kind: _Deck(wires, chance) for kind in kinds if kind in WIRED and wires}
    for _ in range(turns) if turns else count():
        turn = [
            Plan(kind, target, _seconds(kind, target, chance))
            for kind in kinds
            for target in (decks[kind].draw(_WIRES_A_TURN) if kind in decks else _targets(kind, instances, chance))
        ]
        if not turn:
            return
        chance.shuffle(turn)
        yield from turn


def _targets(kind: str, instances: Sequence[str], chance: random.Random) -> Sequence[str]:
    drawn = [chance.choice(alike) for alike in _by_role(instances).values()]
    return {
        "kill": (*drawn, ENVOY, REDIS, REPLICA),
        "pause": (*drawn, ENVOY, REDIS, PRIMARY, REPLICA),
        "flush": (REDIS,),
        "crash": (PRIMARY,),
        "restart": (PRIMARY,),
        "replay": (REPLICA,),
        "lag": (REPLICA,),
        "roll": ("everything",),
        STEP: drawn,
        FAILOVER: (REDIS,),
    }.get(kind, ())


def _seconds(kind: str, target: str, chance: random.Random) -> float:
    lengths: Mapping[str, Sequence[float]] = {
        "pause": (*_PAUSES, _LONG_PAUSE) if role_of(target) == "edge" else _PAUSES,
        "replay": (2.0, 5.0),
        "lag": (1.0, 4.0, 30.0),
        STEP: (2.0, 4.0),
        FAILOVER: (0.0, 4.0, 8.0),
        "cut": (0.0, 1.0, 4.0),
        **dict.fromkeys(("hold", "mute", "deafen", "delay"), (1.0, 4.0)),
    }
    return chance.choice(lengths.get(kind, (0.0,)))


class _Deck:
    """Gives out roles like cards: none again before all others had their turn."""

    def __init__(self, targets: Sequence[str], chance: random.Random) -> None:
        self._roles, self._chance = list(_by_role(targets).values()), chance
        self._left: list[Sequence[str]] = []

    def draw(self, count: int) -> Sequence[str]:
        """A target each of the next roles."""
        drawn = []
        for _ in range(min(count, len(self._roles))):
            if not self._left:
                self._left = self._chance.sample(self._roles, len(self._roles))
            drawn.append(self._chance.choice(self._left.pop()))
        return drawn


def _by_role(targets: Sequence[str]) -> Mapping[str, list[str]]:
    alike: dict[str, list[str]] = {}
    for target in targets:
        alike.setdefault(role_of(target), []).append(target)
    return alike
