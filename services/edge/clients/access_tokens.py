"""Calls of auth: personal access tokens."""

from collections.abc import Sequence

from chorus.auth.v1 import access_tokens_pb2 as pb
from chorus.auth.v1 import access_tokens_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class AccessTokenClient:
    """Personal access tokens. What a call takes away is gone at every edge when it returns."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is auth."""
        self._peer = peer
        self._tokens = access_tokens_pb2_grpc.AccessTokenServiceStub(peer.channel)

    async def create(self, caller: Caller, user_id: str, description: str) -> pb.CreateAccessTokenResponse:
        """Make a token; its secret is told this once."""
        request = pb.CreateAccessTokenRequest(actor=actor(caller), user_id=user_id, description=description)
        return await self._peer.call(self._tokens.CreateAccessToken, request)

    async def get(self, caller: Caller, token_id: str) -> pb.AccessToken:
        """Return a token."""
        request = pb.GetAccessTokenRequest(actor=actor(caller), id=token_id)
        return (await self._peer.call(self._tokens.GetAccessToken, request)).token

    async def page(self, caller: Caller, user_id: str, page: int, per_page: int) -> Sequence[pb.AccessToken]:
        """Return a page of a user's tokens; an empty id stands for everybody."""
        request = pb.ListAccessTokensRequest(actor=actor(caller), user_id=user_id, page=page, per_page=per_page)
        return (await self._peer.call(self._tokens.ListAccessTokens, request)).tokens

    async def set_active(self, caller: Caller, token_id: str, active: bool) -> None:
        """Let a token sign in, or no longer."""
        request = pb.SetAccessTokenActiveRequest(actor=actor(caller), id=token_id, active=active)
        await self._peer.call(self._tokens.SetAccessTokenActive, request)

    async def revoke(self, caller: Caller, token_id: str) -> None:
        """End a token for good."""
        request = pb.RevokeAccessTokenRequest(actor=actor(caller), id=token_id)
        await self._peer.call(self._tokens.RevokeAccessToken, request)
