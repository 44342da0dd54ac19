"""Personal access tokens, as clients see them."""

from typing import Any

from chorus.auth.v1 import access_tokens_pb2 as pb


def token_json(token: pb.AccessToken) -> dict[str, Any]:
    """Return a token without its secret."""
    return {
        "id": token.id,
        "user_id": token.user_id,
        "description": token.description,
        "is_active": token.is_active,
    }
