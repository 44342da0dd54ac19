"""How often the edges' page caches had what was asked for, from their own counters."""

from collections.abc import Mapping
from http import HTTPStatus

from prometheus_client.parser import text_string_to_metric_families

from deploy.local import probe
from deploy.local.mesh import Mesh

_FAMILY = "chorus_edge_page_cache"
_HIT = "hit"


def pages(mesh: Mesh) -> dict[str, float]:
    """Pages asked for since the edges began, by result; empty when they count none."""
    counted: dict[str, float] = {}
    for edge in mesh.topology.of("edge"):
        answer = probe.get(f"http://{edge.host}:{edge.admin_port}/metrics")
        for result, count in parsed(answer.body.decode() if answer.status == HTTPStatus.OK else "").items():
            counted[result] = counted.get(result, 0.0) + count
    return counted


def parsed(metrics: str) -> dict[str, float]:
    """The counters of one edge, by result."""
    return {
        sample.labels["result"]: sample.value
        for family in text_string_to_metric_families(metrics)
        if family.name == _FAMILY
        for sample in family.samples
        if sample.name == f"{_FAMILY}_total"
    }


def hit_rate(before: Mapping[str, float], after: Mapping[str, float]) -> float | None:
    """The share of hits between two looks; None when nothing was asked or counted."""
    asked = {result: count - before.get(result, 0.0) for result, count in after.items()}
    whole = sum(asked.values())
    return asked.get(_HIT, 0.0) / whole if whole else None
