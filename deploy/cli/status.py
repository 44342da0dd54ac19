"""`chorus status`."""

import argparse
import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.local.health import Lag
from deploy.local.mesh import Mesh
from deploy.local.status import MeshStatus, ProcessStatus


def show(arguments: argparse.Namespace) -> int:
    """Print every process; 0 when all are healthy, else 1."""
    seen = Mesh(arguments.data, arguments.port).status()
    if arguments.json:
        print(json.dumps(seen.as_json(), indent=2))
    elif not seen.running:
        print(f"Nothing runs in {seen.data}. Start it: make up")
    else:
        _print(seen)
    return 0 if seen.healthy else 1


def _print(seen: MeshStatus) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("process", "health", "state", "release", "address"):
        table.add_column(column, no_wrap=column != "health")
    for column in ("sockets", "lag", "uptime", "restarts", "pid"):
        table.add_column(column, justify="right", no_wrap=True)
    for process in seen.processes:
        table.add_row(*_row(process))
    console = Console()
    if not console.is_terminal:
        # Without a terminal there is no width to fit into, and a log or a pipe wants whole lines.
        console = Console(width=200)
    console.print(table)
    console.print(f"\n{seen.url}  data: {seen.data}", highlight=False, soft_wrap=True)


def _row(process: ProcessStatus) -> list[str | Text]:
    health = Text("ready", "green") if process.healthy else Text(process.why, "red")
    return [
        process.name,
        health,
        process.state,
        process.release or "",
        process.address,
        "" if process.sockets is None else str(process.sockets),
        "" if process.lag is None else _lag(process.lag),
        _duration(process.uptime_seconds),
        str(process.restarts),
        str(process.pid or ""),
    ]


def _lag(lag: Lag) -> str:
    return f"{lag.bytes:,} B · {lag.seconds:.1f} s"


def _duration(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"
    return f"{seconds // 86400} d"
