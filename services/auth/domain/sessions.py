"""How long somebody stays signed in, and what a session tells of the client."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MAX_PER_USER: Final = 500
"""Sessions of one user; a new one ends the oldest."""

ACTIVITY_STEP_MS: Final = 5 * 60_000
"""How old the noted activity of a session may become before it is noted again."""

_DAY_MS: Final = 24 * 3_600_000
_DESCRIPTION_LENGTH: Final = 64
_MOBILE_APP: Final = ("mattermost mobile", "rnbeta")


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that lasts; times in ms since the epoch, `expires_at` 0 for never."""

    id: str
    user_id: str
    create_at: int
    expires_at: int
    last_activity_at: int
    device_id: str = ""
    props: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionRules:
    """ServiceSettings' session lengths, in ms."""

    web_ms: int
    mobile_ms: int
    extend: bool
    """ExtendSessionLengthWithActivity."""
    idle_ms: int
    """SessionIdleTimeoutInMinutes; 0 for none. It holds only where sessions are not extended."""


def is_mobile(session: Session) -> bool:
    """Say whether it is a phone's."""
    return bool(session.device_id) or session.props.get("isMobile") == "true"


def length_ms(session: Session, rules: SessionRules) -> int:
    """Return how long such a session lasts."""
    return rules.mobile_ms if is_mobile(session) else rules.web_ms


def is_alive(session: Session, rules: SessionRules, now: int) -> bool:
    """Say whether the session still counts."""
    if session.expires_at and session.expires_at <= now:
        return False
    idles = not rules.extend and rules.idle_ms > 0 and not is_mobile(session)
    return not (idles and now - session.last_activity_at > rules.idle_ms)


def extended_until(session: Session, rules: SessionRules, now: int) -> int:
    """Return when the session, used now, ends: its present end, or a whole length from now.

    Extended only when enough of it has passed to be worth a write: a hundredth of its length, 5 minutes at least and
    a day at most.
    """
    length = length_ms(session, rules)
    if not rules.extend or not session.expires_at:
        return session.expires_at
    elapsed = now - (session.expires_at - length)
    if elapsed < max(ACTIVITY_STEP_MS, min(length // 100, _DAY_MS)):
        return session.expires_at
    return now + length


def props_of(user_agent: str, device_id: str, csrf: str) -> dict[str, str]:
    """Return what a new session keeps of the client's own description, and its CSRF secret."""
    agent = user_agent.replace("\x00", "")[:512]
    lower = agent.lower()
    mobile = bool(device_id) or any(name in lower for name in _MOBILE_APP) or "mobile" in lower
    system = _system(lower)
    return {
        "platform": system,
        "os": system,
        "browser": _browser(agent),
        "isMobile": "true" if mobile else "false",
        "isSaml": "false",
        "isOAuthUser": "false",
        "csrf": csrf,
    }


def _system(agent: str) -> str:
    for mark, name in (
        ("android", "Android"),
        ("iphone", "iPhone"),
        ("ipad", "iPad"),
        ("windows", "Windows"),
        ("mac os x", "Macintosh"),
        ("linux", "Linux"),
    ):
        if mark in agent:
            return name
    return ""


_PRODUCTS: Final = re.compile(
    r"(Mattermost Mobile|Mattermost|Edg|OPR|Firefox|Chrome|Version(?=/\S+ (?:Mobile/\S+ )?Safari)|curl)/([\w.]+)"
)
_SHOWN: Final = {
    "Mattermost": "Desktop App",
    "Mattermost Mobile": "Mobile App",
    "Edg": "Edge",
    "OPR": "Opera",
    "Version": "Safari",
}
_RANK: Final = ("Mattermost Mobile", "Mattermost", "Edg", "OPR", "Firefox", "Chrome", "Version", "curl")


def _browser(agent: str) -> str:
    found = dict(_PRODUCTS.findall(agent))
    for product in _RANK:
        if product in found:
            return f"{_SHOWN.get(product, product)}/{found[product]}"
    return agent.partition("/")[0][:_DESCRIPTION_LENGTH]
