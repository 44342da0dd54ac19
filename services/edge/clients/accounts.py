"""Calls of auth: what accounts are allowed, whether they may sign in, and their passwords."""

from collections.abc import Sequence

from chorus.auth.v1 import accounts_pb2, accounts_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class AccountClient:
    """Accounts, as auth has them. What a call takes away is gone at every edge when it returns."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is auth."""
        self._peer = peer
        self._accounts = accounts_pb2_grpc.AccountServiceStub(peer.channel)

    async def change_roles(self, caller: Caller, user_id: str, roles: Sequence[str]) -> None:
        """Give a user these system roles and no others."""
        request = accounts_pb2.ChangeRolesRequest(actor=actor(caller), user_id=user_id, roles=roles)
        await self._peer.call(self._accounts.ChangeRoles, request)

    async def demote(self, caller: Caller, user_id: str) -> None:
        """Make a user a guest."""
        request = accounts_pb2.DemoteToGuestRequest(actor=actor(caller), user_id=user_id)
        await self._peer.call(self._accounts.DemoteToGuest, request)

    async def promote(self, caller: Caller, user_id: str) -> None:
        """Make a guest a member."""
        request = accounts_pb2.PromoteGuestRequest(actor=actor(caller), user_id=user_id)
        await self._peer.call(self._accounts.PromoteGuest, request)

    async def set_active(self, caller: Caller, user_id: str, active: bool) -> None:
        """Let a user sign in, or no longer."""
        request = accounts_pb2.SetActiveRequest(actor=actor(caller), user_id=user_id, active=active)
        await self._peer.call(self._accounts.SetActive, request)

    async def deactivate(self, caller: Caller, user_id: str) -> None:
        """Keep a user out that the caller may edit."""
        request = accounts_pb2.DeactivateRequest(actor=actor(caller), user_id=user_id)
        await self._peer.call(self._accounts.Deactivate, request)

    async def change_password(self, caller: Caller, user_id: str, current: str, new: str) -> None:
        """Set a password."""
        request = accounts_pb2.ChangePasswordRequest(
            actor=actor(caller), user_id=user_id, current_password=current, new_password=new
        )
        await self._peer.call(self._accounts.ChangePassword, request)
