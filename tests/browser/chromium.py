"""Chromium without a window, driven through its own DevTools protocol."""

import asyncio
import json
import os
import re
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from tests.tools import need

SECONDS = 15.0
"""How long the browser may take for one command."""

_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # root has none, and the only page is ours
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-port=0",
    # This machine alone, whatever a page or the browser itself would like to reach.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
    "about:blank",
)
_address = re.compile(r"DevTools listening on (ws://\S+)").search


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.complaints: list[str] = []
        """What the browser would write into its console: exceptions, refusals of scripts, answers that failed."""
        self._socket = socket
        self._session = ""
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._loaded = asyncio.Event()
        self._number = 0
        self._reader = asyncio.create_task(self._read())

    async def attach(self) -> None:
        """Open the tab."""
        target = await self._command("Target.createTarget", url="about:blank")
        attached = await self._command("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            await self._command(f"{domain}.enable")

    async def visit(self, url: str) -> None:
        """Go to an address, and wait until everything of the page is loaded."""
        self._loaded.clear()
        answer = await self._command("Page.navigate", url=url)
        assert "errorText" not in answer, answer
        async with asyncio.timeout(SECONDS):
            await self._loaded.wait()

    async def run(self, script: str) -> Any:
        """Evaluate a script in the page; what it promises is awaited, and its value returned."""
        answer = await self._command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"].get("exception", answer)
        return answer["result"].get("value")

    async def close(self) -> None:
        """End the browser."""
        with suppress(ConnectionError, TimeoutError):
            await self._command("Browser.close")
        self._reader.cancel()

    async def _command(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        answered = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        session = {"sessionId": self._session} if self._session and not method.startswith("Browser") else {}
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters, **session})
        async with asyncio.timeout(SECONDS):
            answer = await answered
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    async def _read(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            if (waiting := self._waiting.pop(said.get("id", 0), None)) is not None:
                waiting.set_result(said)
            match said.get("method"):
                case "Page.loadEventFired":
                    self._loaded.set()
                case "Runtime.exceptionThrown":
                    self.complaints.append(said["params"]["exceptionDetails"]["exception"]["description"])
                case "Log.entryAdded":
                    self.complaints.append(said["params"]["entry"]["text"])


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Page]:
    """A tab of a browser of its own, which keeps what it keeps in `profile`."""
    process = await asyncio.create_subprocess_exec(
        need("chromium"), *_FLAGS, f"--user-data-dir={profile}", stderr=PIPE, start_new_session=True
    )
    try:
        async with asyncio.timeout(SECONDS):
            address = await _listening(process)
        async with aiohttp.ClientSession() as http, http.ws_connect(address, max_msg_size=0) as socket:
            page = Page(socket)
            await page.attach()
            yield page
            await page.close()
    finally:
        with suppress(ProcessLookupError):  # it has children
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


async def _listening(process: Process) -> str:
    assert process.stderr is not None
    said = b""
    async for line in process.stderr:
        said += line
        if found := _address(line.decode(errors="replace")):
            return found[1]
    raise AssertionError(f"Chromium does not start: {said.decode(errors='replace')[-2000:]}")
