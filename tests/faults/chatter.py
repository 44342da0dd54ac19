"""People who keep posting whatever happens, each again with the same pending id until it is acknowledged."""

import asyncio
import time
from itertools import count

import aiohttp

from tests.e2e.client import Rest

PATIENCE = 60.0
"""How long one post may take to be acknowledged, in seconds, with a part of the mesh being away."""
_ATTEMPT = aiohttp.ClientTimeout(5)


class Chatter:
    """Writers in one channel. What they were answered is kept: the post's id by its message."""

    def __init__(self, writers: list[Rest], channel_id: str, *, pause: float = 0.0) -> None:
        """Each writer takes a break of `pause` seconds after a post."""
        self.acknowledged: dict[str, str] = {}
        self.retries = 0
        self._writers = writers
        self._channel_id, self._pause = channel_id, pause
        self._news = asyncio.Condition()
        self._stop = False
        self._failure: BaseException | None = None
        self._tasks = [asyncio.create_task(self._write(number, rest)) for number, rest in enumerate(writers)]

    async def acknowledges(self, more: int) -> None:
        """Wait until so many more posts are acknowledged."""
        target = len(self.acknowledged) + more
        async with asyncio.timeout(PATIENCE + 10), self._news:
            await self._news.wait_for(lambda: self._failure or len(self.acknowledged) >= target)
        if self._failure is not None:
            raise self._failure

    async def end(self) -> None:
        """Let everybody finish the post that is under way."""
        self._stop = True
        await asyncio.gather(*self._tasks)

    async def _write(self, number: int, rest: Rest) -> None:
        try:
            for turn in count():
                if self._stop:
                    return
                message = f"writer {number} says {turn}"
                post_id = await self._post(rest, message)
                async with self._news:
                    self.acknowledged[message] = post_id
                    self._news.notify_all()
                await asyncio.sleep(self._pause)
        except BaseException as error:
            async with self._news:
                self._failure = error
                self._news.notify_all()
            raise

    async def _post(self, rest: Rest, message: str) -> str:
        wanted = {"channel_id": self._channel_id, "message": message, "pending_post_id": f"{message}:{id(self)}"}
        headers = {"Authorization": f"Bearer {rest.token}"}
        deadline, last = time.monotonic() + PATIENCE, ""
        while time.monotonic() < deadline:
            try:
                url = f"{rest.place.rest}/posts"
                async with rest.http.post(url, json=wanted, headers=headers, timeout=_ATTEMPT) as response:
                    if response.status == 201:
                        return str((await response.json())["id"])
                    last = f"{response.status} {(await response.text())[:300]}"
                    # Being told to come again is fine; being told that it is wrong is not.
                    assert response.status == 429 or response.status >= 500, last
            except (aiohttp.ClientError, TimeoutError) as error:
                last = repr(error)
            self.retries += 1
            await asyncio.sleep(0.05)  # a client's pause before it tries again
        raise AssertionError(f"{message!r} was not acknowledged within {PATIENCE} s: {last}")
