"""JSON lines on stderr, one object a record, with the process's name and the request's id in each.

Fields ride in the standard `extra`: `log.info("user signed in", extra={"user_id": id})`. The text stays constant, so
that lines can be counted by it. Field names of LogRecord itself (`name`, `args`, `msg` …) are refused by logging.
"""

import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec

instance: ContextVar[str] = ContextVar("instance", default="")
"""Which process speaks, `messaging-2`; a variable of the context, so that tests can run several in one process."""

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request being served; empty outside of one. It crosses services as `x-request-id`."""

LEVELS: Final = {
    "TRACE": 5,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
}
"""Mattermost's names of levels (LogSettings.ConsoleLevel) and Python's numbers for them."""

MASK: Final = "********"

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET_NAME: Final = re.compile(r"passw|secret|token|authorization|cookie|credential|private_?key|salt|^dsn$", re.I)
_SECRET_IN_URL: Final = re.compile(r"(\b[a-z][a-z0-9+.\-]*://[^\s:/@]*):[^\s/@]+@", re.I)
_SECRET_IN_HEADER: Final = re.compile(r"\b(bearer|token)\s+[A-Za-z0-9._~+/=\-]{20,}", re.I)
_NAMES: Final = {5: "trace", 10: "debug", 20: "info", 30: "warn", 40: "error", 50: "critical"}


def redact(text: str) -> str:
    """Return `text` without the passwords of URLs and the tokens of Authorization headers that it holds."""
    return _SECRET_IN_HEADER.sub(rf"\1 {MASK}", _SECRET_IN_URL.sub(rf"\1:{MASK}@", text))


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON, secrets masked by field name and by shape."""

    def __init__(self, service: str, name: str, release: str) -> None:
        """All three stand in each line; `name` is the instance where the context names none (threads of a pool)."""
        super().__init__()
        self._encoder = msgspec.json.Encoder(enc_hook=str)
        self._service = service
        self._name = name
        self._release = release

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line end."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": _NAMES.get(record.levelno, record.levelname.lower()),
            "msg": redact(record.getMessage()),
            "logger": record.name,
            "service": self._service,
            "instance": instance.get() or self._name,
            "release": self._release,
        }
        if request := request_id.get():
            line["request_id"] = request
        for name, value in vars(record).items():
            if name not in _STANDARD:
                line[name] = _safe(name, value)
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        try:
            return self._encoder.encode(line).decode()
        except Exception:  # a field that cannot be encoded must not cost the line, which may be about that very fault
            return self._encoder.encode({k: v if isinstance(v, str) else repr(v) for k, v in line.items()}).decode()


def _safe(name: str, value: object) -> object:
    if _SECRET_NAME.search(name):
        return MASK
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {str(key): _safe(str(key), item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_safe(name, item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redact(str(value))


def configure(service: str, name: str, *, level: str = "INFO", release: str = "", stream: TextIO = sys.stderr) -> None:
    """Send the whole process's records of `level` (one of LEVELS) and above to `stream`; called once, at the start."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(service, name, release))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level.upper()])
    # One line a request belongs to Envoy's access log, not here a second time.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.captureWarnings(True)
