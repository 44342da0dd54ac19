"""A client's frames answered as the reference answers them, and its silences kept."""

import json
from typing import Any

import msgspec
import pytest

from services.edge.ws.protocol import Active, AskStatuses, Challenge, Close, Conversation, Reply, Step, Typing
from tests.unit.edge.ws.sockets import an_id

CHANNEL = an_id("channel")
INVALID = "api.websocket_handler.invalid_param.app_error"


def conversation(*, authenticated: bool = True) -> Conversation:
    one = Conversation()
    one.authenticated = authenticated
    return one


def say(to: Conversation, **request: Any) -> list[Step]:
    return to.text(msgspec.json.encode(request), 1_700_000_000_000)


def reply(steps: list[Step]) -> Any:
    (step,) = steps
    assert isinstance(step, Reply)
    return json.loads(step.text)


def test_ping_is_answered_in_both_encodings() -> None:
    expected = {
        "status": "OK",
        "seq_reply": 3,
        "data": {"text": "pong", "version": "11.6.0", "server_time": 1_700_000_000_000, "node_id": ""},
    }
    assert reply(say(conversation(), action="ping", seq=3)) == expected
    packed = msgspec.msgpack.encode({"action": "ping", "seq": 3, "data": None})
    assert reply(conversation().binary(packed, 1_700_000_000_000)) == expected


@pytest.mark.parametrize(
    ("request_", "error_id", "status"),
    [
        ({"seq": 1}, "api.web_socket_router.no_action.app_error", 400),
        ({"action": "ping"}, "api.web_socket_router.bad_seq.app_error", 400),
        ({"action": "ping", "seq": -1}, "api.web_socket_router.bad_seq.app_error", 400),
        ({"action": "dance", "seq": 1}, "api.web_socket_router.bad_action.app_error", 500),
        ({"action": "user_typing", "seq": 1}, INVALID, 400),
        ({"action": "user_typing", "seq": 1, "data": {"channel_id": 5}}, INVALID, 400),
        ({"action": "user_update_active_status", "seq": 1}, INVALID, 400),
        ({"action": "get_statuses_by_ids", "seq": 1, "data": {"user_ids": []}}, INVALID, 400),
    ],
)
def test_errors_have_the_references_ids(request_: dict[str, Any], error_id: str, status: int) -> None:
    answer = reply(say(conversation(), **request_))
    assert answer["status"] == "FAIL"
    assert (answer["error"]["id"], answer["error"]["status_code"]) == (error_id, status)
    assert answer["error"]["detailed_error"] == ""
    assert answer.get("seq_reply") == (request_.get("seq") or None)


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b'"x"', b'{"action":5}', b'{"seq":"1"}', b'{"data":[]}', b"\xff", b"[" * 8000]
)
def test_what_cannot_be_decoded_closes(payload: bytes) -> None:
    assert conversation().text(payload, 0) == [Close("undecodable")]


def test_who_has_no_user_gets_no_reply_but_may_challenge_once() -> None:
    stranger = conversation(authenticated=False)
    assert say(stranger, action="ping", seq=1) == []
    assert say(stranger, action="dance", seq=1) == []
    assert say(stranger, action="authentication_challenge", seq=2, data={"token": "t"}) == [Challenge(2, "t")]
    assert say(stranger, action="authentication_challenge", seq=3, data={"token": "t"}) == []
    assert say(conversation(authenticated=False), action="authentication_challenge", seq=1) == [Close("bad_token")]
    assert say(conversation(), action="authentication_challenge", seq=1, data={"token": "t"}) == []


def test_actions_ask_for_what_they_mean() -> None:
    one = conversation()
    data = {"channel_id": CHANNEL, "parent_id": ""}
    assert say(one, action="user_typing", seq=1, data=data) == [Typing(1, CHANNEL, "")]
    assert say(one, action="get_statuses", seq=2) == [AskStatuses(2, ())]
    assert say(one, action="get_statuses_by_ids", seq=3, data={"user_ids": [CHANNEL]}) == [AskStatuses(3, (CHANNEL,))]
    active = say(one, action="user_update_active_status", seq=4, data={"user_is_active": True, "manual": False})
    assert active[1:] == [Active(True, False)]
    for quiet in ("presence", "posted_notify_ack"):
        assert reply(say(one, action=quiet, seq=5, data={"channel_id": CHANNEL})) == {"status": "OK", "seq_reply": 5}
    assert say(one, action="custom_plugin_thing", seq=6) == []
