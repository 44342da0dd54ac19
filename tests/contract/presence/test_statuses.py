"""Statuses by hand, and typing."""

from chorus.presence.v1 import events_pb2, presence_pb2
from services.chassis.config import Settings
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.grounds import Grounds
from tests.contract.presence.conftest import Ear, running
from tests.contract.served import refused
from tests.contract.statements import counted
from tests.manual_clock import ManualClock


async def test_a_status_by_hand_is_never_overridden_until_online_lifts_it(
    grounds: Grounds, settings: Settings, ear: Ear, user: str
) -> None:
    async with running(grounds, settings, lease_ms=60_000) as presence:
        await presence.report("edge-1", [user], full=True)
        for by_hand in ("dnd", "away", "offline"):
            answer = await presence.set(user, by_hand)
            assert (answer.status, answer.manual) == (by_hand, True)
            await presence.report("edge-1", gone=[user])
            await presence.report("edge-1", online=[user])
            await presence.active(user)
            assert await presence.status(user) == by_hand
        answer = await presence.set(user, "online")
        assert (answer.status, answer.manual) == ("online", False)
        await presence.report("edge-1", gone=[user])
        assert await presence.status(user) == "offline"
        await ear.hears(lambda: ear.changes(user)[-1:] == ["offline"] and len(ear.changes(user)) == 6)
        assert ear.changes(user) == ["online", "dnd", "away", "offline", "online", "offline"]


async def test_do_not_disturb_ends_by_itself_and_gives_back_what_was(
    grounds: Grounds, settings: Settings, user: str
) -> None:
    clock, by_hand, without_socket = ManualClock(), new_id(), new_id()
    # A lease that a busy machine does not outlast: the edge reports once, and is to be there at the end.
    async with running(grounds, settings, clock=clock, lease_ms=20_000) as presence:
        await presence.report("edge-1", [user], full=True)
        await presence.set(by_hand, "away")
        end = clock.now_ms() // 1000 + 125
        for who in (user, by_hand, without_socket):
            assert (await presence.set(who, "dnd", end)).dnd_end_time_s == end - end % 60
        clock.advance(125)
        await presence.becomes(user, "online")
        await presence.becomes(by_hand, "away")
        await presence.becomes(without_socket, "offline")
        statuses = await presence.statuses(user, by_hand, without_socket)
        assert [s.manual for s in statuses] == [False, True, False]
        assert [s.dnd_end_time_s for s in statuses] == [0, 0, 0]


async def test_a_script_that_says_online_is_shown_online(grounds: Grounds, settings: Settings, user: str) -> None:
    clock = ManualClock()
    async with running(grounds, settings, clock=clock) as presence:
        await presence.set(user, "online")
        clock.advance(100)
        await presence.active(user)
        assert await presence.status(user) == "online"


async def test_who_never_had_a_status_is_offline_and_the_order_is_the_requests(
    grounds: Grounds, settings: Settings, user: str
) -> None:
    unknown = new_id()
    async with running(grounds, settings) as presence:
        await presence.set(user, "dnd")
        assert [(s.user_id, s.status) for s in await presence.statuses(unknown, user, unknown)] == [
            (unknown, "offline"),
            (user, "dnd"),
            (unknown, "offline"),
        ]


async def test_wrong_statuses_and_other_peoples_are_refused_and_nothing_is_written(
    grounds: Grounds, settings: Settings, ear: Ear, user: str
) -> None:
    other = new_id()
    async with running(grounds, settings) as presence:
        with refused(Reason.INVALID_STATUS):
            await presence.set(user, "ooo")
        with refused(Reason.PERMISSION_DENIED, permission="edit_other_users"):
            await presence.set(user, "dnd", by=other)
        assert await presence.status(user) == "offline"
        await presence.set(user, "dnd", by=other, roles=["system_user", "system_admin"])
        await ear.hears(lambda: ear.changes(user) == ["dnd"])


async def test_statuses_can_be_switched_off(grounds: Grounds, user: str) -> None:
    settings = grounds.settings("presence", ServiceSettings={"EnableUserStatuses": False})
    async with running(grounds, settings) as presence:
        with refused(Reason.STATUSES_DISABLED):
            await presence.set(user, "dnd")
        assert await presence.statuses(user) == []


async def test_typing_reaches_the_bus_in_its_channels(grounds: Grounds, settings: Settings, ear: Ear) -> None:
    items = [presence_pb2.TypingItem(user_id=new_id(), channel_id=new_id(), parent_id=parent) for parent in ("", "p")]
    async with running(grounds, settings) as presence:
        await presence.typing(*items)
        await ear.hears(lambda: len(ear.entries) == 2)
    told = {entry.topic: entry for entry in ear.entries}
    for item in items:
        entry = told[f"messaging/channel:{item.channel_id}"]
        typing = events_pb2.Typing.FromString(entry.body)
        assert (entry.seq, entry.kind) == (0, "typing")
        assert (typing.user_id, typing.channel_id, typing.parent_id) == (item.user_id, item.channel_id, item.parent_id)


async def test_many_users_cost_no_more_statements_than_one(grounds: Grounds, settings: Settings) -> None:
    async with running(grounds, settings, lease_ms=60_000) as presence:
        costs = []
        for count in (1, 8):
            tries = []
            for _ in range(3):  # leases that end are looked for meanwhile
                users = [new_id() for _ in range(count)]
                with counted() as come:
                    await presence.report("edge-1", online=users)
                with counted() as shown:
                    assert len(await presence.statuses(*users)) == count
                with counted() as active:
                    await presence.active(*users)
                tries.append([len(each) for each in (come, shown, active)])
            costs.append([min(each) for each in zip(*tries, strict=True)])
        assert costs[0] == costs[1]
