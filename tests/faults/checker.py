"""Decides on a history alone whether the promises were kept, and prints what broke with the operations around it.

`python -m tests.faults.checker HISTORY.jsonl` judges one that was recorded earlier.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from tests.faults import history
from tests.faults.checks import membership, order, presence, reads, sessions, streams, writes
from tests.faults.history import Record
from tests.faults.parts import Op
from tests.faults.timeline import Timeline, build
from tests.faults.violation import KINDS, Violation

CHECKS: tuple[Callable[[Timeline], Iterator[Violation]], ...] = (
    writes.check,
    order.check,
    streams.check,
    reads.check,
    membership.check,
    sessions.check,
    presence.check,
)
_SHOWN = 8
"""Violations of a kind that are printed with their surroundings."""
_AROUND = 6
"""Operations before and after."""


def judge(records: Iterable[Record]) -> tuple[Timeline, list[Violation]]:
    """Return the history in order, and everything that is wrong with it."""
    timeline = build(records)
    return timeline, [violation for check in CHECKS for violation in check(timeline)]


def report(timeline: Timeline, violations: Sequence[Violation]) -> Iterator[str]:
    """Lines for whoever must find out why."""
    for kind in KINDS:
        of_kind = [violation for violation in violations if violation.kind == kind]
        for violation in of_kind[:_SHOWN]:
            yield f"{kind}: {violation.text}"
            yield from (f"    {line}" for line in _around(timeline, violation))
        if len(of_kind) > _SHOWN:
            yield f"{kind}: {len(of_kind) - _SHOWN} more"


def _around(timeline: Timeline, violation: Violation) -> Iterator[str]:
    concerned = [timeline.ops[number] for number in violation.ops if number in timeline.ops]
    moment = violation.at or (concerned[0].began if concerned else 0)
    if not moment:
        return
    for fault in timeline.faults:
        if fault.at - 1 <= moment <= fault.until + 10:
            yield f"{fault.at - moment:+9.3f} s  fault {fault.kind} {fault.target} for {fault.until - fault.at:.1f} s"
    near = [op for op in timeline.ops.values() if op.args.channel == violation.channel or op in concerned]
    near.sort(key=lambda op: abs(op.began - moment))
    for op in sorted({op.number: op for op in [*near[: 2 * _AROUND], *concerned]}.values(), key=lambda op: op.began):
        yield _line(timeline, op, moment, op in concerned)


def _line(timeline: Timeline, op: Op, moment: float, concerned: bool) -> str:
    args, value = op.args, op.value
    about = " ".join(
        filter(None, (args.kind, args.post or args.root, args.token, args.emoji, timeline.name(args.user)))
    )
    answer = (
        "no answer"
        if op.done is None
        else f"{op.done.outcome} {op.done.status or ''} after {op.ended - op.began:.3f} s"
    )
    result = " ".join(filter(None, (value.id, f"at {value.at}" if value.at else "")))
    return (
        f"{'>' if concerned else ' '}{op.began - moment:+8.3f} s  {op.number} {timeline.name(op.invoke.client)} "
        f"at {op.invoke.edge}: {op.what} {about} → {answer} {result}"
    )


def main() -> int:
    """Judge the file that is named; 1 when something broke."""
    timeline, violations = judge(history.load(Path(sys.argv[1])))
    for line in report(timeline, violations):
        print(line)
    print(f"{len(timeline.ops)} operations, {len(timeline.streams)} sockets, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
