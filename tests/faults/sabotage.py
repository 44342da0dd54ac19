"""Services that break a promise on purpose, by which is seen that the workload and the checker would notice.

`python -m tests.faults.sabotage DEED,DEED services.messaging --instance …` runs the service with its part in the deeds:

- `stale-reads`: messaging reads from any replica, however old;
- `lossy-bus`: messaging loses one publish in a hundred;
- `no-repair`: edges deliver across a gap, and never ask for what they lack;
- `silent-revocations`: auth answers a revocation without telling the control stream;
- `skipping-resume`: an edge that hands a connection over keeps one frame to itself.
"""

import runpy
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from deploy.local.paths import Layout
from deploy.local.programs import Command, service_command
from deploy.local.topology import Instance

_LOST = 100


def command(*deeds: str) -> Command:
    """How to run instances that do these deeds."""

    def sabotaged(instance: Instance, layout: Layout) -> Sequence[str]:
        python, dash_m, module, *rest = service_command(instance, layout)
        return [python, dash_m, "tests.faults.sabotage", ",".join(deeds), module, *rest]

    return sabotaged


class _AnySeq(int):
    """Equal to every seq."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


def _stale_reads() -> None:
    from services.messaging.store import freshness

    class Standing(freshness.Standing):
        def __new__(cls, access: Any, seq: int, emoji_seq: int) -> "Standing":
            return super().__new__(cls, access, _AnySeq(seq), emoji_seq)

    freshness.Standing = Standing  # type: ignore[misc]


def _lossy_bus() -> None:
    from services.chassis.bus.redis import RedisBus

    publish = RedisBus.publish

    async def lossy(self: RedisBus, messages: Any) -> None:
        await publish(self, [message for message in messages if not message.seq or message.seq % _LOST != _LOST // 2])

    RedisBus.publish = lossy  # type: ignore[method-assign]


def _no_repair() -> None:
    from services.edge.ws.ordering import Ordering

    accept = Ordering.accept

    def across(self: Any, topic: str, seq: int, event: Any, incarnation: str, now: float) -> Any:
        state = self._topics.get(topic)
        if state is not None and seq > state.position:
            state.position = seq - 1
        return accept(self, topic, seq, event, incarnation, now)

    Ordering.accept = across  # type: ignore[method-assign]
    Ordering.heard = lambda *_: None  # type: ignore[method-assign]


def _silent_revocations() -> None:
    from services.auth.operations.revocation import Revocations

    async def silent(self: Revocations, entries: Any) -> None:
        self._publisher.publish_soon(entries)

    Revocations.announce = silent  # type: ignore[method-assign]


def _skipping_resume() -> None:
    from services.edge.ws.resumption import Resumption, State

    take = Resumption.take

    def skipping(self: Resumption, *asked: Any) -> Any:
        state = take(self, *asked)
        return replace(state, heads=state.heads[1:]) if isinstance(state, State) else state

    Resumption.take = skipping  # type: ignore[assignment, method-assign]


_DEEDS: Mapping[str, tuple[str, Callable[[], None]]] = {
    "stale-reads": ("services.messaging", _stale_reads),
    "lossy-bus": ("services.messaging", _lossy_bus),
    "no-repair": ("services.edge", _no_repair),
    "silent-revocations": ("services.auth", _silent_revocations),
    "skipping-resume": ("services.edge", _skipping_resume),
}

if __name__ == "__main__":
    deeds, service = sys.argv.pop(1).split(","), sys.argv.pop(1)
    for doer, deed in map(_DEEDS.__getitem__, deeds):
        if doer == service:
            deed()
    runpy.run_module(service, run_name="__main__", alter_sys=True)
