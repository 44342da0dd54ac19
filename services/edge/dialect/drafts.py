"""Drafts, in both directions."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from chorus.common.v1 import files_pb2
from chorus.messaging.v1 import drafts_pb2
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.dialect.files import file_json
from services.edge.dialect.posts import MAX_FILES
from services.edge.dialect.requests import DraftBody

_MAX_MESSAGE_BYTES: Final = 262_144


def draft_json(draft: drafts_pb2.Draft) -> dict[str, Any]:
    """Return a draft."""
    shown: dict[str, Any] = {
        "create_at": draft.create_at_ms,
        "update_at": draft.update_at_ms,
        "delete_at": 0,
        "user_id": draft.user_id,
        "channel_id": draft.channel_id,
        "root_id": draft.root_id,
        "message": draft.message,
        "type": draft.type,
        "props": msgspec.Raw((draft.props_json or "{}").encode()),
        "metadata": {},
    }
    if draft.files:
        shown["file_ids"] = [file.id for file in draft.files]
        shown["metadata"] = {"files": [file_json(file) for file in draft.files]}
    if draft.priority_json:
        shown["priority"] = msgspec.Raw(draft.priority_json.encode())
    return shown


def draft(body: DraftBody, files: Sequence[files_pb2.FileInfo]) -> drafts_pb2.Draft:
    """Return a draft as a client asks for it. Raises invalid_argument, draft_invalid."""
    message = body.message or ""
    for field in ("channel_id", "root_id"):
        text = getattr(body, field) or ""
        if (text or field == "channel_id") and not is_valid_id(text):
            raise DomainError(Reason.INVALID_ARGUMENT, field=field)
    if len(message.encode()) > _MAX_MESSAGE_BYTES:
        raise DomainError(Reason.DRAFT_INVALID, field="message_length")
    return drafts_pb2.Draft(
        channel_id=body.channel_id or "",
        root_id=body.root_id or "",
        message=message,
        type=body.type or "",
        props_json=msgspec.json.encode(body.props).decode() if body.props else "",
        files=files,
        priority_json=msgspec.json.encode(body.priority).decode() if body.priority else "",
    )


def file_ids(body: DraftBody) -> list[str]:
    """Return the ids of the files that a draft is to have, each once. Raises draft_invalid."""
    ids = list(dict.fromkeys(body.file_ids or ()))
    if len(ids) > MAX_FILES or not all(map(is_valid_id, ids)):
        raise DomainError(Reason.DRAFT_INVALID, field="file_ids")
    return ids
