"""Rules about code that no linter has: each names its one exception by file."""

import ast
import re

from tests.architecture.sources import called, modules

TASKS = "services/chassis/tasks.py"
UNCANCELLED = "services/chassis/database/engine.py"  # COMMIT is shielded there, and awaited in place
LIFECYCLE = "services/chassis/lifecycle.py"  # waits for its own wiring and signals
CLOCK = "services/chassis/clock.py"
IDS = "services/chassis/ids.py"


def test_background_tasks_have_an_owner() -> None:
    strays = [
        (path, name)
        for path, tree in modules("services")
        for name, _ in called(tree)
        if name.rpartition(".")[2] in ("create_task", "ensure_future") and path not in (TASKS, UNCANCELLED, LIFECYCLE)
    ]
    assert not strays


def test_the_wall_clock_is_a_dependency() -> None:
    strays = [
        (path, name)
        for path, tree in modules("services")
        for name, _ in called(tree)
        if name in ("time.time", "time.time_ns", "datetime.now", "datetime.datetime.now", "datetime.utcnow")
        and path not in (CLOCK, "services/chassis/logs.py")
    ]
    assert not strays


def test_randomness_becomes_a_name_in_one_place() -> None:
    strays = [
        (path, name)
        for path, tree in modules("services")
        for name, _ in called(tree)
        if (name.startswith(("uuid.", "secrets.")) or name == "os.urandom") and path != IDS
    ]
    assert not strays


def test_no_queue_grows_without_bound() -> None:
    strays = [
        (path, name)
        for path, tree in modules("services")
        for name, call in called(tree)
        if name.endswith("asyncio.Queue") and not call.args and not call.keywords
    ]
    assert not strays


def test_statements_name_their_columns() -> None:
    star = re.compile(r"SELECT\s+\*\s+FROM\s+(?!unnest)", re.IGNORECASE)
    strays = [
        (path, node.lineno)
        for path, tree in modules("services")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and star.search(node.value)
    ]
    assert not strays


def test_no_statement_is_put_together_with_a_value() -> None:
    """A statement is a module's constant, or put together from constants by a `…_sql` function when it is imported."""
    sql = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s", re.IGNORECASE)
    strays = []
    for path, tree in modules("services"):
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or function.name.endswith("_sql"):
                continue
            strays += [
                (path, node.lineno)
                for node in ast.walk(function)
                if isinstance(node, ast.JoinedStr)
                and node.values
                and isinstance(node.values[0], ast.Constant)
                and sql.match(str(node.values[0].value))
            ]
    assert not strays


_TIMETABLES = ("tests/faults/nemesis.py", "tests/faults/run.py")
"""What breaks a mesh for so and so long, which is no waiting for anything."""


def test_tests_wait_for_conditions_not_for_time() -> None:
    """A poll between two looks at a condition is a wait for it; a sleep alone is a guess."""
    strays = []
    for path, tree in modules("tests"):
        loops = {
            id(call)
            for loop in ast.walk(tree)
            if isinstance(loop, ast.While | ast.For | ast.AsyncFor)
            for call in ast.walk(loop)
        }
        strays += [
            (path, call.lineno)
            for name, call in called(tree)
            if name in ("time.sleep", "asyncio.sleep")
            and id(call) not in loops
            and not (call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)
            and not path.startswith(("tests/load/", "tests/architecture/", *_TIMETABLES))
        ]
    assert not strays
