"""`chorus sample-data`: people, teams, channels and conversations, the same for the same seed."""

import argparse
import asyncio
import time
from functools import partial

import aiohttp
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from deploy.cli.sample_plan import Plan, Sizes, plan
from deploy.cli.seeding import IN_FLIGHT, PASSWORD, Seeder
from deploy.local.mesh import Mesh
from deploy.local.trouble import Trouble

ABOUT = """\
Fill a server with people, teams, channels and posts, over its own API: whatever server speaks it will do.

  chorus sample-data                                on an empty mesh: 10 people, 2 teams, 20 channels, 2,000 posts
  chorus sample-data --seed 2 --admin you:password  more of it, other names, on a mesh that has an administrator
  chorus sample-data --users 12 --teams 3 --channels 200 --posts 50000
                                                    one person in 3 teams and 200 channels with 50,000 posts

The same seed and sizes make the same names, words, threads and reactions in every channel; ids and times are the
server's. The first person is a member of everything; the others are in about half of the channels each.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "sample-data",
        parents=[common],
        help="people, teams, channels and posts to look at; the same for the same seed",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Sizes()
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="decides all names and words (default 1)")
    for name, what in (
        ("users", "people"),
        ("teams", "teams, each with everybody in it"),
        ("channels", "channels, over all teams"),
        ("posts", "posts, over all channels; a third of them replies"),
    ):
        number = getattr(default, name)
        parser.add_argument(f"--{name}", type=_count, default=number, metavar="N", help=f"{what} (default {number})")
    parser.add_argument("--url", metavar="URL", help="another server, as in http://localhost:8065")
    parser.add_argument(
        "--admin",
        type=_login,
        metavar="NAME:PASSWORD",
        help="who makes the accounts; not needed on a server without any: there the first person becomes administrator",
    )
    parser.set_defaults(run=seed)


def seed(arguments: argparse.Namespace) -> int:
    """Make it all; 0 when it is there."""
    url = arguments.url or Mesh(arguments.data, arguments.port).front_url
    sizes = Sizes(arguments.users, arguments.teams, arguments.channels, arguments.posts)
    try:
        asyncio.run(_seed(url.rstrip("/"), plan(arguments.seed, sizes), arguments.admin))
    except aiohttp.ClientError as error:
        raise Trouble(f"{url} does not answer: {error}") from None
    return 0


async def _seed(url: str, story: Plan, admin: tuple[str, str] | None) -> None:
    bars = Progress(
        TextColumn("  {task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    # No cookies of its own: one session here speaks for everybody, and a cookie would win over a token.
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
        seeder = Seeder(http, url, story)
        began = time.monotonic()
        with bars:
            for name, total, make in seeder.chapters(admin):
                began = time.monotonic()
                await make(partial(bars.advance, bars.add_task(name, total=total)))
        took = time.monotonic() - began  # the last chapter: posts
    print(
        f"\n{len(story.posts):,} posts in {took:.1f} s: {len(story.posts) / max(took, 0.001):,.0f} a second."
        f"\nSign in at {url} as {story.people[0]}, or any of {', '.join(story.people[1:4]) or 'no others'} …"
        f"\nEverybody's password: {PASSWORD}"
    )


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000_000:
        raise argparse.ArgumentTypeError("at least 1, and at most ten million")
    return number


def _login(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not (name and colon and password):
        raise argparse.ArgumentTypeError("a name and a password, as in: you:a good long password")
    return name, password
