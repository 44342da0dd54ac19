"""Matrix Synapse on the mesh's own PostgreSQL: one process, as its manual sets it up, without its limits of rates."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import yaml
from psycopg import sql

from deploy.local import probe
from deploy.local.mesh import Mesh
from deploy.local.paths import REPOSITORY
from deploy.local.ports import BLOCK
from deploy.local.trouble import Trouble
from tests.load import database

SECRET = "programs make accounts by this"
"""By which programs may make accounts."""
PROGRAM = "tests.load.peers.matrix"
"""The load for it."""

_PYTHON = REPOSITORY / "build" / "peers" / "synapse" / "bin" / "python"
_DATABASE = "peer_synapse"
_LOCALE = sql.SQL("TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")  # it takes no other
_SECONDS = 60.0
_NO_LIMIT = {"per_second": 1_000_000, "burst_count": 1_000_000}


def is_installed() -> bool:
    """Whether `make peers` was run."""
    return _PYTHON.exists()


@contextmanager
def running(mesh: Mesh) -> Iterator[str]:
    """A homeserver for the block, with a database at the mesh's primary; its address."""
    folder = mesh.layout.data / "synapse"
    folder.mkdir(exist_ok=True)
    port = mesh.ports.front + BLOCK - 1
    (folder / "homeserver.yaml").write_text(yaml.safe_dump(_configuration(mesh, folder, port)))
    (folder / "log.yaml").write_text(yaml.safe_dump({"version": 1, "root": {"level": "ERROR"}}))
    command = [str(_PYTHON), "-m", "synapse.app.homeserver", "-c", str(folder / "homeserver.yaml")]
    subprocess.run([*command, "--generate-keys"], check=True, capture_output=True, cwd=folder)
    with database.own(mesh, _DATABASE, _LOCALE), (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
        try:
            _await(process, f"http://127.0.0.1:{port}/health", folder / "output")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _await(process: "subprocess.Popen[bytes]", url: str, output: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while probe.get(url).status != HTTPStatus.OK:
        if process.poll() is not None or time.monotonic() > deadline:
            raise Trouble(f"Synapse did not start: {output.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)


def _configuration(mesh: Mesh, folder: Path, port: int) -> dict[str, object]:
    listener = {"port": port, "type": "http", "bind_addresses": ["127.0.0.1"], "resources": [{"names": ["client"]}]}
    return {
        "server_name": "peer",
        "listeners": [listener],
        "database": {
            "name": "psycopg2",
            "args": {**database.login(mesh), "dbname": _DATABASE, "cp_min": 5, "cp_max": 10},
        },
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(folder / "signing.key"),
        "log_config": str(folder / "log.yaml"),
        "registration_shared_secret": SECRET,
        "trusted_key_servers": [],
        "report_stats": False,
        "bcrypt_rounds": 4,  # accounts are made before anything is measured
        "rc_message": _NO_LIMIT,
        "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), _NO_LIMIT),
        "rc_joins": {"local": _NO_LIMIT, "remote": _NO_LIMIT},
        "rc_joins_per_room": _NO_LIMIT,
        "rc_registration": _NO_LIMIT,
        "rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), _NO_LIMIT),
    }
