"""What the edges count, from their own metrics."""

from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from deploy.local import probe
from deploy.local.mesh import Mesh


def of_edges(mesh: Mesh, family: str) -> Iterator[Sample]:
    """The samples of a family of metrics, of every edge that answers."""
    for edge in mesh.topology.of("edge"):
        answer = probe.get(f"http://{edge.host}:{edge.admin_port}/metrics")
        yield from parsed(answer.body.decode() if answer.status == 200 else "", family)


def parsed(metrics: str, family: str) -> Iterator[Sample]:
    """The samples of a family in the text of an edge."""
    for one in text_string_to_metric_families(metrics):
        if one.name == family:
            yield from one.samples
