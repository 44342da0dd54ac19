"""What sample data consists of: decided by the seed alone, before anything is sent."""

import random
from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NAMES = _words(
    "ada alan barbara claude dennis edsger frances grace hedy ivan john karen leslie margaret niklaus radia"
)
_TOPICS = _words(
    "design release incidents support research garden lunch books music travel hiring security data mobile"
)
_WORDS = _words(
    "the a this that our your we they it build test graph page release question answer plan idea note change "
    "review server client channel thread morning evening today tomorrow quickly slowly again almost never "
    "always works waits looks needs takes gives before after without because green small large new old simple "
    "ready late early"
)
_EMOJI = ("thumbsup", "heart", "tada", "eyes", "rocket")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    users: int = 10
    teams: int = 2
    channels: int = 20
    posts: int = 2_000


@dataclass(frozen=True, slots=True)
class PlannedChannel:
    """A channel of a team."""

    team: int
    name: str
    display_name: str
    kind: str
    """O or P."""
    members: tuple[int, ...]
    """Numbers of people; the first one makes it."""


@dataclass(frozen=True, slots=True)
class PlannedPost:
    """A post, in its channel's order."""

    number: int
    channel: int
    author: int
    message: str
    root: int | None
    """The number of the post that it answers."""
    reactions: tuple[tuple[int, str], ...]
    """Who reacts, with what."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it."""

    seed: int
    people: tuple[str, ...]
    teams: tuple[str, ...]
    channels: tuple[PlannedChannel, ...]
    posts: tuple[PlannedPost, ...]


def plan(seed: int, sizes: Sizes) -> Plan:
    """Decide everything."""
    chance = random.Random(seed)  # noqa: S311 - words to read, no secrets
    people = tuple(f"{_NAMES[n % len(_NAMES)]}.{seed}.{n + 1}" for n in range(sizes.users))
    teams = tuple(f"sample-{seed}-{n + 1}" for n in range(sizes.teams))
    channels = tuple(_channel(chance, seed, n, sizes) for n in range(sizes.channels))
    return Plan(seed, people, teams, channels, _posts(chance, people, channels, sizes.posts))


def _channel(chance: random.Random, seed: int, number: int, sizes: Sizes) -> PlannedChannel:
    topic = _TOPICS[number % len(_TOPICS)]
    others = [person for person in range(1, sizes.users) if chance.random() < 0.5]
    kind = "P" if chance.random() < 0.2 else "O"
    title = f"{topic.capitalize()} {number + 1}"
    return PlannedChannel(number % sizes.teams, f"{topic}-{seed}-{number + 1}", title, kind, (0, *others))


def _posts(
    chance: random.Random, people: tuple[str, ...], channels: tuple[PlannedChannel, ...], count: int
) -> tuple[PlannedPost, ...]:
    roots: list[list[int]] = [[] for _ in channels]
    posts = []
    for number in range(count):
        place = number % len(channels)
        members = channels[place].members
        root = chance.choice(roots[place][-10:]) if roots[place] and chance.random() < 0.33 else None
        if root is None:
            roots[place].append(number)
        message = " ".join(chance.choices(_WORDS, k=chance.randint(3, 30))).capitalize() + "."
        if chance.random() < 0.05:
            message = f"@{people[chance.choice(members)]} {message}"
        fans = chance.sample(members, k=min(len(members), chance.randint(1, 3))) if chance.random() < 0.03 else []
        reactions = tuple((fan, chance.choice(_EMOJI)) for fan in fans)
        posts.append(PlannedPost(number, place, chance.choice(members), message, root, reactions))
    return tuple(posts)
