"""What this machine can at most, measured in the same run: the yardstick that makes figures of two machines comparable.

Each limit does the one thing that a promise cannot do without, and nothing else: rows committed to the same
PostgreSQL, entries taken by the same Redis, frames written to sockets by a few lines of C.
"""

import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

from deploy.local import secrets
from deploy.local.mesh import Mesh
from deploy.local.paths import REPOSITORY
from tests.load import database

ROWS = 128
"""Rows a transaction of the bare insert."""

PIPELINE = 100
"""Entries a round trip of the bare XADD."""

_DATABASE = "chorus_bench"
_TABLE = """
    CREATE TABLE rows (
      id text COLLATE "C" PRIMARY KEY, channel_id text COLLATE "C" NOT NULL, user_id text NOT NULL,
      message text NOT NULL, create_at bigint NOT NULL
    )"""
_INSERT = """
    INSERT INTO rows (id, channel_id, user_id, message, create_at)
    SELECT %(run)s || to_char(n, 'FM0000000000000000'), %(channel)s, %(user)s, %(message)s, n
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n"""


def rows_per_second(mesh: Mesh, seconds: float, sizes: Sequence[int] = (ROWS,)) -> tuple[dict[int, float], float]:
    """Rows the size of a post that one connection commits, so many at a time; the median of a one-row commit, in ms.

    Same server, same disk, same replica as the mesh's, in a database of its own that is dropped again.
    """
    with database.own(mesh, _DATABASE), database.connect(mesh, _DATABASE) as connection:
        connection.execute(_TABLE)
        connection.execute("CREATE INDEX rows_by_time ON rows (channel_id, create_at)")
        _insert(connection, "warm", ROWS, 0.3)
        rates = {size: _insert(connection, f"by{size}", size, seconds)[0] for size in sizes}
        _, commit = _insert(connection, "one", 1, seconds / 2)
    return rates, commit


def _insert(connection: psycopg.Connection, run: str, rows: int, seconds: float) -> tuple[float, float]:
    values = {"run": run, "channel": "c" * 26, "user": "u" * 26, "message": "m" * 120}
    latencies: list[float] = []
    began = time.perf_counter()
    done = 0
    while time.perf_counter() - began < seconds:
        starts = time.perf_counter()
        connection.execute(_INSERT, {**values, "first": done, "last": done + rows - 1}, prepare=True)
        latencies.append(time.perf_counter() - starts)
        done += rows
    return done / (time.perf_counter() - began), statistics.median(latencies) * 1e3


def entries_per_second(mesh: Mesh, seconds: float) -> float:
    """Entries of 300 bytes that the mesh's Redis takes into one stream, PIPELINE a round trip, encoded beforehand."""
    password = secrets.load(mesh.layout.secrets).redis
    batch = _command("XADD", "bench", "MAXLEN", "~", "10000", "*", "body", "x" * 300) * PIPELINE
    with socket.create_connection(("127.0.0.1", mesh.ports.redis), timeout=10) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _round_trip(line, _command("AUTH", password), 1)
        began = time.perf_counter()
        done = 0
        while time.perf_counter() - began < seconds:
            # A bulk string is two lines: its length, and an id.
            _round_trip(line, batch, 2 * PIPELINE)
            done += PIPELINE
        rate = done / (time.perf_counter() - began)
        _round_trip(line, _command("DEL", "bench"), 1)
    return rate


def _command(*words: str) -> bytes:
    parts = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    return f"*{len(words)}\r\n{parts}".encode()


def _round_trip(line: socket.socket, message: bytes, lines: int) -> None:
    line.sendall(message)
    received = b""
    while received.count(b"\r\n") < lines:
        part = line.recv(1 << 16)
        if not part:
            raise ConnectionError("Redis closed the connection")
        received += part
    if received.startswith(b"-"):
        raise ConnectionError(f"Redis refused: {received.decode()}")


@dataclass(frozen=True, slots=True)
class Sends:
    """What a few lines of C do as an edge does it."""

    rate: float
    """Frames a second that come to their sockets."""
    cpu_us: float
    """Microseconds of CPU that the writer takes for one."""


def sends(sockets: int, frame_bytes: int, seconds: float) -> Sends | None:
    """How a C program hands frames of this size to so many sockets that another reads; None without a C compiler."""
    program = _sender()
    if program is None:
        return None
    trial = _run(program, sockets, 50, frame_bytes)
    return _run(program, sockets, max(50, int(trial.rate * seconds / sockets)), frame_bytes)


@cache
def _sender() -> Path | None:
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = REPOSITORY / "build" / "sendlimit"
    program.parent.mkdir(exist_ok=True)
    subprocess.run([compiler, "-O2", "-o", str(program), str(Path(__file__).with_name("sendlimit.c"))], check=True)
    return program


def _run(program: Path, sockets: int, rounds: int, frame_bytes: int) -> Sends:
    said = subprocess.run(
        [str(program), str(sockets), str(rounds), str(frame_bytes)],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    rate, cpu_us = said.stdout.split()
    return Sends(float(rate), float(cpu_us))
