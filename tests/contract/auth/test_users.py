"""Changing and finding users."""

import pytest

from chorus.auth.v1 import events_pb2, users_pb2
from chorus.common.v1 import actor_pb2
from chorus.common.v1 import events_pb2 as log_pb2
from services.chassis.errors import Reason
from tests.contract.auth.callers import PASSWORD, Auth
from tests.contract.served import refused

_ADMIN = users_pb2.User(id="y" * 26, roles=["system_admin", "system_user"])


async def _search(auth: Auth, term: str, **more: bool | int | str) -> list[str]:
    request = users_pb2.SearchUsersRequest(term=term, **more)  # type: ignore[arg-type]
    return [user.username for user in (await auth.caller.call(auth.users.SearchUsers, request)).users]


async def test_a_patch_changes_what_it_names_and_is_announced(auth: Auth) -> None:
    user = await auth.create("patty", nickname="Pat", notify_props={"mention_keys": "patty,@patty,cake"})
    changed = await auth.patch(user, user.id, first_name="Patricia", nickname="", username="PATRICIA")
    assert (changed.first_name, changed.nickname, changed.username) == ("Patricia", "", "patricia")
    assert changed.notify_props["mention_keys"] == "patricia,@patricia,cake"
    assert changed.update_at_ms > user.update_at_ms
    replaced = await auth.patch(
        user, user.id, props=users_pb2.StringMap(entries={"a": "b"}), timezone=users_pb2.StringMap()
    )
    assert (dict(replaced.props), dict(replaced.timezone)) == ({"a": "b"}, {})
    current = await auth.caller.call(auth.log.CurrentSeqs, log_pb2.CurrentSeqsRequest(topics=["auth/cluster"]))
    listed = await auth.caller.call(
        auth.log.ListEvents, log_pb2.ListEventsRequest(topic="auth/cluster", after=current.seqs[0].seq - 1)
    )
    assert [entry.kind for entry in listed.entries] == ["user_updated"]
    assert events_pb2.UserUpdated.FromString(listed.entries[0].body).user == replaced


async def test_ones_own_address_needs_the_password(auth: Auth) -> None:
    user = await auth.create("mover")
    for password in ("", "wrong password"):
        with refused(Reason.INVALID_ARGUMENT, field="password"):
            await auth.patch(user, user.id, email="new@example.com", password=password)
    assert (await auth.patch(user, user.id, email="Mover@example.com")).email == "mover@example.com"
    assert (await auth.patch(user, user.id, email="new@example.com", password=PASSWORD)).email == "new@example.com"
    assert (await auth.patch(_ADMIN, user.id, email="newer@example.com")).email == "newer@example.com"


async def test_who_may_change_whom(auth: Auth) -> None:
    user, other = await auth.create("victim"), await auth.create("meddler")
    with refused(Reason.PERMISSION_DENIED):
        await auth.patch(other, user.id, nickname="fool")
    with refused(Reason.PERMISSION_DENIED):
        await auth.patch(other, "x" * 26, nickname="fool")
    with refused(Reason.USER_NOT_FOUND):
        await auth.patch(_ADMIN, "x" * 26, nickname="fool")
    for field, value in (("username", "meddler"), ("email", "meddler@example.com")):
        with refused(Reason.USERNAME_TAKEN if field == "username" else Reason.EMAIL_TAKEN):
            await auth.patch(_ADMIN, user.id, **{field: value})
    with refused(Reason.INVALID_USER, field="username"):
        await auth.patch(user, user.id, username="all")


async def test_users_are_found_in_the_order_asked_for(auth: Auth) -> None:
    a, b, c = await auth.create("gets-a"), await auth.create("gets-b"), await auth.create("gets-c")
    request = users_pb2.GetUsersRequest(
        ids=[c.id, "x" * 26, a.id], usernames=["GETS-B", "gets-a", "no\x00ne"], emails=["gets-c@EXAMPLE.com"]
    )
    found = (await auth.caller.call(auth.users.GetUsers, request)).users
    assert [user.id for user in found] == [c.id, a.id, b.id]
    request.since_ms = b.update_at_ms
    assert [user.id for user in (await auth.caller.call(auth.users.GetUsers, request)).users] == [c.id]


async def test_search_matches_prefixes_of_what_it_is_told_to(auth: Auth) -> None:
    await auth.create("zoe", first_name="Ärmel", last_name="Kanal", nickname="Quux", email="tunnel@example.com")
    await auth.create("zoltan")
    for term, more, expected in (
        ("ZO", {}, ["zoe", "zoltan"]),
        ("@zoe", {}, ["zoe"]),
        ("qu", {}, ["zoe"]),
        ("ärm", {}, []),
        ("ÄRM", {"match_names": True}, ["zoe"]),
        ("kan", {"match_names": True}, ["zoe"]),
        ("ärmel kan", {"match_names": True}, ["zoe"]),
        ("tunnel", {}, []),
        ("tunnel", {"match_email": True}, ["zoe"]),
        ("zo%", {}, []),
        ("z_e", {}, []),
        ("zo\x00", {}, []),
        ("zo", {"limit": 1}, ["zoe"]),
        ("zo", {"role": "system_admin"}, []),
    ):
        assert await _search(auth, term, **more) == expected, (term, more)


async def test_pages_counts_and_snapshots_hold_everybody(auth: Auth) -> None:
    for name in ("page-a", "page-b", "page-c"):
        await auth.create(name)
    total = (await auth.caller.call(auth.users.CountUsers, users_pb2.CountUsersRequest())).total
    pages: list[str] = []
    for number in range(total // 2 + 1):
        request = users_pb2.ListUsersRequest(page=number, per_page=2, active_only=True)
        pages += [user.username for user in (await auth.caller.call(auth.users.ListUsers, request)).users]
    assert pages == sorted(set(pages))
    assert len(pages) == total
    newest = users_pb2.ListUsersRequest(per_page=1, sort="create_at")
    assert (await auth.caller.call(auth.users.ListUsers, newest)).users[0].username == "page-c"
    with refused(Reason.INVALID_ARGUMENT, field="page"):
        await auth.caller.call(auth.users.ListUsers, users_pb2.ListUsersRequest(page=2**31 - 1, per_page=1000))

    messaging = Auth(auth.served, auth.served.caller("messaging"))
    seen: list[str] = []
    while True:
        request_ = users_pb2.SnapshotUsersRequest(after_id=seen[-1] if seen else "", limit=4)
        chunk = await messaging.caller.call(messaging.users.SnapshotUsers, request_)
        if not chunk.users:
            break
        seen += [user.id for user in chunk.users]
    assert seen == sorted(set(seen))
    assert len(seen) == total
    current = await auth.caller.call(auth.log.CurrentSeqs, log_pb2.CurrentSeqsRequest(topics=["auth/cluster"]))
    assert (chunk.seq, chunk.incarnation) == (current.seqs[0].seq, current.incarnation)


@pytest.mark.parametrize("roles", [["system_admin"], ["system_user"]])
async def test_an_unknown_actor_changes_nobody_without_the_right(auth: Auth, roles: list[str]) -> None:
    user = await auth.create()
    request = users_pb2.PatchUserRequest(
        actor=actor_pb2.Actor(user_id="z" * 26, roles=roles), id=user.id, nickname="edited"
    )
    if roles == ["system_admin"]:
        assert (await auth.caller.call(auth.users.PatchUser, request)).user.nickname == "edited"
    else:
        with refused(Reason.PERMISSION_DENIED):
            await auth.caller.call(auth.users.PatchUser, request)
