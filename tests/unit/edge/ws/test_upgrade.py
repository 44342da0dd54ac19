"""From where a WebSocket may be opened, and with which token."""

import pytest
from multidict import CIMultiDict

from services.edge.ws.upgrade import Refused, Upgrade, origin_allowed, read
from tests.unit.edge.ws.sockets import an_id

SITE = "https://chat.example"


@pytest.mark.parametrize(
    ("origin", "host", "site", "allowed", "may"),
    [
        (None, "x", "", "", True),
        ("null", "x", "", "", False),
        ("http://Chat.example:80", "chat.example:80", "", "", True),
        ("http://evil.example", "chat.example", "", "", False),
        ("https://CHAT.example", "anything", SITE, "", True),
        ("http://chat.example", "chat.example", SITE, "", False),
        ("https://chat.example:8443", "chat.example:8443", SITE, "", False),
        ("https://evil.example", "x", SITE, "*", True),
        ("https://a.example", "x", SITE, "https://a.example https://b.example", True),
        ("https://chat.example", "x", SITE + "/sub", "https://a.example", True),
        ("https://evil.example", "evil.example", SITE, "https://a.example", False),
    ],
)
def test_origins(origin: str | None, host: str, site: str, allowed: str, may: bool) -> None:
    assert origin_allowed(origin, host, site, allowed) is may


def judged(
    target: str = "/api/v4/websocket", method: bytes = b"GET", headers: dict[str, str] | None = None, **more: str
) -> Upgrade:
    upgrading = {"Host": "h", "Connection": "keep-alive, Upgrade", "Upgrade": "WebSocket"}
    return read(
        method, target.encode(), CIMultiDict(upgrading | (headers or {}) | more), site_url="", allowed_origins=""
    )


def test_the_token_comes_from_the_cookie_or_the_header() -> None:
    assert judged(Cookie="a=b; MMAUTHTOKEN=tok; c=d").token == "tok"
    assert judged(Authorization="Bearer tok").token == "tok"
    assert judged(Authorization="token tok").token == "tok"
    assert judged(Authorization="Basic dXNlcg==").token == ""
    assert judged("/api/v4/websocket?access_token=tok").token == ""


def test_no_upgrade_no_websocket() -> None:
    for wrong in ({"Upgrade": "h2c"}, {"Connection": "close"}, {"Origin": "http://evil.example"}):
        with pytest.raises(Refused):
            judged(headers=wrong)
    with pytest.raises(Refused):
        judged(method=b"POST")


def test_only_a_possible_connection_can_be_resumed() -> None:
    known = an_id("connection")
    for query, acceptable in (
        ("", True),
        ("?connection_id=&sequence_number=0", True),
        (f"?connection_id={known}&sequence_number=7", True),
        (f"?connection_id={known}", False),
        (f"?connection_id={known}&sequence_number=x", False),
        ("?connection_id=short&sequence_number=7", False),
    ):
        assert judged("/api/v4/websocket" + query).acceptable is acceptable
