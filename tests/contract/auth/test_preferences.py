"""Preferences through generated stubs, the real gate and a real database."""

from chorus.auth.v1 import events_pb2, preferences_pb2_grpc, users_pb2, users_pb2_grpc
from chorus.auth.v1 import preferences_pb2 as pb
from chorus.common.v1 import events_pb2 as log_pb2
from services.chassis.errors import Reason
from tests.contract.auth.callers import Auth, actor_of
from tests.contract.served import refused


def kept(user: users_pb2.User, category: str, name: str, value: str) -> pb.Preference:
    return pb.Preference(user_id=user.id, category=category, name=name, value=value)


class Drawer:
    """What one user keeps for itself or for another."""

    def __init__(self, auth: Auth, actor: users_pb2.User, owner: users_pb2.User) -> None:
        self.auth, self.actor, self.owner_id = auth, actor_of(actor), owner.id
        self.stub = preferences_pb2_grpc.PreferenceServiceStub(auth.caller.channel)

    async def find(self, category: str = "", name: str | None = None) -> list[pb.Preference]:
        request = pb.ListPreferencesRequest(actor=self.actor, user_id=self.owner_id, category=category, name=name)
        return list((await self.auth.caller.call(self.stub.ListPreferences, request)).preferences)

    async def save(self, *preferences: pb.Preference) -> None:
        request = pb.SavePreferencesRequest(actor=self.actor, user_id=self.owner_id, preferences=preferences)
        await self.auth.caller.call(self.stub.SavePreferences, request)

    async def delete(self, *preferences: pb.Preference) -> None:
        request = pb.DeletePreferencesRequest(actor=self.actor, user_id=self.owner_id, preferences=preferences)
        await self.auth.caller.call(self.stub.DeletePreferences, request)

    async def events(self) -> list[tuple[str, bytes]]:
        request = log_pb2.ListEventsRequest(topic=f"auth/user:{self.owner_id}")
        return [(e.kind, e.body) for e in (await self.auth.caller.call(self.auth.log.ListEvents, request)).entries]


async def test_each_change_is_kept_and_told_in_the_users_topic(auth: Auth) -> None:
    user = await auth.create()
    drawer = Drawer(auth, user, user)
    assert len(await drawer.find()) == 3
    one, two = kept(user, "last", "channel", "a"), kept(user, "last", "team", "b")
    await drawer.save(one, two)
    await drawer.save(kept(user, "last", "channel", "c"))
    assert [each.value for each in await drawer.find("last")] == ["c", "b"]
    assert [each.value for each in await drawer.find("last", "team")] == ["b"]
    await drawer.delete(one)
    await drawer.delete(one)
    assert await drawer.find("last") == [two]
    kinds = [kind for kind, _ in await drawer.events()]
    assert kinds == ["preferences_changed"] * 2 + ["preferences_deleted"] * 2
    first = events_pb2.PreferencesChanged.FromString((await drawer.events())[0][1])
    assert list(first.preferences) == [one, two]


async def test_they_are_the_users_own_and_a_refusal_changes_nothing(auth: Auth) -> None:
    user, other = await auth.create(), await auth.create()
    own, strange = Drawer(auth, user, user), Drawer(auth, other, user)
    fine = kept(user, "last", "channel", "a")
    for refuse in (strange.find(), strange.save(fine), strange.delete(fine)):
        with refused(Reason.PERMISSION_DENIED):
            await refuse
    with refused(Reason.PREFERENCE_OF_OTHER):
        await own.save(fine, kept(other, "last", "channel", "a"))
    with refused(Reason.INVALID_PREFERENCE, field="name"):
        await own.save(fine, kept(user, "last", "n" * 33, "a"))
    with refused(Reason.PREFERENCES_NOT_FOUND):
        await own.find("last")
    assert len(await own.find()) == 3
    assert await own.events() == []


async def test_how_a_user_reads_replies_is_told_to_the_services(auth: Auth) -> None:
    user, other = await auth.create(), await auth.create()
    drawer = Drawer(auth, user, user)
    answer = await auth.caller.call(auth.log.CurrentSeqs, log_pb2.CurrentSeqsRequest(topics=["auth/cluster"]))
    after = answer.seqs[0].seq
    off = kept(user, "display_settings", "collapsed_reply_threads", "off")
    await drawer.save(kept(user, "display_settings", "use_military_time", "true"))
    await drawer.save(off, kept(user, "last", "channel", "a"))

    async def chosen() -> dict[str, bool]:
        caller = auth.served.caller("messaging")
        request = users_pb2.SnapshotUsersRequest(limit=1000)
        stub = users_pb2_grpc.UserServiceStub(caller.channel)
        found = dict((await caller.call(stub.SnapshotUsers, request)).collapsed_threads)
        return {user_id: found[user_id] for user_id in (user.id, other.id) if user_id in found}

    assert await chosen() == {user.id: False}
    await drawer.save(kept(user, "display_settings", "collapsed_reply_threads", "on"))
    assert await chosen() == {user.id: True}
    await drawer.delete(off)
    assert await chosen() == {}
    request = log_pb2.ListEventsRequest(topic="auth/cluster", after=after)
    entries = (await auth.caller.call(auth.log.ListEvents, request)).entries
    assert [(e.kind, events_pb2.ThreadsChosen.FromString(e.body)) for e in entries] == [
        ("threads_chosen", events_pb2.ThreadsChosen(user_id=user.id, collapsed=collapsed))
        for collapsed in (False, True, None)
    ]
