"""Log lines: one JSON object each, and no secret in any."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from services.chassis import logs
from services.chassis.config import Secret


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("auth", "auth-1", level="INFO", release="r1", stream=stream)
    yield stream
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


def test_a_line_carries_process_request_and_fields(lines: io.StringIO) -> None:
    token = logs.request_id.set("req1")
    logging.getLogger("x").info("user %s", "signed in", extra={"user_id": "u1", "count": 2})
    logs.request_id.reset(token)
    line = json.loads(lines.getvalue())
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "info",
        "msg": "user signed in",
        "logger": "x",
        "service": "auth",
        "instance": "auth-1",
        "release": "r1",
        "request_id": "req1",
        "user_id": "u1",
        "count": 2,
    }


def test_below_the_level_nothing_is_written(lines: io.StringIO) -> None:
    logging.getLogger("x").debug("quiet")
    assert lines.getvalue() == ""


def test_secrets_are_masked_by_name_and_by_shape(lines: io.StringIO) -> None:
    try:
        raise ValueError("cannot reach postgres://chorus:hunter2@db/chorus")
    except ValueError:
        logging.getLogger("x").exception(
            "Authorization: Bearer hunter2hunter2hunter2 refused",
            extra={"password": "hunter2", "config": {"api_token": "hunter2"}, "value": Secret("hunter2")},
        )
    assert "hunter2" not in lines.getvalue()
    assert "ValueError" in json.loads(lines.getvalue())["error"]


def test_a_field_of_any_type_leaves_the_line_whole(lines: io.StringIO) -> None:
    logging.getLogger("x").info("odd", extra={"thing": object(), "keys": {1: {2}}, "huge": 2**70})
    assert json.loads(lines.getvalue())["msg"] == "odd"
