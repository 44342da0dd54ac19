"""A page that the mesh serves signs in, opens its socket and chats, by the rules that a real browser enforces."""

import json
from pathlib import Path

from tests.browser.chromium import chromium
from tests.e2e.world import PASSWORD, World, say


async def test_a_client_that_the_mesh_serves_chats_in_a_real_browser(world: World, tmp_path: Path) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    await say(ben.rest, channel["id"], "before you came")
    site = f"http://localhost:{world.front.rest_port}"
    async with chromium(tmp_path) as page:
        await page.visit(f"{site}/a-team/channels/{channel['name']}")
        assert await page.run("document.title") == "Chorus"
        assert await page.run("getComputedStyle(document.getElementById('posts')).listStyleType") == "none"
        assert await page.run("window.injected") is None, "only scripts of the site's own may run"
        assert [one for one in page.complaints if "Content Security Policy" in one]
        page.complaints.clear()

        await page.run(f"chat.signIn({json.dumps(ana.username)}, {json.dumps(PASSWORD)})")
        assert await page.run("document.cookie.split('; ').map((pair) => pair.split('=')[0]).sort()") == [
            "MMCSRF",
            "MMUSERID",
        ]
        connection = await page.run(f"chat.open('{channel['id']}')")
        assert len(connection) == 26
        assert (await page.run("chat.say('hello from the page')"))["user_id"] == ana.id
        # One of the two is not the edge that the page's socket is at.
        for number, edge in enumerate(world.edges):
            await say(ben.at(edge), channel["id"], f"hello from edge {number}")
        said = ["before you came", "hello from the page", "hello from edge 0", "hello from edge 1"]
        assert await page.run("chat.shows(4)") == said

        await page.visit(f"{site}/")
        await page.run(f"chat.open('{channel['id']}')")
        assert await page.run("chat.shows(4)") == said, "the session is kept by cookies alone"
        assert not [one for one in page.complaints if "Content Security Policy" not in one]
        await page.run("chat.signOut()")
        refused = await page.run("chat.say('too late').catch((error) => error.message)")
        assert refused == "/posts: 401 api.context.session_expired.app_error"
