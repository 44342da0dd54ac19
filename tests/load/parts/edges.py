"""Two edges beside one, by CPU: what two could carry on cores enough, of what one carries."""

from tests.load.phases import typical
from tests.load.stage import Stage

_UNITS = {"post": "post", "page": "read", "delivery": "fanout"}
_UNDER_WAY = 32
"""Requests at each edge: two carry twice the load of one, in batches as large as its."""


def one_and_two(stage: Stage) -> None:
    """The edges' CPU for each unit with two edges and with one, taking turns; ends with two."""
    mesh, plan = stage.mesh, stage.plan
    if mesh is None:
        return
    for edges in plan.edges:
        stage.progress(f"{edges} of the edges")
        stage.generator.ask("disconnect", 0)
        mesh.scale("edge", edges)
        stage.look_again()
        stage.run("connect", sockets=plan.few)
        for phase in _UNITS.values():
            stage.run(phase, plan.phase / 2, keep=_name(phase, edges), workers=_UNDER_WAY * edges)
    mesh.scale("edge", 2)
    stage.look_again()
    told = {}
    for unit, phase in _UNITS.items():
        one, two = (typical(done.cpu_us("edge") for done in stage.sheet.phases[_name(phase, n)]) for n in (1, 2))
        told[unit] = {"edge_us_one": one, "edge_us_two": two}
        if one and two:
            stage.sheet.put(f"edges_{unit}", 2 * one / two)
    stage.sheet.told["edges"] = told


def _name(phase: str, edges: int) -> str:
    return f"{phase}, {edges} {'edge' if edges == 1 else 'edges'}"
