"""The hundred ports of a mesh: all of them follow from the front port."""

import random
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from deploy.local.trouble import Trouble

BLOCK = 100
DEFAULT_FRONT = 8065

# Where a service's instances begin in the block, how far apart they lie, and how many fit.
_ROOMS = {
    "auth": (10, 2, 5),
    "messaging": (30, 2, 10),
    "presence": (50, 2, 5),
    "files": (60, 2, 5),
    "edge": (70, 3, 10),
}
_EDGE_RPC = 20


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of the mesh whose front port is `front`."""

    front: int

    @property
    def mesh(self) -> int:
        """Envoy's mesh listener: gRPC between services."""
        return self.front + 1

    @property
    def envoy_admin(self) -> int:
        """Envoy's own admin interface."""
        return self.front + 2

    @property
    def postgres_primary(self) -> int:
        """PostgreSQL, the one that takes writes."""
        return self.front + 3

    @property
    def postgres_replica(self) -> int:
        """PostgreSQL's streaming replica."""
        return self.front + 4

    @property
    def redis(self) -> int:
        """Redis."""
        return self.front + 7

    def instance(self, service: str, ordinal: int) -> int:
        """The first port of the service's instance number `ordinal` (from 1); the next ones belong to it too.

        Raises Trouble when the block has no room for so many.
        """
        first, step, room = _ROOMS[service]
        if not 1 <= ordinal <= room:
            raise Trouble(f"a mesh on one machine has room for {room} instances of {service}: ask for 1 to {room}.")
        return self.front + first + step * (ordinal - 1)

    def edge_rpc(self, ordinal: int) -> int:
        """Where edge number `ordinal` (from 1) serves the other edges."""
        return self.front + _EDGE_RPC + ordinal - 1


def room(service: str) -> int:
    """How many instances of the service fit into a block."""
    return _ROOMS[service][2]


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on the port now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def block_is_free(front: int) -> bool:
    """Whether a mesh could have the front port and the ports that follow from it now."""
    return all(is_free(port) for port in range(front, front + BLOCK))


def free_block(start: int = 20_000, stop: int = 32_000) -> int:
    """A front port whose whole block of a hundred is free now.

    The range lies below the ports that Linux hands to outgoing connections (32768 and up), so that no client's
    socket comes to sit in a block that was found free. Raises Trouble when there is none.
    """
    for front in _candidates(start, stop):
        if block_is_free(front):
            return front
    raise Trouble(f"no {BLOCK} free ports in a row between {start} and {stop}: stop other meshes (`chorus down`).")


def _candidates(start: int, stop: int) -> Iterator[int]:
    # Two test runs that begin together should not race for one block: each starts looking at a place of its own.
    blocks = range(start, stop - BLOCK + 1, BLOCK)
    turn = random.randrange(len(blocks))  # noqa: S311 - no secret
    yield from blocks[turn:]
    yield from blocks[:turn]
