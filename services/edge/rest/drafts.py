"""Drafts: what the caller has begun to write, the same on all its devices."""

from collections.abc import Sequence

from aiohttp import web

from services.edge.clients.drafts import DraftClient
from services.edge.clients.files import FileClient
from services.edge.dialect import drafts, requests
from services.edge.rest.kit import Call, Route, answer, created, ok


class Drafts:
    """The operations on drafts. Whoever is named in the path, they are the caller's own."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/drafts", self.save),
            Route("GET", "/users/{user_id}/teams/{team_id}/drafts", self.of_team),
            Route("DELETE", "/users/{user_id}/channels/{channel_id}/drafts", self.delete),
            Route("DELETE", "/users/{user_id}/channels/{channel_id}/drafts/{thread_id}", self.delete_of_thread),
        )

    def __init__(self, client: DraftClient, files: FileClient) -> None:
        """`files` describes what drafts have attached."""
        self._drafts, self._files = client, files

    async def save(self, call: Call) -> web.StreamResponse:
        """Keep a draft; where nothing is written, the answer is null."""
        body = await call.json(requests.DRAFT, "draft")
        ids = drafts.file_ids(body)
        infos = await self._files.own(call.caller, ids) if ids else ()
        saved = await self._drafts.save(call.caller, drafts.draft(body, infos))
        return created(None if saved is None else drafts.draft_json(saved))

    async def of_team(self, call: Call) -> web.StreamResponse:
        """Return the drafts in a team's channels and in direct and group ones."""
        found = await self._drafts.of_team(call.caller, call.id("team_id"))
        return answer([drafts.draft_json(draft) for draft in found])

    async def delete(self, call: Call) -> web.StreamResponse:
        """Remove the draft of a channel; none is no change."""
        await self._drafts.delete(call.caller, call.id("channel_id"))
        return ok()

    async def delete_of_thread(self, call: Call) -> web.StreamResponse:
        """Remove the draft of a thread; none is no change."""
        await self._drafts.delete(call.caller, call.id("channel_id"), call.id("thread_id"))
        return ok()
