"""The matrix of `make faults`: every fault comes, and as often as it should."""

import random
from collections import Counter
from itertools import islice

from tests.faults.plans import FAILOVER, KINDS, STEP, WIRED, Plan, plans, role_of

INSTANCES = ("auth-1", "auth-2", "messaging-1", "messaging-2", "presence-1", "files-1", "edge-1", "edge-2", "edge-3")
WIRES = ("auth-1→redis", "auth-2→redis", "messaging-1→postgres", "messaging-2→postgres", "edge-1→envoy", "edge-2→envoy")
ROLES = {role_of(name) for name in INSTANCES}
KILLED = ROLES | {"envoy", "redis", "postgres-replica"}
PAUSED = KILLED | {"postgres-primary"}
TURN = len(KILLED) + len(PAUSED) + 6 + len(ROLES) + 2 * len(WIRED)


def first(turns: int, seed: int = 1) -> list[Plan]:
    return list(islice(plans(KINDS, INSTANCES, WIRES, random.Random(seed)), turns * TURN))


def test_five_turns_do_every_fault_to_every_role_five_times() -> None:
    fired = Counter((plan.kind, role_of(plan.target)) for plan in first(5) if plan.kind not in WIRED)
    assert set(fired.values()) == {5}
    assert {kind for kind, _ in fired} == {*KINDS} - {*WIRED}
    assert {role for kind, role in fired if kind == "kill"} == KILLED
    assert {role for kind, role in fired if kind == "pause"} == PAUSED
    assert {role for kind, role in fired if kind == STEP} == ROLES


def test_the_roles_of_wires_take_turns() -> None:
    fired = Counter((plan.kind, role_of(plan.target)) for plan in first(6) if plan.kind in WIRED)
    assert {kind for kind, _ in fired} == {*WIRED}
    assert set(fired.values()) == {4}  # 6 turns of 2, for 3 roles


def test_so_many_turns_and_no_more() -> None:
    assert [*plans(KINDS, INSTANCES, WIRES, random.Random(1), turns=2)] == first(2)


def test_instances_of_a_role_are_drawn_by_lot() -> None:
    assert {plan.target for plan in first(20) if plan.kind == "kill"} >= {*INSTANCES}


def test_a_seed_replays() -> None:
    assert first(3, seed=7) == first(3, seed=7) != first(3, seed=8)


def test_kinds_that_find_nothing_to_break_plan_nothing() -> None:
    assert not list(plans(WIRED, INSTANCES, (), random.Random(1)))


def test_redis_fails_over_by_its_masters_death_and_by_its_pause() -> None:
    some = islice(plans((FAILOVER,), INSTANCES, (), random.Random(1)), 30)
    assert {plan.seconds for plan in some} >= {0.0, 4.0}
