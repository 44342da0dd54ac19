"""The budgets of an idle mesh: every process has one, and together they are what is promised."""

from pathlib import Path

import pytest

from deploy.local.ports import Ports
from deploy.local.programs import ENVOY, PRIMARY, REDIS, REPLICA
from deploy.local.topology import DEFAULT_SCALE, topology
from tests.load.idle import BUDGETS
from tests.load.processes import SUPERVISOR


def test_every_process_of_a_mesh_has_a_budget() -> None:
    instances = {instance.name for instance in topology(Ports(20000), Path(), DEFAULT_SCALE).instances}
    assert BUDGETS.keys() == instances | {ENVOY, PRIMARY, REPLICA, REDIS, SUPERVISOR}


def test_together_they_are_two_per_cent_of_a_core_and_no_more_than_a_gibibyte() -> None:
    assert sum(budget.percent for budget in BUDGETS.values()) == pytest.approx(2.0)
    assert sum(budget.mib for budget in BUDGETS.values()) <= 1024
