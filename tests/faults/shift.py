"""How long the people of a workload go on."""

import asyncio
import contextlib


class Shift:
    """On until it is ended; a pause of somebody who is on it is cut short then."""

    def __init__(self) -> None:
        self._over = asyncio.Event()

    def is_on(self) -> bool:
        """Whether to go on."""
        return not self._over.is_set()

    async def pause(self, seconds: float) -> None:
        """What a person's own doing takes."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()

    def end(self) -> None:
        """Let everybody finish what is under way."""
        self._over.set()
