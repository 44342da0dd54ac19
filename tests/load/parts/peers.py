"""Another server beside this one: the same load on both, taking turns."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.load.crowd import Crew
from tests.load.generator import Generator
from tests.load.peers import synapse
from tests.load.phases import Phase, faults, typical
from tests.load.stage import Peer, Stage

_CHANNELS = 2
_PHASES = ("post", "read", "paced", "fanout")


def beside(stage: Stage) -> None:
    """Measure the peer that was asked for, if any."""
    peer, plan, sheet = stage.peer, stage.plan, stage.sheet
    if peer is None:
        return
    if peer.url is None and not synapse.is_installed():
        sheet.notes.append("no peer: Synapse is not installed (make peers)")
        return
    stage.progress(f"{peer.name} and its people")
    stage.generator.ask("disconnect", 0)
    stage.run("connect", sockets=plan.few)
    rounds: dict[str, list[Phase]] = {name: [] for name in _PHASES}
    with _load(stage, peer) as load:
        load.ask("setup", 0)
        load.ask("connect", 0)
        for turn in range(plan.rounds):
            stage.progress(f"both, round {turn + 1} of {plan.rounds}")
            for name in _PHASES:
                stage.run(name, plan.phase / 2, keep=f"{name} beside {peer.name}")
                rounds[name].append(Phase(load.ask(name, plan.phase / 2), {}))
    for name, done in rounds.items():
        sheet.told[f"{peer.name} {name}"] = [dict(one.figures) for one in done]
        sheet.notes += [fault for one in done for fault in faults(f"{peer.name}: {name}", one.figures)]
    for key, name in (("posts", "post"), ("pages", "read"), ("deliveries", "fanout")):
        theirs = typical(one.rate for one in rounds[name])
        ours = typical(one.rate for one in sheet.phases[f"{name} beside {peer.name}"])
        sheet.put(f"peer_{key}_s", theirs)
        if theirs and ours:
            sheet.put(f"peer_{key}", ours / theirs)
    for key in ("p50_ms", "p99_ms"):
        theirs = typical(one.figures[key] for one in rounds["paced"])
        ours = typical(one.figures[key] for one in sheet.phases[f"paced beside {peer.name}"])
        sheet.put(f"peer_{key}", theirs)
        if theirs and ours:
            sheet.put(f"peer_of_{key}", ours / theirs)


@contextmanager
def _load(stage: Stage, peer: Peer) -> Iterator[Generator]:
    """The peer, running, and the load on it."""
    sockets = stage.plan.few
    if peer.url is not None:
        load = Generator(peer.url, Crew(channels=_CHANNELS, sockets=sockets, admin=peer.admin))
        try:
            yield load
        finally:
            load.close()
        return
    assert stage.mesh is not None
    with synapse.running(stage.mesh) as url:
        load = Generator(url, Crew(channels=_CHANNELS, sockets=sockets, admin=synapse.SECRET), synapse.PROGRAM)
        try:
            yield load
        finally:
            load.close()
