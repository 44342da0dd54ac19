"""A mesh that nobody uses: the CPU and memory of all its processes."""

import time

from tests.load.idle import BUDGETS
from tests.load.processes import Processes, spent
from tests.load.stage import Stage


def nothing(stage: Stage) -> None:
    """Watch the mesh do nothing, right after its start."""
    if stage.mesh is None:
        return
    stage.progress("the idle mesh")
    processes = Processes(stage.mesh, apart=True)
    time.sleep(stage.plan.settle)
    before, began = processes.cpu(), time.monotonic()
    time.sleep(stage.plan.still)
    passed = time.monotonic() - began
    took = {name: seconds / passed for name, seconds in spent(before, processes.cpu()).items()}
    mib = {name: size / 2**20 for name, size in processes.memory().items()}
    sheet = stage.sheet
    sheet.put("idle_cpu", sum(took.values()))
    sheet.put("idle_mib", sum(mib.values()))
    sheet.told["idle"] = {name: {"cpu": took[name], "mib": mib[name]} for name in took}
    over = [name for name, budget in BUDGETS.items() if 100 * took[name] > budget.percent or mib[name] > budget.mib]
    if over:
        sheet.notes.append(f"idle: over its budget (see tests/load/idle.py): {', '.join(over)}")
