"""AccountService."""

from typing import Any

import grpc

from chorus.auth.v1 import accounts_pb2, accounts_pb2_grpc
from chorus.common.v1 import actor_pb2
from services.auth.operations.accounts import Accounts, Actor
from services.auth.operations.messages import user_message

Context = grpc.aio.ServicerContext[Any, Any]


class AccountServicer(accounts_pb2_grpc.AccountServiceServicer):
    """Changes of accounts."""

    def __init__(self, accounts: Accounts) -> None:
        """Serve these operations."""
        self._accounts = accounts

    async def ChangeRoles(
        self, request: accounts_pb2.ChangeRolesRequest, context: Context
    ) -> accounts_pb2.ChangeRolesResponse:
        """Give a user other system roles."""
        user = await self._accounts.change_roles(actor_of(request.actor), request.user_id, request.roles)
        return accounts_pb2.ChangeRolesResponse(user=user_message(user))

    async def DemoteToGuest(
        self, request: accounts_pb2.DemoteToGuestRequest, context: Context
    ) -> accounts_pb2.DemoteToGuestResponse:
        """Make a user a guest."""
        user = await self._accounts.demote(actor_of(request.actor), request.user_id)
        return accounts_pb2.DemoteToGuestResponse(user=user_message(user))

    async def PromoteGuest(
        self, request: accounts_pb2.PromoteGuestRequest, context: Context
    ) -> accounts_pb2.PromoteGuestResponse:
        """Make a guest a member."""
        user = await self._accounts.promote(actor_of(request.actor), request.user_id)
        return accounts_pb2.PromoteGuestResponse(user=user_message(user))

    async def SetActive(
        self, request: accounts_pb2.SetActiveRequest, context: Context
    ) -> accounts_pb2.SetActiveResponse:
        """Let a user sign in, or no longer."""
        user = await self._accounts.set_active(actor_of(request.actor), request.user_id, request.active)
        return accounts_pb2.SetActiveResponse(user=user_message(user))

    async def Deactivate(
        self, request: accounts_pb2.DeactivateRequest, context: Context
    ) -> accounts_pb2.DeactivateResponse:
        """Keep a user out that the actor may edit."""
        user = await self._accounts.deactivate(actor_of(request.actor), request.user_id)
        return accounts_pb2.DeactivateResponse(user=user_message(user))

    async def CheckEdit(
        self, request: accounts_pb2.CheckEditRequest, context: Context
    ) -> accounts_pb2.CheckEditResponse:
        """Refuse who may not edit a user."""
        await self._accounts.check_edit(actor_of(request.actor), request.user_id)
        return accounts_pb2.CheckEditResponse()

    async def SetPicture(
        self, request: accounts_pb2.SetPictureRequest, context: Context
    ) -> accounts_pb2.SetPictureResponse:
        """Note a new picture."""
        user = await self._accounts.set_picture(actor_of(request.actor), request.user_id, request.own)
        return accounts_pb2.SetPictureResponse(user=user_message(user))

    async def ChangePassword(
        self, request: accounts_pb2.ChangePasswordRequest, context: Context
    ) -> accounts_pb2.ChangePasswordResponse:
        """Set a password."""
        await self._accounts.change_password(
            actor_of(request.actor), request.user_id, request.current_password, request.new_password
        )
        return accounts_pb2.ChangePasswordResponse()


def actor_of(actor: actor_pb2.Actor) -> Actor:
    """Return who asks."""
    return Actor(actor.user_id, actor.session_id, tuple(actor.roles))
