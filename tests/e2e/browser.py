"""What the web client's own code does with the API: cookies, its headers, and what it cannot do without in answers."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from tests.coverage import sightings
from tests.coverage.operations import asked, implemented
from tests.e2e.client import SECONDS, Answer, Place


class Browser:
    """One window. It signs in by cookies, and is unforgiving about headers."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.cookies: dict[str, str] = {}
        self.readable: set[str] = set()
        """The names of those cookies that scripts may read."""
        self.version = ""
        """What the last answer said that the server is."""
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Close the window; the session stays."""
        await self._http.close()

    async def ask(
        self, method: str, path: str, value: Any = None, *, expect: int = 200, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Ask, and return the answer's value; None for what this server does not have yet, which must say so."""
        answer = await self.send(method, path, value, headers=headers)
        operation = asked(method, "/api/v4" + path.partition("?")[0])
        if operation is None or operation.key not in implemented():
            # No 401, which would sign the user out, and nothing that only looks like an answer.
            assert answer.status in (404, 501), f"{method} {path}: {answer.status}"
            return None
        if answer.headers.get("Content-Type") == "application/x-ndjson":
            assert answer.status == expect
            return [json.loads(line) for line in answer.body.splitlines()]
        return answer.expect(expect)

    async def send(
        self, method: str, path: str, value: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send as the web client does: cookies and no Authorization, and the CSRF token on whatever writes."""
        sent = {"X-Requested-With": "XMLHttpRequest", "Accept-Language": "en", **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        if method != "GET":
            sent["X-CSRF-Token"] = self.cookies.get("MMCSRF", "")
        body = None if value is None else json.dumps(value).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        async with self._http.request(
            method,
            f"{self.place.rest}{path}",
            data=body,
            headers=sent,
            timeout=aiohttp.ClientTimeout(SECONDS),
        ) as response:
            answer = Answer(method, path, response.status, response.headers, await response.read())
            for name, morsel in response.cookies.items():
                if int(morsel["max-age"] or 0) <= 0 or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
                    if not morsel["httponly"]:
                        self.readable.add(name)
            self._look_at(answer)
            sightings.note(method, response.url.path, answer.status, answer.headers["Content-Type"], answer.body)
            return answer

    def _look_at(self, answer: Answer) -> None:
        """Whatever holds for every answer of the API."""
        headers = answer.headers
        assert headers["Content-Type"] in ("application/json", "application/x-ndjson", "image/png"), headers
        assert len(headers["X-Request-Id"]) == 26
        assert headers["Permissions-Policy"] == ""
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        if answer.method == "GET":
            assert "Expires" in headers
        if "Cache-Control" not in headers:  # the client stores the version from these alone
            number, build, digest, licensed = headers["X-Version-Id"].rsplit(".", 3)
            assert number
            assert build
            assert len(digest) == 64
            assert licensed in ("true", "false")
            self.version = headers["X-Version-Id"]
