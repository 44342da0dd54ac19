"""UserService."""

from typing import Any

import grpc

from chorus.auth.v1 import users_pb2, users_pb2_grpc
from services.auth.domain.users import Draft, Patch, is_admin
from services.auth.operations.directory import Directory
from services.auth.operations.messages import user_message
from services.auth.operations.users import Users
from services.auth.store.users import Filter

Context = grpc.aio.ServicerContext[Any, Any]


class UserServicer(users_pb2_grpc.UserServiceServicer):
    """Users."""

    def __init__(self, users: Users, directory: Directory) -> None:
        """Serve these operations."""
        self._users, self._directory = users, directory

    async def CreateUser(self, request: users_pb2.CreateUserRequest, context: Context) -> users_pb2.CreateUserResponse:
        """Create a user."""
        user = await self._users.create(
            _draft(request),
            by_admin=request.HasField("actor") and is_admin(tuple(request.actor.roles)),
            invited=request.allow_sign_up,
        )
        return users_pb2.CreateUserResponse(user=user_message(user))

    async def GetUsers(self, request: users_pb2.GetUsersRequest, context: Context) -> users_pb2.GetUsersResponse:
        """Return those that exist."""
        found = await self._directory.get(request.ids, request.usernames, request.emails, request.since_ms)
        return users_pb2.GetUsersResponse(users=map(user_message, found))

    async def PatchUser(self, request: users_pb2.PatchUserRequest, context: Context) -> users_pb2.PatchUserResponse:
        """Change parts of a user."""
        actor = request.actor
        user = await self._users.patch(actor.user_id, tuple(actor.roles), request.id, _patch(request), request.password)
        return users_pb2.PatchUserResponse(user=user_message(user))

    async def ListUsers(self, request: users_pb2.ListUsersRequest, context: Context) -> users_pb2.ListUsersResponse:
        """Return a page."""
        which = Filter(request.active_only, request.inactive_only, request.role)
        found = await self._directory.page(request.page, request.per_page, request.sort, which)
        return users_pb2.ListUsersResponse(users=map(user_message, found))

    async def SearchUsers(
        self, request: users_pb2.SearchUsersRequest, context: Context
    ) -> users_pb2.SearchUsersResponse:
        """Return users by a prefix."""
        which = Filter(active_only=not request.include_inactive, role=request.role)
        found = await self._directory.search(
            request.term, request.limit, which, names=request.match_names, email=request.match_email
        )
        return users_pb2.SearchUsersResponse(users=map(user_message, found))

    async def CountUsers(self, request: users_pb2.CountUsersRequest, context: Context) -> users_pb2.CountUsersResponse:
        """Return how many people are active."""
        return users_pb2.CountUsersResponse(total=await self._directory.count())

    async def SnapshotUsers(
        self, request: users_pb2.SnapshotUsersRequest, context: Context
    ) -> users_pb2.SnapshotUsersResponse:
        """Return a chunk with its position."""
        chunk, incarnation = await self._directory.snapshot(request.after_id, request.limit)
        return users_pb2.SnapshotUsersResponse(
            users=map(user_message, chunk.users),
            seq=chunk.seq,
            incarnation=incarnation,
            collapsed_threads=chunk.collapsed,
        )


def _draft(request: users_pb2.CreateUserRequest) -> Draft:
    return Draft(
        username=request.username,
        email=request.email,
        password=request.password,
        nickname=request.nickname,
        first_name=request.first_name,
        last_name=request.last_name,
        position=request.position,
        locale=request.locale,
        props=dict(request.props),
        notify_props=dict(request.notify_props),
        timezone=dict(request.timezone),
        email_verified=request.email_verified,
    )


def _patch(request: users_pb2.PatchUserRequest) -> Patch:
    given = {field.name for field, _ in request.ListFields()}  # an optional field counts when it is set to "" too
    return Patch(
        username=request.username if "username" in given else None,
        email=request.email if "email" in given else None,
        nickname=request.nickname if "nickname" in given else None,
        first_name=request.first_name if "first_name" in given else None,
        last_name=request.last_name if "last_name" in given else None,
        position=request.position if "position" in given else None,
        locale=request.locale if "locale" in given else None,
        props=dict(request.props.entries) if "props" in given else None,
        notify_props=dict(request.notify_props.entries) if "notify_props" in given else None,
        timezone=dict(request.timezone.entries) if "timezone" in given else None,
    )
