"""The mesh's config.json: written once, and then the operator's.

A later start touches only what the front port and the data folder's place decide, and of that only values that are
still exactly what was written for the old ones.
"""

import json
from pathlib import Path
from typing import Any

from deploy.local.paths import Layout
from deploy.local.ports import Ports
from deploy.local.secrets import Secrets, write_private
from deploy.local.trouble import Trouble

Settings = dict[str, dict[str, Any]]


def rendered(layout: Layout, ports: Ports, secrets: Secrets) -> Settings:
    """The settings of a mesh on one machine, in Mattermost's names; what is left out has its default."""

    def source(port: int) -> str:
        return f"postgres://chorus:{secrets.chorus}@127.0.0.1:{port}/chorus"

    return {
        "ServiceSettings": {
            "SiteURL": f"http://localhost:{ports.front}",
        },
        # Mattermost's 50 is for a server that does not scale out.
        "TeamSettings": {"MaxUsersPerTeam": 100_000, "MaxChannelsPerTeam": 20_000},
        "SqlSettings": {
            "DataSource": source(ports.postgres_primary),
            "DataSourceReplicas": [source(ports.postgres_replica)],
        },
        "ClusterSettings": {"Enable": True},
        "RedisSettings": {
            "Enable": True,
            "RedisAddress": f"127.0.0.1:{ports.redis}",
            "RedisPassword": secrets.redis,
            "RedisDB": 0,
        },
        "FileSettings": {"DriverName": "local", "Directory": str(layout.files)},
        "ChorusSettings": {
            "MeshAddress": f"127.0.0.1:{ports.mesh}",
            "TLSDirectory": str(layout.tls),
        },
    }


def ensure(layout: Layout, ports: Ports, secrets: Secrets, previous: tuple[Layout, Ports] | None) -> bool:
    """Write config.json when there is none; let it follow the mesh to a new place. Whether it changed."""
    path = layout.config
    if not path.exists():
        _write(path, rendered(layout, ports, secrets))
        return True
    if previous is None or previous == (layout, ports):
        return False
    settings = read(path)
    changed = _follow(settings, rendered(*previous, secrets), rendered(layout, ports, secrets))
    if changed:
        _write(path, settings)
    return changed


def read(path: Path) -> Settings:
    """What config.json says. Raises Trouble, with line and column, when it is no JSON object."""
    try:
        settings = json.loads(path.read_text())
    except ValueError as error:
        raise Trouble(
            f"{path} is not valid JSON ({error}): correct it, or remove it to have it written anew."
        ) from None
    if not isinstance(settings, dict):
        raise Trouble(f"{path} must hold a JSON object of sections: correct it, or remove it to have it written anew.")
    return settings


def _follow(settings: Settings, before: Settings, after: Settings) -> bool:
    changed = False
    for section, keys in after.items():
        held = settings.get(section)
        for key, value in keys.items():
            if isinstance(held, dict) and held.get(key) == before[section][key] != value:
                held[key] = value
                changed = True
    return changed


def _write(path: Path, settings: Settings) -> None:
    write_private(path, json.dumps(settings, indent=4) + "\n")
