"""Outside of the API: a client's build under this server's name, or a small page about the server."""

import hashlib
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from services.chassis.admin import Readiness
from services.chassis.config import ConfigError, Settings
from services.chassis.config.sections import ChorusSettings, ServiceSettings, TeamSettings
from services.chassis.metrics import Metrics
from services.edge.metrics import RestMetrics
from services.edge.rest.application import Application
from services.edge.rest.pages import Pages
from services.edge.sessions import Sessions

ROOT = """<head><title>Mattermost</title>
<meta http-equiv="Content-Security-Policy" content="script-src 'self' pay.example.com/v3">
<script id="publicPathInWindowScript"></script><script src="/static/main.1a.js"></script></head>"""
NOT_FOUND = (404, "api.context.404.app_error")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "client"
    (folder / "i18n").mkdir(parents=True)
    (folder / "root.html").write_text(ROOT)
    (folder / "main.2c.css").write_text("body { background: url(/static/images/a.png) }")
    (folder / "manifest.json").write_text('{"start_url": "/static/x"}')
    (folder / "main.1a.js").write_text("let a")
    (folder / "remote_entry.js").write_text("let b")
    (folder / "i18n" / "de.2b.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "leak.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@asynccontextmanager
async def serving(
    folder: str, service: ServiceSettings | None = None, **team: Any
) -> AsyncIterator["TestClient[Any, Any]"]:
    settings = Settings(
        ServiceSettings=service or ServiceSettings(),
        TeamSettings=TeamSettings(**team),
        ChorusSettings=ChorusSettings(WebappDirectory=folder),
    )
    application = Application(
        [],
        cast(Sessions, None),
        Readiness(),
        RestMetrics(Metrics("edge")),
        version="v",
        body_limit=1000,
        pages=Pages(settings),
    )
    async with TestClient(TestServer(application.build())) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/login", "/a-team/channels/town-square", "/_redirect/pl/x", "/oauth/authorize"])
async def test_every_page_of_a_client_is_its_root(build: Path, path: str) -> None:
    async with serving(str(build), SiteName="Us & <them>", CustomDescriptionText='say "hi"') as client:
        response = await client.get(path)
        text = await response.text()
    assert response.status == 200
    assert "<title>Us &amp; &lt;them&gt;</title>" in text
    assert '<meta property="og:description" content="say &quot;hi&quot;" />' in text
    assert response.content_type == "text/html"
    assert response.headers["Cache-Control"] == "no-cache, max-age=31556926, public"
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert response.headers["Content-Security-Policy"] == "frame-ancestors 'self'; script-src 'self'"
    # The build's own list of sources ends where the server's begins.
    assert """content="script-src 'self'">""" in text
    assert '<script src="/static/main.1a.js">' in text
    assert "Expires" not in response.headers
    assert "Server" not in response.headers


async def test_static_files_have_exact_types_and_are_kept(build: Path) -> None:
    kept, asked_again = "max-age=31556926, public", "no-cache, max-age=31556926, public"
    async with serving(str(build)) as client:
        for name, kind, keeping in (
            ("main.1a.js", "text/javascript", kept),
            ("i18n/de.2b.json", "application/json", kept),
            ("remote_entry.js", "text/javascript", asked_again),
        ):
            response = await client.get(f"/static/{name}")
            assert (response.status, response.content_type) == (200, kind)
            assert response.headers["Cache-Control"] == keeping
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            again = await client.get(f"/static/{name}", headers={"If-None-Match": response.headers["ETag"]})
            assert again.status == 304


async def test_below_a_path_the_page_finds_its_files_there_and_may_say_so_to_its_scripts(build: Path) -> None:
    service = ServiceSettings(SiteURL="https://example.org/chat")
    async with serving(str(build), service) as client:
        response = await client.get("/login")
        text = await response.text()
        policy = response.headers["Content-Security-Policy"]
        script = re.search(r'<script id="publicPathInWindowScript">(.*?)</script>', text)
        assert script
        assert script[1] == "window.publicPath='/chat/static/'"
        digest = b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
        assert policy == f"frame-ancestors 'self'; script-src 'self' 'sha256-{digest}'"
        assert f"""content="script-src 'self' 'sha256-{digest}'">""" in text
        assert '<script src="/chat/static/main.1a.js">' in text
        for name, inside in (("main.2c.css", "url(/chat/static/images/a.png)"), ("manifest.json", "/chat/static/x")):
            changed = await client.get(f"/static/{name}")
            assert inside in await changed.text()
            assert changed.headers["Cache-Control"] == "max-age=31556926, public"
            again = await client.get(f"/static/{name}", headers={"If-None-Match": changed.headers["ETag"]})
            assert again.status == 304
        assert await (await client.get("/static/main.1a.js")).text() == "let a"


async def test_pages_of_other_sites_may_hold_the_client_where_the_operator_says_so(build: Path) -> None:
    service = ServiceSettings(FrameAncestors="https://a.example https://b.example")
    for folder in (str(build), ""):
        async with serving(folder, service) as client:
            policy = (await client.get("/")).headers["Content-Security-Policy"]
            assert "frame-ancestors 'self' https://a.example https://b.example" in policy


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/i18n/",
        "/static/i18n",
        "/static/none.js",
        "/static/leak.txt",
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2fsecret.txt",
        "/static/emoji/none.png",
        "/static//etc/passwd",
        "/static/%00",
    ],
)
async def test_no_path_leads_out_of_the_build(build: Path, path: str) -> None:
    async with serving(str(build)) as client:
        response = await client.get(URL(path, encoded=True))
        body = await response.read()
    assert b"secret" not in body
    assert response.status == 404 or b"<title>" in body  # a path that the client itself shortened is a page


@pytest.mark.parametrize("path", ["/api", "/api/v4/nothing", "/hooks/x", "/plugins/x", "/.well-known/x"])
async def test_what_is_no_page_is_the_apis_404(build: Path, path: str) -> None:
    async with serving(str(build)) as client:
        response = await client.get(path)
        assert (response.status, (await response.json())["id"]) == NOT_FOUND
        posted = await client.post("/login")
        assert posted.status == 404


async def test_without_a_client_there_is_a_page_about_the_server_alone() -> None:
    async with serving("", SiteName="Us <all>") as client:
        response = await client.get("/")
        text = await response.text()
        assert response.status == 200
        assert "Us &lt;all&gt;" in text
        assert "http://" not in text.replace("http://localhost", "")
        assert "script" not in text
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert await (await client.get("/robots.txt")).text() == "User-agent: *\nDisallow: /\n"
        for path in ("/login", "/static/x.js", "/favicon.ico"):
            other = await client.get(path)
            assert (other.status, (await other.json())["id"]) == NOT_FOUND


def test_a_folder_without_a_client_stops_the_start(tmp_path: Path) -> None:
    settings = Settings(ChorusSettings=ChorusSettings(WebappDirectory=str(tmp_path / "none")))
    with pytest.raises(ConfigError, match=r'WebappDirectory .* is ".*none", expected the folder of a web client'):
        Pages(settings)
    (tmp_path / "none").mkdir()
    with pytest.raises(ConfigError, match=r"root\.html"):
        Pages(settings)
