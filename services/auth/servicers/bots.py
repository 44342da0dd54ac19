"""BotService."""

from typing import Any

import grpc

from chorus.auth.v1 import bots_pb2 as pb
from chorus.auth.v1 import bots_pb2_grpc
from services.auth.domain.bots import Bot, BotPatch
from services.auth.operations.bots import Bots
from services.auth.operations.messages import user_message
from services.auth.servicers.accounts import actor_of

Context = grpc.aio.ServicerContext[Any, Any]


class BotServicer(bots_pb2_grpc.BotServiceServicer):
    """Bots."""

    def __init__(self, bots: Bots) -> None:
        """Serve these operations."""
        self._bots = bots

    async def CreateBot(self, request: pb.CreateBotRequest, context: Context) -> pb.CreateBotResponse:
        """Make a bot."""
        asked = BotPatch(request.username, request.display_name, request.description)
        return pb.CreateBotResponse(bot=_message(await self._bots.create(actor_of(request.actor), asked)))

    async def GetBot(self, request: pb.GetBotRequest, context: Context) -> pb.GetBotResponse:
        """Return a bot."""
        bot = await self._bots.get(actor_of(request.actor), request.user_id, include_inactive=request.include_inactive)
        return pb.GetBotResponse(bot=_message(bot))

    async def ListBots(self, request: pb.ListBotsRequest, context: Context) -> pb.ListBotsResponse:
        """Return a page of bots."""
        found = await self._bots.page(
            actor_of(request.actor),
            request.page,
            request.per_page,
            include_inactive=request.include_inactive,
            only_orphaned=request.only_orphaned,
        )
        return pb.ListBotsResponse(bots=map(_message, found))

    async def PatchBot(self, request: pb.PatchBotRequest, context: Context) -> pb.PatchBotResponse:
        """Change a bot."""
        patch = BotPatch(
            username=request.username if request.HasField("username") else None,
            display_name=request.display_name if request.HasField("display_name") else None,
            description=request.description if request.HasField("description") else None,
        )
        return pb.PatchBotResponse(
            bot=_message(await self._bots.patch(actor_of(request.actor), request.user_id, patch))
        )

    async def SetBotActive(self, request: pb.SetBotActiveRequest, context: Context) -> pb.SetBotActiveResponse:
        """Let a bot work, or no longer."""
        bot = await self._bots.set_active(actor_of(request.actor), request.user_id, request.active)
        return pb.SetBotActiveResponse(bot=_message(bot))

    async def AssignBot(self, request: pb.AssignBotRequest, context: Context) -> pb.AssignBotResponse:
        """Give a bot to another user."""
        bot = await self._bots.assign(actor_of(request.actor), request.user_id, request.owner_id)
        return pb.AssignBotResponse(bot=_message(bot))


def _message(bot: Bot) -> pb.Bot:
    return pb.Bot(user=user_message(bot.user), owner_id=bot.owner_id)
