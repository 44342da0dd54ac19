"""What a mesh costs that nobody uses: CPU of each process while sockets are open and nothing is said.

python -m tests.load.idle --sockets 1000 --seconds 60
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import sys
import time
from collections.abc import Sequence

import psutil

from deploy.local.mesh import Mesh
from deploy.local.paths import REPOSITORY
from deploy.local.ports import free_block
from tests.load.crowd import gather
from tests.load.listeners import Tally, open_sockets

_DATA = REPOSITORY / "build" / "idle"
_SETTLE = 20.0  # seconds after the last socket was opened
_LIMIT = 2.0
"""Per cent of a core, for all processes of the mesh together."""


def _spent(mesh: Mesh) -> dict[str, float]:
    """CPU seconds of each process of the mesh, with those below it."""
    spent = {}
    for process in mesh.status().processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(process.pid)
            times = [one.cpu_times() for one in (root, *root.children(recursive=True))]
            spent[process.name] = sum(one.user + one.system for one in times)
    return spent


async def _measure(mesh: Mesh, sockets: int, seconds: float) -> dict[str, float]:
    crowd = await gather(mesh.front_url, min(sockets, 200), 5, "")
    tally = Tally()
    listeners = await open_sockets(mesh.front_url, crowd, sockets, tally)
    await asyncio.sleep(_SETTLE)
    before, began = _spent(mesh), time.monotonic()
    await asyncio.sleep(seconds)
    passed, after = time.monotonic() - began, _spent(mesh)
    if tally.closed:
        raise SystemExit(f"{tally.closed} of {len(listeners)} sockets were closed")
    return {name: 100 * (after[name] - before[name]) / passed for name in after if name in before}


def _print(shares: dict[str, float], sockets: int) -> None:
    for name, share in sorted(shares.items(), key=lambda item: -item[1]):
        print(f"{name:18} {share:6.2f} % of a core")
    total = sum(shares.values())
    print(f"{'all':18} {total:6.2f} % of a core, with {sockets} sockets open")
    print(json.dumps({"sockets": sockets, "percent": round(total, 2), **{k: round(v, 3) for k, v in shares.items()}}))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 when all together cost more than they may."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.idle", description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args(arguments)
    shutil.rmtree(_DATA, ignore_errors=True)
    mesh = Mesh(_DATA, free_block())
    try:
        mesh.up()
        shares = asyncio.run(_measure(mesh, given.sockets, given.seconds))
    finally:
        mesh.erase()
    _print(shares, given.sockets)
    return int(sum(shares.values()) > _LIMIT)


if __name__ == "__main__":
    sys.exit(main())
