"""FileInfo."""

import base64
from typing import Any

from chorus.common.v1 import files_pb2


def file_json(info: files_pb2.FileInfo) -> dict[str, Any]:
    """Return a file's description."""
    shown: dict[str, Any] = {"id": info.id, "user_id": info.user_id}
    if info.post_id:
        shown["post_id"] = info.post_id
    shown |= {
        "channel_id": info.channel_id,
        "create_at": info.create_at_ms,
        "update_at": info.update_at_ms,
        "delete_at": info.delete_at_ms,
        "name": info.name,
        "extension": info.extension,
        "size": info.size,
        "mime_type": info.mime_type,
    }
    if info.width:
        shown["width"] = info.width
    if info.height:
        shown["height"] = info.height
    if info.has_preview_image:
        shown["has_preview_image"] = True
    shown["mini_preview"] = base64.b64encode(info.mini_preview).decode() if info.mini_preview else None
    shown["remote_id"] = ""
    shown["archived"] = False
    return shown
