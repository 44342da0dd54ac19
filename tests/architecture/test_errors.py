"""Every reason is raised somewhere and mapped for both protocols."""

import ast

from services.chassis.errors import Reason
from services.chassis.rpc.errors import CODES
from tests.architecture.sources import modules

TABLES = ("services/chassis/errors.py", "services/chassis/rpc/errors.py", "services/edge/dialect/errors.py")


def test_every_reason_has_a_grpc_status() -> None:
    assert set(CODES) == set(Reason)


def test_every_reason_is_raised() -> None:
    used = {
        node.attr
        for path, tree in modules("services")
        if path not in TABLES
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("Reason")
    }
    assert {reason.name for reason in Reason} - used == set()
