"""Coming into a team, as part of a change that has locked its topic, its default channels' and the users'."""

from collections.abc import Sequence

from chorus.messaging.v1 import events_pb2
from services.chassis.topics import team_topic, user_topic
from services.messaging.domain import system_posts, teams
from services.messaging.domain.channels import Channel
from services.messaging.domain.system_posts import Notice
from services.messaging.domain.teams import Team, TeamMember
from services.messaging.domain.users import User
from services.messaging.operations.changing import Change
from services.messaging.operations.entering import enter
from services.messaging.store import memberships as membership_store
from services.messaging.store import teams as store


async def enter_team(
    change: Change, team: Team, users: Sequence[User], defaults: Sequence[Channel], *, admin: bool = False
) -> dict[str, TeamMember]:
    """Begin memberships and enter the default channels, guests into none; return the memberships by user."""
    members: dict[str, TeamMember] = {}
    for user in users:
        at = change.next_at(team_topic(team.id))
        members[user.id] = teams.new_member(team.id, user, at, admin=admin)
        seq = change.announce(team_topic(team.id), events_pb2.TeamMemberAdded(team_id=team.id, user_id=user.id), at)
        change.announce(user_topic(user.id), events_pb2.TeamJoined(team_id=team.id, team_seq=seq), at)
    await store.put_members(change.tx, list(members.values()))
    coming = [user for user in users if not user.is_guest]
    inside = await membership_store.pairs(change.tx, [u.id for u in coming], [c.id for c in defaults])
    entries = [(c, u) for u in coming for c in defaults if (c.id, u.id) not in inside]
    await enter(change, entries, admin=admin)
    return members


def arrival(defaults: Sequence[Channel], by: User, user: User) -> list[Notice]:
    """Return what the default channels tell of a user who came into the team, by itself or by another."""
    notices: list[Notice] = []
    if user.is_guest:
        return notices
    for channel in defaults:
        if channel.is_town_square and by.id == user.id:
            notices.append(system_posts.joined_team(channel, user))
        elif channel.is_town_square:
            notices.append(system_posts.added_to_team(channel, by, user))
        elif by.id == user.id:
            notices.append(system_posts.joined_channel(channel, user))
        else:
            notices.append(system_posts.added_to_channel(channel, by, user))
    return notices
