"""Envoy's policy, from envoy/*.yaml, and the instances that run now, rendered to the files that Envoy watches.

Each file is replaced by an atomic rename, and only when its content changes, so Envoy sees whole files and exactly
the changes. See envoy/README.md for what the templates say.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.local.paths import REPOSITORY
from deploy.local.topology import Instance, Topology

POLICY = REPOSITORY / "envoy"

_PLACEHOLDER = re.compile(r"\$\{([A-Z_]+)\}")
_ENDPOINTS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"


def render(topology: Topology, target: Path, site_path: str = "") -> None:
    """Write all of Envoy's configuration into the folder `target`; Envoy starts from `target`/bootstrap.yaml.

    `site_path` is the path of SiteURL, as in `/chat`: the front serves everything below it.

    For a mesh that is about to start. Beside an Envoy that runs use render_endpoints: a policy that was edited since
    could change a listener, and that drains every socket on it.
    """
    values: dict[str, str | int] = {
        "FRONT_PORT": topology.ports.front,
        "MESH_PORT": topology.ports.mesh,
        "ADMIN_PORT": topology.ports.envoy_admin,
        "TLS": str(topology.tls_directory.resolve()),
        "XDS": str(target.resolve()),
        "SITE_PATH": site_path,
    }
    services = _template("service-clusters.yaml")
    target.mkdir(parents=True, exist_ok=True)

    # What is named by others comes first, so that no file ever points at one that isn't there.
    for secret in _filled(_template("secrets.yaml"), values):
        _publish(target / f"sds-{secret['name']}.yaml", [secret])
    render_endpoints(topology, target)
    _publish(
        target / "cds.yaml",
        [
            *_filled(_template("edge-clusters.yaml"), values),
            *(
                _filled({**services["cluster"], **differences}, {**values, "SERVICE": service})
                for service, differences in services["services"].items()
            ),
            *(
                _filled({**services["cluster"], **services["log"]}, {**values, "SERVICE": service})
                for service in services["logs"]
            ),
        ],
    )
    mesh_routes = _template("mesh-routes.yaml")
    mesh_routes["virtual_hosts"] = [
        _filled(virtual_host, {"SERVICE": service})
        for service in services["services"]
        for virtual_host in mesh_routes["virtual_hosts"]
    ]
    _publish(target / "rds-front.yaml", [_filled(_template("front-routes.yaml"), values)])
    _publish(target / "rds-mesh.yaml", [mesh_routes])
    listeners = [_template("front-listener.yaml"), _template("mesh-listener.yaml")]
    _publish(target / "lds.yaml", _filled(listeners, values))
    _replace(target / "bootstrap.yaml", _text(_filled(_template("bootstrap.yaml"), values)))


def render_endpoints(topology: Topology, target: Path, leaving: Sequence[Instance] = ()) -> None:
    """Tell an Envoy that was started from `target` which instances there are now; nothing else changes.

    An instance that is left out gets no new traffic within milliseconds, and keeps what it has: stop it then. Name
    edges that are about to stop as `leaving`: clients are no longer sent there, the other edges still find them to
    take their connections over.
    """
    edges = topology.of("edge")
    clusters = {
        "edge_rest": [_endpoint(edge, edge.port) for edge in edges],
        "edge_websocket": [_endpoint(edge, edge.websocket_port, health_port=edge.port) for edge in edges],
        **{
            service: [_called(instance) for instance in topology.of(service)]
            for service in _template("service-clusters.yaml")["services"]
        },
    }
    clusters["edge"] += [_called(edge) for edge in leaving if edge.service == "edge"]
    for cluster, endpoints in clusters.items():
        assignment = {"@type": _ENDPOINTS, "cluster_name": cluster, "endpoints": [{"lb_endpoints": endpoints}]}
        _publish(target / f"eds-{cluster}.yaml", [assignment])


def _called(instance: Instance) -> dict[str, Any]:
    return _endpoint(instance, instance.rpc_port, health_port=instance.admin_port)


def _endpoint(instance: Instance, port: int | None, health_port: int | None = None) -> dict[str, Any]:
    endpoint: dict[str, Any] = {
        "address": {"socket_address": {"address": instance.host, "port_value": port}},
        "hostname": instance.name,
    }
    if health_port is not None:
        endpoint["health_check_config"] = {"port_value": health_port}
    return {
        "endpoint": endpoint,
        "metadata": {"filter_metadata": {"envoy.lb": {"release": instance.release, "instance": instance.name}}},
    }


def _template(name: str) -> Any:
    return yaml.safe_load((POLICY / name).read_text(encoding="utf-8"))


def _filled(node: Any, values: Mapping[str, str | int]) -> Any:
    """The tree with each ${NAME} replaced in its strings; a string that is nothing else becomes the value itself.

    Done on the parsed tree and not on the text, so that a path may hold any character.
    """
    if isinstance(node, dict):
        return {key: _filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(item, values) for item in node]
    if not isinstance(node, str):
        return node
    whole = _PLACEHOLDER.fullmatch(node)
    if whole:
        return values[whole[1]]
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), node)


def _publish(path: Path, resources: Iterable[Any]) -> None:
    """Write an xDS answer; its version, which Envoy's statistics and config_dump show, names the content."""
    resources = list(resources)
    version = hashlib.sha256(_text(resources).encode()).hexdigest()[:12]
    _replace(path, _text({"version_info": version, "resources": resources}))


def _replace(path: Path, text: str) -> None:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


class _Plain(yaml.SafeDumper):
    """Written out in full, without anchors: what an operator reads there is all there is."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(tree: Any) -> str:
    return "# Rendered by deploy/local/envoy.py from envoy/*.yaml: edit those.\n" + yaml.dump(
        tree, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120
    )
