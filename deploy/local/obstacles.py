"""What may stand in the way of a start: looked at before anything is touched."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import psutil

from deploy.local.ports import BLOCK, block_is_free, free_block, is_free
from deploy.local.supervisor import MARK
from deploy.local.trouble import Trouble

_ROOM = 500 * 1000 * 1000  # bytes


def check_disk(folder: Path) -> None:
    """Raises Trouble when there is too little room to run."""
    free = shutil.disk_usage(folder).free
    if free < _ROOM:
        raise Trouble(
            f"the disk that holds {folder} is full ({free // 1_000_000} MB free, {_ROOM // 1_000_000} needed): "
            "free some, or keep the data elsewhere with `make up DATA=path`."
        )


def check_ports(needed: Mapping[int, str], front: int) -> None:
    """Raises Trouble when a port is taken; `needed` says which program wants it."""
    for port, program in needed.items():
        if not is_free(port, "0.0.0.0"):  # noqa: S104 - a probe, closed at once
            raise Trouble(
                f"port {port}, needed by {program}, is taken{_by_whom(port)}: stop that, "
                f"or start on other ports: make up PORT={_another(front)}"
            )


def _by_whom(port: int) -> str:
    try:
        owners = [
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,) and connection.pid
        ]
        process = psutil.Process(owners[0])
        mesh = process.environ().get(MARK)
        return f" by the mesh in {mesh}" if mesh else f" by {process.name()} (process {process.pid})"
    except (psutil.Error, OSError, IndexError):
        return ""


def _another(front: int) -> int:
    near = range(front + BLOCK, min(front + 20 * BLOCK, 65_536 - BLOCK), BLOCK)
    return next((other for other in near if block_is_free(other)), None) or free_block()
