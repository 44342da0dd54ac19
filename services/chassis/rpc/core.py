"""What holds for every channel and every server (see also services/__init__.py)."""

from typing import Any, Final

MESSAGE_BYTES: Final = 8 * 1024 * 1024

OPTIONS: Final[tuple[tuple[str, Any], ...]] = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    # Windows as Envoy has them (mesh-listener.yaml), and no pings after what was read to find better ones.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 1024 * 1024),
)
