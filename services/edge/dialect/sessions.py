"""Sessions and sign-in."""

from typing import Any

from chorus.auth.v1 import sessions_pb2
from services.edge.dialect.requests import LoginBody


def session_json(session: sessions_pb2.Session) -> dict[str, Any]:
    """Return a session; its token is never shown."""
    return {
        "id": session.id,
        "token": "",
        "create_at": session.create_at_ms,
        "expires_at": session.expires_at_ms,
        "last_activity_at": session.last_activity_at_ms,
        "user_id": session.user_id,
        "device_id": session.device_id,
        "roles": " ".join(session.roles),
        "is_oauth": False,
        "expired_notify": False,
        "props": dict(session.props),
        "team_members": None,
        "local": False,
    }


def login(body: LoginBody, *, address: str, user_agent: str) -> sessions_pb2.LoginRequest:
    """Return the sign-in that is asked for."""
    return sessions_pb2.LoginRequest(
        login_id=body.login_id or "",
        user_id=body.id or "",
        password=body.password or "",
        device_id=body.device_id or "",
        address=address,
        user_agent=user_agent,
        mfa_code=body.token or "",
    )
