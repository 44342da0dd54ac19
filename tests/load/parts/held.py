"""As many sockets as are promised on one edge: what each takes, and what a delivery to few and to all of them costs."""

import resource
from collections.abc import Sequence

from deploy.local.mesh import Mesh
from tests.e2e import client
from tests.load.parts.deliveries import edge_us
from tests.load.phases import Phase
from tests.load.stage import Plan, Stage

CHANNELS = 2
SCALE = {"auth": 1, "messaging": 2, "presence": 1, "files": 1, "edge": 1}
_SOCKETS_EACH = 50
_SPARE = 1_000
"""Files that Envoy has open besides."""
_DELIVERIES = 200_000
"""In each measurement, if there is time for so many."""
_POSTS = 1_000
"""At most."""
_TOLD_APART = 100
"""Sockets from which on a delivery's price can be told from its post's, which is 1 to 2 ms more or less."""


def people(plan: Plan) -> int:
    """How many it takes: somebody's hundredth socket at an edge is the last that does not end another one."""
    return plan.sockets[-1] // _SOCKETS_EACH


def on_one_edge(stage: Stage) -> None:
    """Open more and more sockets, and deliver to them; this needs a mesh with one edge, and nothing used yet."""
    mesh, plan = stage.mesh, stage.plan
    assert mesh is not None
    most = plan.sockets[-1]
    through = min(most, _through_envoy())
    stage.progress("posts to nobody")
    nobody = [stage.run("post", 60, keep="post, one edge", most=_POSTS, workers=1) for _ in range(plan.rounds)]
    rows, few, many = [], stage.memory(), stage.memory()
    for sockets in plan.sockets:
        stage.progress(f"{sockets:,} sockets")
        stage.run("connect", sockets=min(sockets, through))
        if sockets > through:
            stage.run("connect", sockets=sockets, past=_past_envoy(mesh))
        many = stage.memory()  # before these hear anything
        rows.append({"sockets": sockets, "cpu_us": _delivery(stage, sockets, nobody)})
        if sockets == plan.sockets[0]:
            few = stage.memory()  # what only the first ones take is no socket's price
    after = stage.memory()
    sheet = stage.sheet
    opened = {"edge": most - plan.sockets[0], "envoy": through - plan.sockets[0]}
    idle, used = ({name: (now[name] - few[name]) / 1024 / opened[name] for name in opened} for now in (many, after))
    sheet.told["by_sockets"] = rows
    sheet.told["held"] = {"sockets": most, "through_envoy": through, "idle_kib": idle, "used_kib": used}
    sheet.put("held", most - sheet.phases[f"fanout to {most}"][-1].figures["closed"])
    sheet.put("edge_socket_kib", idle["edge"])
    sheet.put("socket_kib", sum(idle.values()))
    if priced := [row["cpu_us"] for row in rows if row["cpu_us"]]:
        sheet.put("growth_sockets", priced[-1] / priced[0])
    if through < most:
        sheet.notes.append(
            f"held: {through:,} of {most:,} sockets went through Envoy, which needs two files for each and may have no "
            "more (ulimit -Hn); the others went to the edge itself"
        )


def _delivery(stage: Stage, sockets: int, nobody: Sequence[Phase]) -> float | None:
    """Microseconds of the edge for a delivery, less what the post itself takes; None where that can't be told."""
    posts = min(_POSTS, max(20, _DELIVERIES // sockets))
    rounds = [
        stage.run("fanout", 60, keep=f"fanout to {sockets}", most=posts, workers=1) for _ in range(stage.plan.rounds)
    ]
    return edge_us(rounds, nobody) if sockets >= _TOLD_APART else None


def _through_envoy() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (1 << 30) if hard == resource.RLIM_INFINITY else (hard - _SPARE) // 2


def _past_envoy(mesh: Mesh) -> str:
    edge = client.edge(mesh.ports, 1)
    return f"http://{edge.host}:{edge.websocket_port}"
