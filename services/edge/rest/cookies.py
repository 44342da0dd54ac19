"""The three cookies of a browser's session."""

from typing import Final

from aiohttp import web

from services.chassis.config import Settings

AUTH_COOKIE: Final = "MMAUTHTOKEN"
USER_COOKIE: Final = "MMUSERID"
CSRF_COOKIE: Final = "MMCSRF"


def remember_session(
    response: web.Response, request: web.Request, settings: Settings, *, token: str, user_id: str, csrf: str
) -> None:
    """Set the cookies. Scripts must read the second and the third: the web client looks for itself by them."""
    hours = settings.ServiceSettings.SessionLengthWebInHours
    secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
    path = cookie_path(settings)
    domain = _site_domain(settings) if settings.ServiceSettings.AllowCookiesForSubdomains else None
    for name, value, hidden in ((AUTH_COOKIE, token, True), (USER_COOKIE, user_id, False), (CSRF_COOKIE, csrf, False)):
        response.set_cookie(
            name, value, max_age=hours * 3600, path=path, secure=secure or None, httponly=hidden or None, domain=domain
        )


def forget_session(response: web.Response, path: str) -> None:
    """Clear the token's cookie, set at that path; the web client clears the others by itself."""
    response.del_cookie(AUTH_COOKIE, path=path, httponly=True)


def cookie_path(settings: Settings) -> str:
    """Return the path that the cookies are set at: two sites of one host don't see each other's."""
    return settings.ServiceSettings.site_path or "/"


def _site_domain(settings: Settings) -> str | None:
    host = settings.ServiceSettings.SiteURL.partition("://")[2].partition("/")[0].partition(":")[0]
    return host or None
