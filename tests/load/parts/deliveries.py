"""Deliveries to a few and to many sockets: as many as go, and at a rate; in turns with C's sends to as many."""

from collections.abc import Sequence

from tests.load import limits
from tests.load.parts.rates import figure, rate
from tests.load.phases import Phase, typical
from tests.load.stage import Stage


def deliveries(stage: Stage) -> None:
    """Open sockets, and deliver: first to a few, then to many. None is left open."""
    plan, sheet = stage.plan, stage.sheet
    few, many = plan.few, plan.many
    stage.progress(f"{few} sockets")
    stage.run("connect", sockets=few)
    for turn in range(plan.rounds):
        stage.progress(f"deliveries to {few}, round {turn + 1} of {plan.rounds}")
        stage.run("paced", plan.paced)
        _fan_out(stage, few, "few")
    sheet.put("paced_p50_ms", figure(sheet.phases["paced"], "p50_ms"))
    sheet.put("paced_p99_ms", figure(sheet.phases["paced"], "p99_ms"))
    stage.progress(f"{many} sockets")
    before = stage.memory()
    more = stage.run("connect", sockets=many).figures["done"]
    after = stage.memory()
    if after:
        edge, envoy = ((after[group] - before[group]) / 1024 / more for group in ("edge", "envoy"))
        sheet.put("edge_socket_kib", edge)
        sheet.put("socket_kib", edge + envoy)
    for turn in range(plan.rounds):
        stage.progress(f"deliveries to {many}, round {turn + 1} of {plan.rounds}")
        _fan_out(stage, many, "many")
        stage.run("fanout", plan.phase / 2, keep="fanout alone", workers=1)
    stage.generator.ask("disconnect", 0)  # the parts that follow are not about deliveries
    for size in ("few", "many"):
        sheet.put(f"deliveries_{size}_s", rate(sheet.phases[f"fanout {size}"]))
        sheet.put(f"sends_{size}_s", typical(sheet.told.get(f"sends_{size}_s", ())))
    sheet.put("send_us", typical(sheet.told.get("send_us_many", ())))
    _beside_c(stage)


def _fan_out(stage: Stage, sockets: int, size: str) -> None:
    done = stage.run("fanout", stage.plan.phase, keep=f"fanout {size}")
    sends = limits.sends(sockets, done.figures["frame_bytes"], stage.plan.limit)
    if sends is None:
        stage.sheet.told["sends"] = "left out: no C compiler (cc)"
        return
    stage.sheet.told.setdefault(f"sends_{size}_s", []).append(sends.rate)
    stage.sheet.told.setdefault(f"send_us_{size}", []).append(sends.cpu_us)


def _beside_c(stage: Stage) -> None:
    """The edges' CPU for one delivery beside C's for one send, where each post is delivered by itself; see docs."""
    phases = stage.sheet.phases
    alone, together = edge_us(phases["fanout alone"], phases["alone"]), edge_us(phases["fanout many"], phases["post"])
    send_us = stage.sheet.found.get("send_us")
    if alone and together:
        stage.sheet.put("coalescing", alone / together)
        if send_us:
            stage.sheet.put("sends_of_limit", send_us / alone)
    stage.sheet.told["edge_delivery_us"] = {"alone": alone, "together": together}


def edge_us(fanned: Sequence[Phase], posted: Sequence[Phase]) -> float | None:
    """Microseconds of the edges for one delivery: what a delivered post takes, less what one takes by itself."""
    with_sockets = typical(one.cpu_us("edge", "posts") for one in fanned if one.cpu)
    without = typical(one.cpu_us("edge") for one in posted if one.cpu)
    each = typical(one.figures["done"] / one.figures["posts"] for one in fanned if one.figures["posts"])
    if with_sockets is None or without is None or not each:
        return None
    return (with_sockets - without) / each
