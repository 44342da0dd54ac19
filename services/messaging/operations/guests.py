"""What follows for guests from what auth tells of users.

A guest's memberships are a guest's: they follow the user. And a guest hears of changes of those with whom it shares a
channel, and of nobody else; only messaging knows who that is, so it tells them in their own topics.
"""

from collections.abc import Mapping, Sequence

from chorus.messaging.v1 import events_pb2
from services.chassis.topics import user_topic
from services.messaging.domain.users import User
from services.messaging.operations.changing import Change
from services.messaging.store import guests as store
from services.messaging.wire import memberships as member_wire
from services.messaging.wire import teams as team_wire
from services.messaging.wire.threads import participant


async def follow(change: Change, before: Mapping[str, User], users: Sequence[User]) -> None:
    """Let memberships follow who became a guest or a member, and tell guests of those whom they know.

    `users` are stored already; `before` is what was stored of them until now.
    """
    known = {user.id: user for user in users if user.id in before}
    turned = sorted(id for id, user in known.items() if user.is_guest != before[id].is_guest)
    acquaintances = await store.acquaintances(change.tx, sorted(known))
    if not (turned or acquaintances):
        return
    await change.lock(user_topic(id) for id in {*turned, *(guest_id for guest_id, _ in acquaintances)})
    for guest_id, user_id in acquaintances:
        topic = user_topic(guest_id)
        change.announce(topic, events_pb2.AcquaintanceUpdated(user=participant(known[user_id])), change.next_at(topic))
    for member in await store.align_channels(change.tx, turned, change.now_ms):
        topic = user_topic(member.user_id)
        change.announce(topic, events_pb2.MemberUpdated(member=member_wire.member(member)), change.next_at(topic))
    for team_member in await store.align_teams(change.tx, turned):
        topic = user_topic(team_member.user_id)
        body = events_pb2.TeamMemberUpdated(member=team_wire.member(team_member))
        change.announce(topic, body, change.next_at(topic))
