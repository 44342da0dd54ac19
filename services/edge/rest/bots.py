"""Bots."""

from collections.abc import Sequence

from aiohttp import web

from services.edge.clients.bots import BotClient
from services.edge.dialect import bots, requests
from services.edge.rest.kit import Call, Route, answer, created


class Bots:
    """The operations on bots."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/bots", self.create),
            Route("GET", "/bots", self.list),
            Route("GET", "/bots/{bot_user_id}", self.get),
            Route("PUT", "/bots/{bot_user_id}", self.patch),
            Route("POST", "/bots/{bot_user_id}/disable", self.disable),
            Route("POST", "/bots/{bot_user_id}/enable", self.enable),
            Route("POST", "/bots/{bot_user_id}/assign/{user_id}", self.assign),
        )

    def __init__(self, client: BotClient) -> None:
        """Bots are auth's."""
        self._bots = client

    async def create(self, call: Call) -> web.StreamResponse:
        """Make a bot."""
        body = await call.json(requests.BOT, "bot")
        return created(bots.bot_json(await self._bots.create(call.caller, bots.new_bot(body))))

    async def list(self, call: Call) -> web.StreamResponse:
        """Return a page of bots."""
        found = await self._bots.page(
            call.caller,
            *call.page(),
            include_inactive=call.flag("include_deleted"),
            only_orphaned=call.flag("only_orphaned"),
        )
        return answer([bots.bot_json(bot) for bot in found])

    async def get(self, call: Call) -> web.StreamResponse:
        """Return a bot."""
        inactive = call.flag("include_deleted")
        return answer(
            bots.bot_json(await self._bots.get(call.caller, call.id("bot_user_id"), include_inactive=inactive))
        )

    async def patch(self, call: Call) -> web.StreamResponse:
        """Change parts of a bot."""
        body = await call.json(requests.BOT, "bot")
        return answer(bots.bot_json(await self._bots.patch(call.caller, bots.patch(body, call.id("bot_user_id")))))

    async def disable(self, call: Call) -> web.StreamResponse:
        """Let a bot work no longer."""
        return answer(bots.bot_json(await self._bots.set_active(call.caller, call.id("bot_user_id"), False)))

    async def enable(self, call: Call) -> web.StreamResponse:
        """Let a bot work again."""
        return answer(bots.bot_json(await self._bots.set_active(call.caller, call.id("bot_user_id"), True)))

    async def assign(self, call: Call) -> web.StreamResponse:
        """Give a bot to another user."""
        bot = await self._bots.assign(call.caller, call.id("bot_user_id"), call.id("user_id"))
        return answer(bots.bot_json(bot))
