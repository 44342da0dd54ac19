"""What a run comes to: the numbers for the table and for the JSON line below it."""

import copy
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

from tests.faults.history import Fault
from tests.faults.parts import Op
from tests.faults.plans import role_of
from tests.faults.timeline import Timeline
from tests.faults.violation import KINDS, Violation

_WRITES = ("post", "edit", "delete", "react", "unreact", "add", "remove")
_COMES_AND_GOES = ("sign_in", "sign_out", "create")
_NEVER: Mapping[str, float] = {"times": 0, "longest": 0.0, "back": 0.0}


def summary(timeline: Timeline, violations: Sequence[Violation], seed: int, seconds: float) -> dict[str, Any]:
    """The run in numbers; times are seconds."""
    writes = [op for op in timeline.of(*_WRITES) if op.done is not None]
    reads = list(timeline.of("page", "thread"))
    found = Counter(violation.kind for violation in violations)
    return {
        "seed": seed,
        "seconds": round(seconds, 1),
        "operations": len(timeline.ops),
        "acknowledged": sum(op.acked for op in writes),
        "refused": sum(op.refused for op in writes),
        "unknown": sum(op.done is not None and op.done.outcome == "unknown" for op in writes),
        "retried": sum(op.done is not None and op.done.attempts > 1 for op in writes),
        "reads": sum(op.acked for op in reads),
        "sockets": len(timeline.streams),
        "events_told": sum(len(stream.frames) for stream in timeline.streams),
        "faults": len(timeline.faults),
        "unavailable": unavailable(timeline),
        "server_errors": dict(_server_errors(timeline)),
        **{kind: found[kind] for kind in KINDS},
    }


def unavailable(timeline: Timeline) -> dict[str, dict[str, float]]:
    """By fault and role: how often it was injected, and for how long at most a write that it met had to wait."""
    writes = sorted((op for op in timeline.of(*_WRITES, *_COMES_AND_GOES) if op.acked), key=lambda op: op.ended)
    ends = [op.ended for op in writes]
    faults = sorted(timeline.faults, key=lambda fault: fault.at)
    rows: dict[str, dict[str, float]] = {}
    for number, fault in enumerate(faults):
        until = faults[number + 1].at if number + 1 < len(faults) else inf
        waits = _waits(writes[bisect_left(ends, fault.at) :], fault, until)
        row = rows.setdefault(f"{fault.kind} {role_of(fault.target)}", dict(_NEVER))
        _add(row, {"times": 1, "longest": max(waits, default=0.0), "back": fault.until - fault.at})
    return rows


def merged(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Runs of one order on several meshes, as one: what is counted is added up."""
    first, *others = results
    whole = copy.deepcopy(first)
    for result in others:
        for name, value in result.items():
            if isinstance(value, (int, float)) and name != "seed":
                whole[name] = round(whole[name] + value, 1)
        whole["trouble"] += result["trouble"]
        whole["server_errors"] = dict(Counter(whole["server_errors"]) + Counter(result["server_errors"]))
        for fault, row in result["unavailable"].items():
            _add(whole["unavailable"].setdefault(fault, dict(_NEVER)), row)
    return whole


def _add(row: dict[str, float], more: Mapping[str, float]) -> None:
    row["times"] += more["times"]
    for name in ("longest", "back"):
        row[name] = round(max(row[name], more[name]), 2)


def _waits(writes: Sequence[Op], fault: Fault, until: float) -> Iterator[float]:
    return (op.ended - max(op.began, fault.at) for op in writes if op.began < until)


def _server_errors(timeline: Timeline) -> Counter[str]:
    """Failures that no fault explains by themselves: a 500 says that somebody's code gave up."""
    return Counter(
        f"{op.what} {op.done.status} {op.done.why}"
        for op in timeline.ops.values()
        if op.done is not None and op.done.status == 500
    )


def table(result: dict[str, Any]) -> Iterator[str]:
    """The numbers for people."""
    yield f"{'fault':<28}{'times':>7}{'longest wait of a write':>26}{'undone or back after':>23}"
    kinds: dict[str, dict[str, dict[str, float]]] = {}
    for fault, row in sorted(result["unavailable"].items()):
        kind, _, role = fault.partition(" ")
        kinds.setdefault(kind, {})[role] = row
    for kind, roles in kinds.items():
        total = dict(_NEVER)
        for row in roles.values():
            _add(total, row)
        yield _row(kind, total)
        for role, row in roles.items():
            yield _row(f"  {role}", row)
    yield ""
    names = ("operations", "acknowledged", "refused", "unknown", "retried", "reads", "sockets", "events_told", "faults")
    yield "  ".join(f"{name} {result[name]}" for name in names)
    yield "  ".join(f"{kind} {result[kind]}" for kind in KINDS)
    for error, times in result["server_errors"].items():
        yield f"server error, {times} times: {error}"


def _row(name: str, row: Mapping[str, float]) -> str:
    return f"{name:<28}{row['times']:>7.0f}{row['longest']:>24.2f} s{row['back']:>21.2f} s"
