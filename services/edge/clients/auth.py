"""Calls of auth: users and sessions."""

from collections.abc import Sequence

from chorus.auth.v1 import sessions_pb2, sessions_pb2_grpc, users_pb2, users_pb2_grpc
from services.chassis.errors import DomainError, Reason
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller, Session
from services.edge.clients.actor import actor


class AuthClient:
    """Users and sessions, as auth has them."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is auth."""
        self._peer = peer
        self._sessions = sessions_pb2_grpc.SessionServiceStub(peer.channel)
        self._users = users_pb2_grpc.UserServiceStub(peer.channel)

    async def login(self, request: sessions_pb2.LoginRequest) -> sessions_pb2.LoginResponse:
        """Sign in."""
        return await self._peer.call(self._sessions.Login, request)

    async def authenticate(self, tokens: Sequence[str]) -> list[Session | None]:
        """Return the sessions of tokens, in order; None for a token that is nobody's."""
        answer = await self._peer.call(self._sessions.Authenticate, sessions_pb2.AuthenticateRequest(tokens=tokens))
        return [
            Session(
                id=result.session.id,
                user_id=result.session.user_id,
                roles=tuple(result.session.roles),
                expires_at_ms=result.session.expires_at_ms,
                csrf=result.session.props.get("csrf", ""),
            )
            if result.HasField("session")
            else None
            for result in answer.results
        ]

    async def logout(self, token: str) -> None:
        """End the session of a token; none is no change."""
        await self._peer.call(self._sessions.Logout, sessions_pb2.LogoutRequest(token=token))

    async def list_sessions(self, caller: Caller, user_id: str) -> Sequence[sessions_pb2.Session]:
        """Return a user's sessions, newest first."""
        request = sessions_pb2.ListSessionsRequest(actor=actor(caller), user_id=user_id)
        return (await self._peer.call(self._sessions.ListSessions, request)).sessions

    async def revoke_session(self, caller: Caller, user_id: str, session_id: str) -> None:
        """End a session of a user."""
        request = sessions_pb2.RevokeSessionRequest(actor=actor(caller), user_id=user_id, session_id=session_id)
        await self._peer.call(self._sessions.RevokeSession, request)

    async def revoke_all_sessions(self, caller: Caller, user_id: str) -> None:
        """End all sessions of a user."""
        request = sessions_pb2.RevokeAllSessionsRequest(actor=actor(caller), user_id=user_id)
        await self._peer.call(self._sessions.RevokeAllSessions, request)

    async def create_user(self, caller: Caller | None, request: users_pb2.CreateUserRequest) -> users_pb2.User:
        """Create a user; without a caller it is a sign-up."""
        if caller is not None:
            request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._users.CreateUser, request)).user

    async def user(self, user_id: str) -> users_pb2.User:
        """Return a user. Raises user_not_found."""
        return _one(await self.users(ids=(user_id,)), "id")

    async def user_by_username(self, username: str) -> users_pb2.User:
        """Return a user by name. Raises user_not_found."""
        return _one(await self.users(usernames=(username,)), "username")

    async def user_by_email(self, email: str) -> users_pb2.User:
        """Return a user by mail address. Raises user_not_found."""
        return _one(await self.users(emails=(email,)), "email")

    async def users(
        self,
        *,
        ids: Sequence[str] = (),
        usernames: Sequence[str] = (),
        emails: Sequence[str] = (),
        since_ms: int = 0,
    ) -> Sequence[users_pb2.User]:
        """Return those of the users that exist, in order."""
        request = users_pb2.GetUsersRequest(ids=ids, usernames=usernames, emails=emails, since_ms=since_ms)
        return (await self._peer.call(self._users.GetUsers, request)).users

    async def patch_user(self, caller: Caller, request: users_pb2.PatchUserRequest) -> users_pb2.User:
        """Change parts of a user; return it as it is now."""
        request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._users.PatchUser, request)).user

    async def list_users(self, request: users_pb2.ListUsersRequest) -> Sequence[users_pb2.User]:
        """Return a page of users."""
        return (await self._peer.call(self._users.ListUsers, request)).users

    async def search_users(self, request: users_pb2.SearchUsersRequest) -> Sequence[users_pb2.User]:
        """Return users whose names start with a term."""
        return (await self._peer.call(self._users.SearchUsers, request)).users

    async def count_users(self) -> int:
        """Return how many active users there are."""
        return (await self._peer.call(self._users.CountUsers, users_pb2.CountUsersRequest())).total


def _one(users: Sequence[users_pb2.User], by: str) -> users_pb2.User:
    if not users:
        raise DomainError(Reason.USER_NOT_FOUND, by=by)
    return users[0]
