"""Services on a Redis whose master is named by a sentinel, in place of the mesh's own."""

from collections.abc import Sequence

from deploy.local.paths import Layout
from deploy.local.programs import Command, service_command
from deploy.local.topology import Instance
from tests.contract.redis_servers import UnderSentinel


def sentinel_command(servers: UnderSentinel) -> Command:
    """The command line of an instance that asks the sentinels."""

    def command(instance: Instance, layout: Layout) -> Sequence[str]:
        environment = [
            f"MM_REDISSETTINGS_{key.upper()}={value if isinstance(value, str) else ' '.join(value)}"
            for key, value in servers.settings.items()
        ]
        return ["/usr/bin/env", *environment, *service_command(instance, layout)]

    return command
