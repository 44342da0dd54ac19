"""Promise 7: who has a socket is online, who has none is offline, each within its bound."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from tests.faults.parts import Op
from tests.faults.timeline import Timeline
from tests.faults.violation import Violation

CLEAN = 1.0
"""Seconds until a socket's opening, or its end by the client's own doing, is known."""
LEASE = 10.0
"""Seconds until the users of an edge that died, or is paused, are offline."""
SLACK = 1.5
"""For the sweep that ends leases, and for this machine."""
_STORES = ("redis", "postgres-primary")
"""What presence writes to: who has sockets, and what people are shown as."""


@dataclass(frozen=True, slots=True)
class _Here:
    """A time during which a user had a socket."""

    begun: float
    """When it was opened: the mesh may know of it from then on."""
    greeted: float
    """When it surely was known; never, if it ended before."""
    until: float
    gone_at: float
    """By when presence must know of its end."""
    edge: str


def check(timeline: Timeline) -> Iterator[Violation]:
    """Compare every answer on a status with the sockets of the time before it."""
    sockets = _sockets(timeline)
    for op in timeline.of("statuses"):
        if not op.acked:
            continue
        for user, status in op.value.statuses.items():
            if status == "offline":
                yield from _offline(timeline, op, user, sockets[user])
            else:
                yield from _online(timeline, op, user, status, sockets[user])


def _sockets(timeline: Timeline) -> dict[str, list[_Here]]:
    ends = {end.socket: end for end in timeline.ends}
    sockets: dict[str, list[_Here]] = defaultdict(list)
    for number, opened in timeline.opens.items():
        end, greeted = ends.get(number), timeline.hellos.get(number, inf)
        until = end.at if end is not None else inf
        clean = end is not None and end.how in ("client", "settled") and greeted < inf
        clean = clean and not _disturbed(timeline, opened.edge, until) and not _presence_was_broken(timeline, until)
        known = _heard(timeline, until) + SLACK + (CLEAN if clean else LEASE)
        sockets[opened.client].append(_Here(opened.at, greeted, until, known, opened.edge))
    return sockets


def _offline(timeline: Timeline, op: Op, user: str, sockets: list[_Here]) -> Iterator[Violation]:
    """Losing Redis or an instance of presence makes nobody offline. Who comes meanwhile shows once a store is back."""
    for here in sockets:
        known = _heard(timeline, here.greeted) + CLEAN + SLACK < op.began
        if known and here.until > op.ended and not _disturbed(timeline, here.edge, op.ended):
            text = f"{timeline.name(user)} is offline at {op.invoke.edge}, with a socket on {here.edge}"
            yield Violation("untrue", f"{text} for {op.began - here.greeted:.1f} s", op.ended, "", (op.number,))
            return


def _online(timeline: Timeline, op: Op, user: str, status: str, sockets: list[_Here]) -> Iterator[Violation]:
    if any(here.begun < op.ended and here.gone_at > op.began for here in sockets):
        return
    if _presence_was_broken(timeline, op.began):
        return
    last = max((here.until for here in sockets if here.begun < op.began), default=-inf)
    text = f"{timeline.name(user)} is {status} at {op.invoke.edge}, without a socket for {op.began - last:.1f} s"
    yield Violation("untrue", text, op.ended, "", (op.number,))


def _heard(timeline: Timeline, at: float) -> float:
    """When presence could first keep what it was told at that time: not before both of its stores are back."""
    for fault in sorted(timeline.faults, key=lambda fault: fault.at):
        if fault.at <= at <= fault.until and fault.target in _STORES:
            at = fault.until
    return at


def _disturbed(timeline: Timeline, edge: str, at: float) -> bool:
    """Whether the edge cannot have reported for a part of the time before."""
    return any(
        fault.at <= at <= fault.until + LEASE + SLACK and _concerns(fault.target, edge) for fault in timeline.faults
    )


def _presence_was_broken(timeline: Timeline, at: float) -> bool:
    """Right after presence or its Redis was away, a lease lasts a whole lease more."""
    return any(
        fault.at <= at <= fault.until + 2 * LEASE + SLACK and fault.target.startswith(("presence", "redis"))
        for fault in timeline.faults
    )


def _concerns(target: str, edge: str) -> bool:
    # Through the front it may be any edge.
    named = "edge" if edge == "front" else edge
    return target in ("everything", "envoy") or target.startswith(named)
