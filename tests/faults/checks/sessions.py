"""Promise 6 by time: from 100 ms after the end of a session was answered, nothing is done for it or handed to it.

Only what is certain counts: an answer to a request that was sent after the bound, and an event that was made by a
request sent after the bound. When a frame was read says nothing, since the reader is as slow as this machine is.
"""

from collections.abc import Iterator
from math import inf

from tests.faults.parts import key_of
from tests.faults.timeline import Timeline
from tests.faults.violation import Violation

BOUND = 0.1
BOUND_WITHOUT_BUS = 2.0
"""While the bus is broken."""


def check(timeline: Timeline) -> Iterator[Violation]:
    """Find what ended sessions were still given."""
    bounds = {
        op.args.ends: op.ended + _bound(timeline, op.ended) for op in timeline.of("sign_out", "revoke") if op.acked
    }
    for op in timeline.ops.values():
        bound = bounds.get(op.invoke.session, inf)
        if op.acked and op.began > bound and op.what not in ("sign_out", "sign_in"):
            text = f"a {op.what} at {op.invoke.edge} was answered {op.began - bound:.3f} s after its session's bound"
            yield Violation("leaked", text, op.ended, op.args.channel, (op.number,))
    for stream in timeline.streams:
        bound = bounds.get(stream.session, inf)
        if stream.opened > bound:
            text = f"{stream.name} was greeted, though begun {stream.opened - bound:.3f} s after its session's bound"
            yield Violation("leaked", text, stream.hello)
        if stream.until < bound or bound == inf:
            continue
        for channel in timeline.channels.values():
            for frame in stream.of_channel.get(channel.id, ()):
                event = channel.events[channel.place[key_of(frame)]]
                if event.began > bound:
                    text = f"{stream.name} told of {frame.event} {frame.id}, sent {event.began - bound:.3f} s after"
                    yield Violation("leaked", f"{text} its session's bound", frame.at, channel.id, (event.op,))


def _bound(timeline: Timeline, ended: float) -> float:
    broken = any(
        fault.touches_bus and fault.at <= ended + BOUND and ended <= fault.until + BOUND_WITHOUT_BUS
        for fault in timeline.faults
    )
    return BOUND_WITHOUT_BUS if broken else BOUND
