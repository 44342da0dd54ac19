"""A browser's session lies where the site is, and nowhere else."""

from http.cookies import SimpleCookie

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from services.chassis.config import Settings
from services.chassis.config.sections import ServiceSettings
from services.edge.rest.cookies import cookie_path, forget_session, remember_session


@pytest.mark.parametrize(("site", "path"), [("", "/"), ("https://a.example", "/"), ("https://a.example/chat", "/chat")])
async def test_cookies_are_set_and_cleared_at_the_sites_path(site: str, path: str) -> None:
    settings = Settings(ServiceSettings=ServiceSettings(SiteURL=site))
    request = make_mocked_request("POST", "/api/v4/users/login")
    response = web.Response()
    remember_session(response, request, settings, token="t", user_id="u", csrf="c")
    assert {name: (cookie.value, cookie["path"]) for name, cookie in response.cookies.items()} == {
        "MMAUTHTOKEN": ("t", path),
        "MMUSERID": ("u", path),
        "MMCSRF": ("c", path),
    }
    gone = web.Response()
    forget_session(gone, cookie_path(settings))
    cleared = SimpleCookie(gone.cookies["MMAUTHTOKEN"].OutputString())["MMAUTHTOKEN"]
    assert (cleared.value, cleared["path"]) == ("", path)
