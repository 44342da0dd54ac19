"""Calls of auth: bots."""

from collections.abc import Sequence

from chorus.auth.v1 import bots_pb2 as pb
from chorus.auth.v1 import bots_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class BotClient:
    """Bots and whose they are."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is auth."""
        self._peer = peer
        self._bots = bots_pb2_grpc.BotServiceStub(peer.channel)

    async def create(self, caller: Caller, request: pb.CreateBotRequest) -> pb.Bot:
        """Make a bot of the caller's."""
        request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._bots.CreateBot, request)).bot

    async def get(self, caller: Caller, bot_id: str, *, include_inactive: bool) -> pb.Bot:
        """Return a bot."""
        request = pb.GetBotRequest(actor=actor(caller), user_id=bot_id, include_inactive=include_inactive)
        return (await self._peer.call(self._bots.GetBot, request)).bot

    async def page(
        self, caller: Caller, page: int, per_page: int, *, include_inactive: bool, only_orphaned: bool
    ) -> Sequence[pb.Bot]:
        """Return a page of the bots that the caller may know."""
        request = pb.ListBotsRequest(
            actor=actor(caller),
            page=page,
            per_page=per_page,
            include_inactive=include_inactive,
            only_orphaned=only_orphaned,
        )
        return (await self._peer.call(self._bots.ListBots, request)).bots

    async def patch(self, caller: Caller, request: pb.PatchBotRequest) -> pb.Bot:
        """Change parts of a bot."""
        request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._bots.PatchBot, request)).bot

    async def set_active(self, caller: Caller, bot_id: str, active: bool) -> pb.Bot:
        """Let a bot work, or no longer."""
        request = pb.SetBotActiveRequest(actor=actor(caller), user_id=bot_id, active=active)
        return (await self._peer.call(self._bots.SetBotActive, request)).bot

    async def assign(self, caller: Caller, bot_id: str, owner_id: str) -> pb.Bot:
        """Give a bot to another user."""
        request = pb.AssignBotRequest(actor=actor(caller), user_id=bot_id, owner_id=owner_id)
        return (await self._peer.call(self._bots.AssignBot, request)).bot
