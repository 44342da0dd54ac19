"""How often the edges' page caches had what was asked for, from their own counters."""

from collections.abc import Iterable, Mapping

from prometheus_client.samples import Sample

from deploy.local.mesh import Mesh
from tests.load import counters

FAMILY = "chorus_edge_page_cache"
_HIT = "hit"


def pages(mesh: Mesh) -> Mapping[str, float]:
    """Pages asked for since the edges began, by result; empty when they count none."""
    return by_result(counters.of_edges(mesh, FAMILY))


def by_result(samples: Iterable[Sample]) -> Mapping[str, float]:
    """The counts of all edges together, by result."""
    counted: dict[str, float] = {}
    for sample in samples:
        if sample.name == f"{FAMILY}_total":
            result = sample.labels["result"]
            counted[result] = counted.get(result, 0.0) + sample.value
    return counted


def hit_rate(before: Mapping[str, float], after: Mapping[str, float]) -> float | None:
    """The share of hits between two looks; None when nothing was asked or counted."""
    asked = {result: count - before.get(result, 0.0) for result, count in after.items()}
    whole = sum(asked.values())
    return asked.get(_HIT, 0.0) / whole if whole else None
