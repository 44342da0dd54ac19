"""AccessTokenService."""

from typing import Any

import grpc

from chorus.auth.v1 import access_tokens_pb2 as pb
from chorus.auth.v1 import access_tokens_pb2_grpc
from services.auth.domain.access_tokens import AccessToken
from services.auth.operations.access_tokens import AccessTokens
from services.auth.servicers.accounts import actor_of

Context = grpc.aio.ServicerContext[Any, Any]


class AccessTokenServicer(access_tokens_pb2_grpc.AccessTokenServiceServicer):
    """Personal access tokens."""

    def __init__(self, tokens: AccessTokens) -> None:
        """Serve these operations."""
        self._tokens = tokens

    async def CreateAccessToken(
        self, request: pb.CreateAccessTokenRequest, context: Context
    ) -> pb.CreateAccessTokenResponse:
        """Make a token."""
        token, secret = await self._tokens.create(actor_of(request.actor), request.user_id, request.description)
        return pb.CreateAccessTokenResponse(token=_message(token), secret=secret)

    async def GetAccessToken(self, request: pb.GetAccessTokenRequest, context: Context) -> pb.GetAccessTokenResponse:
        """Return a token."""
        return pb.GetAccessTokenResponse(token=_message(await self._tokens.get(actor_of(request.actor), request.id)))

    async def ListAccessTokens(
        self, request: pb.ListAccessTokensRequest, context: Context
    ) -> pb.ListAccessTokensResponse:
        """Return a page of tokens."""
        actor = actor_of(request.actor)
        found = await self._tokens.page(actor, request.user_id, request.page, request.per_page)
        return pb.ListAccessTokensResponse(tokens=map(_message, found))

    async def SetAccessTokenActive(
        self, request: pb.SetAccessTokenActiveRequest, context: Context
    ) -> pb.SetAccessTokenActiveResponse:
        """Let a token sign in, or no longer."""
        await self._tokens.set_active(actor_of(request.actor), request.id, request.active)
        return pb.SetAccessTokenActiveResponse()

    async def RevokeAccessToken(
        self, request: pb.RevokeAccessTokenRequest, context: Context
    ) -> pb.RevokeAccessTokenResponse:
        """End a token for good."""
        await self._tokens.revoke(actor_of(request.actor), request.id)
        return pb.RevokeAccessTokenResponse()


def _message(token: AccessToken) -> pb.AccessToken:
    return pb.AccessToken(id=token.id, user_id=token.user_id, description=token.description, is_active=token.is_active)
