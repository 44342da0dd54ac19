import pytest

from services.auth.domain.sessions import Session, SessionRules, extended_until, is_alive, length_ms, props_of

_HOUR = 3_600_000
_RULES = SessionRules(web_ms=720 * _HOUR, mobile_ms=1000 * _HOUR, extend=True, idle_ms=_HOUR)
_FIXED = SessionRules(web_ms=720 * _HOUR, mobile_ms=1000 * _HOUR, extend=False, idle_ms=_HOUR)


def _session(expires_at: int = 720 * _HOUR, last_activity_at: int = 0, device_id: str = "") -> Session:
    return Session("s", "u", 0, expires_at, last_activity_at, device_id)


def test_a_session_lives_until_it_expires() -> None:
    assert is_alive(_session(100), _RULES, 99)
    assert not is_alive(_session(100), _RULES, 100)
    assert is_alive(_session(0), _RULES, 10**15)


def test_idleness_ends_web_sessions_where_use_does_not_extend_them() -> None:
    late = _HOUR + 1
    assert is_alive(_session(), _RULES, late)
    assert not is_alive(_session(), _FIXED, late)
    assert is_alive(_session(last_activity_at=2), _FIXED, late)
    assert is_alive(_session(device_id="apple:x"), _FIXED, late)


def test_use_extends_once_a_hundredth_has_passed() -> None:
    step = 720 * _HOUR // 100
    assert extended_until(_session(), _RULES, step - 1) == 720 * _HOUR
    assert extended_until(_session(), _RULES, step) == 720 * _HOUR + step
    assert extended_until(_session(), _FIXED, step) == 720 * _HOUR
    assert extended_until(_session(0), _RULES, step) == 0


def test_phones_have_their_own_length() -> None:
    assert length_ms(_session(), _RULES) == 720 * _HOUR
    assert length_ms(_session(device_id="android:x"), _RULES) == 1000 * _HOUR


@pytest.mark.parametrize(
    ("agent", "system", "browser", "mobile"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
            "Windows",
            "Chrome/130.0",
            "false",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/17.1 Safari/605.1",
            "Macintosh",
            "Safari/17.1",
            "false",
        ),
        ("Mattermost Mobile/2.20.0+1 (Android; 14; Pixel)", "Android", "Mobile App/2.20.0", "true"),
        ("Mozilla/5.0 (X11; Linux) Chrome/130.0 Electron/33 Mattermost/5.10", "Linux", "Desktop App/5.10", "false"),
        ("python-requests/2.32", "", "python-requests", "false"),
        ("", "", "", "false"),
    ],
)
def test_the_clients_own_description(agent: str, system: str, browser: str, mobile: str) -> None:
    props = props_of(agent, "", "c")
    assert (props["os"], props["browser"], props["isMobile"], props["csrf"]) == (system, browser, mobile, "c")
