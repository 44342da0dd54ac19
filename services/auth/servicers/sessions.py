"""SessionService."""

from typing import Any

import grpc

from chorus.auth.v1 import sessions_pb2, sessions_pb2_grpc
from services.auth.operations.messages import session_message, user_message
from services.auth.operations.sessions import Sessions
from services.auth.operations.sign_in import Attempt, SignIn

Context = grpc.aio.ServicerContext[Any, Any]


class SessionServicer(sessions_pb2_grpc.SessionServiceServicer):
    """Sign-in, sessions and their end."""

    def __init__(self, sign_in: SignIn, sessions: Sessions) -> None:
        """Serve these operations."""
        self._sign_in, self._sessions = sign_in, sessions

    async def Login(self, request: sessions_pb2.LoginRequest, context: Context) -> sessions_pb2.LoginResponse:
        """Sign a user in."""
        signed_in = await self._sign_in.sign_in(
            Attempt(
                password=request.password,
                login_id=request.login_id,
                user_id=request.user_id,
                device_id=request.device_id,
                address=request.address,
                user_agent=request.user_agent,
            )
        )
        return sessions_pb2.LoginResponse(
            token=signed_in.token, session=session_message(signed_in.session), user=user_message(signed_in.user)
        )

    async def Authenticate(
        self, request: sessions_pb2.AuthenticateRequest, context: Context
    ) -> sessions_pb2.AuthenticateResponse:
        """Return whose the tokens are."""
        found = await self._sessions.authenticate(request.tokens)
        return sessions_pb2.AuthenticateResponse(
            results=[
                sessions_pb2.AuthenticateResult(session=session_message(session) if session else None)
                for session in found
            ]
        )

    async def Logout(self, request: sessions_pb2.LogoutRequest, context: Context) -> sessions_pb2.LogoutResponse:
        """End the session of a token."""
        await self._sessions.log_out(request.token)
        return sessions_pb2.LogoutResponse()

    async def ListSessions(
        self, request: sessions_pb2.ListSessionsRequest, context: Context
    ) -> sessions_pb2.ListSessionsResponse:
        """Return a user's sessions."""
        actor = request.actor
        found = await self._sessions.of_user(actor.user_id, tuple(actor.roles), request.user_id)
        return sessions_pb2.ListSessionsResponse(sessions=map(session_message, found))

    async def RevokeSession(
        self, request: sessions_pb2.RevokeSessionRequest, context: Context
    ) -> sessions_pb2.RevokeSessionResponse:
        """End a session."""
        actor = request.actor
        await self._sessions.revoke(actor.user_id, tuple(actor.roles), request.user_id, request.session_id)
        return sessions_pb2.RevokeSessionResponse()

    async def RevokeAllSessions(
        self, request: sessions_pb2.RevokeAllSessionsRequest, context: Context
    ) -> sessions_pb2.RevokeAllSessionsResponse:
        """End all sessions of a user."""
        actor = request.actor
        await self._sessions.revoke_all(actor.user_id, tuple(actor.roles), request.user_id)
        return sessions_pb2.RevokeAllSessionsResponse()
