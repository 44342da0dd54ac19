"""How to reach the Redis of RedisSettings: a Cluster, else the master that Sentinel names, else one address."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError

from services.chassis.config import Settings

AWAY: Final = (RedisError, RedisClusterException, OSError, asyncio.TimeoutError)
"""What a Redis that is away, or that refuses, raises."""

_CONNECT_SECONDS: Final = 2.0
_SENTINEL_SECONDS: Final = 0.4
"""For one sentinel: the next one is asked well within the second that a revocation may take."""
_ASK_SECONDS: Final = 0.5
_NODE_SECONDS: Final = 0.7
"""For one node of a Cluster. Only an error of the client's own makes it look where the slots are now, so this must come
before the caller's patience ends."""
_CLUSTER_RETRIES: Final = 3


@contextlib.contextmanager
def cancellable() -> Iterator[None]:
    """Raise the cancellation that redis-py lost, of the block's task or of a limit of time around the block.

    It sends by `asyncio.wait_for`, which before Python 3.12 returns as if nothing were when the cancellation comes
    together with the end of what it waits for.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


def connect(settings: Settings, **options: Any) -> Redis:
    """Return a client for the Redis of RedisSettings; it connects when it is used, and must be closed.

    `options` go to the client as they are. For a Cluster the client is a RedisCluster, which answers the same commands,
    as long as the keys of each carry one hash tag.
    """
    redis = settings.RedisSettings
    if redis.ClusterAddresses:
        return cast("Redis", connect_cluster(settings, **options))
    chosen = {"db": redis.RedisDB, "retry": at_most(1), **credentials(settings), **options}
    if redis.SentinelAddresses:
        sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
            [_split(address) for address in redis.SentinelAddresses],
            sentinel_kwargs={
                "password": redis.SentinelPassword.reveal() or None,
                "ssl": redis.RedisTLS,
                "socket_timeout": _SENTINEL_SECONDS,
                "socket_connect_timeout": _SENTINEL_SECONDS,
                "retry": at_most(0),
            },
        )
        master: Redis = sentinel.master_for(
            redis.SentinelMasterName, connection_pool_class=_PoolWithSentinels, **chosen
        )
        return master
    host, port = _split(redis.RedisAddress)
    return Redis(host=host, port=port, **chosen)


def connect_cluster(settings: Settings, **options: Any) -> RedisCluster:
    """Return a client for the Cluster of RedisSettings; close it by `close_cluster`."""
    chosen = {"socket_timeout": _NODE_SECONDS, "retry": at_most(_CLUSTER_RETRIES), **credentials(settings)}
    chosen["socket_connect_timeout"] = _NODE_SECONDS
    return _Cluster(startup_nodes=_nodes(settings.RedisSettings.ClusterAddresses), **{**chosen, **options})


def credentials(settings: Settings) -> dict[str, Any]:
    """Return what a client needs besides the address."""
    redis = settings.RedisSettings
    return {
        "username": redis.RedisUsername or None,
        "password": redis.RedisPassword.reveal() or None,
        "ssl": redis.RedisTLS,
        "socket_connect_timeout": _CONNECT_SECONDS,
    }


def at_most(retries: int) -> Retry:
    """Return a policy that tries again so often, at once. redis-py's own goes on for seconds, unseen."""
    return Retry(NoBackoff(), retries)


class _PoolWithSentinels(SentinelConnectionPool):
    """Connections to the master; closing it closes those to the sentinels too, which redis-py leaves open.

    A master that was deposed, or killed and back, empty, before the sentinels have made it a replica, takes what it is
    sent and loses it. So before a connection is used the sentinels are asked, at most twice a second; if none answers,
    what was known last holds.
    """

    _asked_at = float("-inf")

    async def ensure_connection(self, connection: Any) -> None:
        if connection.is_connected:
            now = asyncio.get_running_loop().time()
            if now - self._asked_at >= _ASK_SECONDS:
                self._asked_at = now
                with contextlib.suppress(*AWAY):
                    await self.get_master_address()  # type: ignore[no-untyped-call]
            if self.master_address not in (None, (connection.host, connection.port)):
                await connection.disconnect()
        await super().ensure_connection(connection)

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()


class _Cluster(RedisCluster):
    """A client that closes what it has opened even after an error, where redis-py takes itself for closed."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.nodes_manager.aclose()
        await self.nodes_manager.aclose("startup_nodes")


def _nodes(addresses: Iterable[str]) -> list[ClusterNode]:
    return [ClusterNode(*_split(address)) for address in addresses]


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
