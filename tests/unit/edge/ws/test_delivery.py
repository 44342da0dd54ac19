"""Promises 4 and 6 without a network: who gets which event, from where on, until when."""

import json
import random

from chorus.auth.v1 import events_pb2 as auth_pb2
from chorus.auth.v1 import users_pb2
from chorus.common.v1 import events_pb2
from chorus.messaging.v1 import events_pb2 as messaging_pb2
from chorus.presence.v1 import events_pb2 as presence_pb2
from services.chassis.topics import channel_topic, cluster_topic, team_topic, user_topic
from services.edge.dialect.frames import Standing
from services.edge.ws.ordering import HOLD_SECONDS, Repair
from tests.unit.edge.ws.sockets import Bench, FakeSocket, an_id, entry, linking, message, posted

ADA, BOB, CAROL = an_id("ada"), an_id("bob"), an_id("carol")
TOWN = an_id("town")
TOPIC = channel_topic(TOWN)


def joined(user_id: str, seq: int, channel_seq: int) -> events_pb2.LogEntry:
    body = messaging_pb2.ChannelJoined(channel_id=TOWN, team_id="t", channel_type="O", channel_seq=channel_seq)
    return entry(user_topic(user_id), seq, body)


def left(user_id: str, seq: int, channel_seq: int) -> events_pb2.LogEntry:
    return entry(user_topic(user_id), seq, messaging_pb2.ChannelLeft(channel_id=TOWN, channel_seq=channel_seq))


def removed(user_id: str, seq: int) -> events_pb2.LogEntry:
    return entry(TOPIC, seq, messaging_pb2.MemberRemoved(channel_id=TOWN, user_id=user_id, remover_id=ADA))


def test_members_get_it_once_and_in_order_and_others_nothing() -> None:
    bench = Bench()
    ada = bench.socket(ADA, {TOPIC: 2, user_topic(ADA): 0})
    carol = bench.socket(CAROL, {user_topic(CAROL): 0})
    bench.take(posted(TOWN, 4), posted(TOWN, 3), posted(TOWN, 3), posted(TOWN, 5))
    assert ada.said == ["3", "4", "5"]
    assert [frame["seq"] for frame in ada.frames] == [0, 1, 2]
    assert carol.frames == []


def test_only_the_mentioned_learn_of_their_mention() -> None:
    bench = Bench()
    ada, bob = bench.socket(ADA, {TOPIC: 0}), bench.socket(BOB, {TOPIC: 0})
    bench.take(posted(TOWN, 1, BOB, CAROL))
    assert bob.frames[0]["data"]["mentions"] == f'["{BOB}"]'
    assert "mentions" not in ada.frames[0]["data"]
    assert {k: v for k, v in bob.frames[0]["data"].items() if k != "mentions"} == ada.frames[0]["data"]


def test_what_came_between_a_baseline_and_its_use_is_handed_over_once() -> None:
    bench = Bench()
    mark = bench.delivery.recent.mark()
    bench.take(posted(TOWN, 1), posted(TOWN, 2), posted(TOWN, 3))
    fresh = bench.socket(ADA, {TOPIC: 1}, mark=mark)
    assert fresh.said == ["2", "3"]
    bench.take(posted(TOWN, 4))
    late = bench.socket(BOB, {TOPIC: 2}, mark=mark)
    assert late.said == ["3", "4"]
    assert fresh.said == ["2", "3", "4"]


def test_what_the_log_told_between_a_baseline_and_its_use_is_asked_for_though_the_bus_lost_it() -> None:
    """The log says so once, and nobody listened to the topic yet."""
    bench = Bench()
    mark = bench.delivery.recent.mark()
    bench.delivery.changed("messaging", {TOPIC: 3}, "i", bench.now)
    ada = bench.socket(ADA, {TOPIC: 2}, mark=mark)
    bench.now += HOLD_SECONDS
    (fetch,) = bench.fetches()
    assert fetch == Repair(TOPIC, 2, 3)
    bench.answer(fetch, posted(TOWN, 3))
    assert ada.said == ["3"]


def test_a_baseline_ahead_of_the_edge_skips_what_is_still_to_come() -> None:
    bench = Bench()
    ada = bench.socket(ADA, {TOPIC: 0})
    bob = bench.socket(BOB, {TOPIC: 2})
    bench.take(posted(TOWN, 1), posted(TOWN, 2), posted(TOWN, 3))
    assert ada.said == ["1", "2", "3"]
    assert bob.said == ["3"]


def test_a_baseline_that_the_ring_no_longer_covers_is_asked_of_the_log_and_live_events_wait() -> None:
    bench = Bench()
    ada = bench.socket(ADA, {TOPIC: 0})
    bench.take(*(posted(TOWN, seq) for seq in range(1, 6)))
    bench.delivery.recent.clear()
    bob = bench.socket(BOB, {TOPIC: 2})
    fetch = bench.catch_up()
    assert (fetch.after, fetch.upto) == (2, 5)
    bench.take(posted(TOWN, 6))
    assert bob.said == []
    bench.answer(fetch, posted(TOWN, 3), complete=False)
    rest = bench.catch_up()
    bench.answer(rest, posted(TOWN, 4), posted(TOWN, 5))
    assert bob.said == ["3", "4", "5", "6"]
    assert ada.said == ["1", "2", "3", "4", "5", "6"]


def test_sockets_whose_past_cannot_be_had_are_closed_and_no_others() -> None:
    bench = Bench()
    ada = bench.socket(ADA, {TOPIC: 0})
    bench.take(posted(TOWN, 1), posted(TOWN, 2))
    bench.delivery.recent.clear()
    bob = bench.socket(BOB, {TOPIC: 1})
    bench.delivery.truncated(bench.catch_up())
    assert (ada.closed, bob.closed) == ([], ["log_truncated"])


def test_a_topic_that_is_no_longer_kept_closes_its_sockets() -> None:
    bench = Bench()
    ada, carol = bench.socket(ADA, {TOPIC: 0}), bench.socket(CAROL, {user_topic(CAROL): 0})
    bench.take(posted(TOWN, 9))
    bench.now = HOLD_SECONDS
    (fetch,) = bench.fetches()
    assert fetch == Repair(TOPIC, 0, 8)
    bench.delivery.truncated(fetch)
    assert (ada.closed, carol.closed) == (["log_truncated"], [])


def test_whoever_joins_gets_what_follows_its_joining_also_if_the_edge_is_ahead() -> None:
    bench = Bench()
    bench.socket(ADA, {TOPIC: 0})
    bob = bench.socket(BOB, {user_topic(BOB): 0})
    bench.take(*(posted(TOWN, seq) for seq in range(1, 5)))
    bench.take(joined(BOB, 1, channel_seq=2))
    assert bob.events == ["user_added"]
    bench.take(posted(TOWN, 5))
    bench.answer(bench.catch_up(), posted(TOWN, 3), posted(TOWN, 4))
    assert bob.said == ["3", "4", "5"]


def test_whoever_joins_a_channel_that_nobody_here_follows_has_the_log_asked() -> None:
    bench = Bench()
    bob = bench.socket(BOB, {user_topic(BOB): 0})
    bench.take(posted(TOWN, 7))  # nobody listens
    bench.take(joined(BOB, 1, channel_seq=6))
    (fetch,) = bench.fetches()
    assert fetch == Repair(TOPIC, 6, 0)
    bench.take(posted(TOWN, 8))
    bench.answer(fetch, posted(TOWN, 7), posted(TOWN, 8))
    assert bob.said == ["7", "8"]


def test_nothing_committed_after_a_removal_reaches_the_removed_whichever_topic_tells_it_first() -> None:
    for told_by_channel in (True, False):
        bench = Bench()
        ada = bench.socket(ADA, {TOPIC: 0})
        bob = bench.socket(BOB, {TOPIC: 0, user_topic(BOB): 0})
        bench.take(posted(TOWN, 1))
        bench.take(removed(BOB, 2) if told_by_channel else left(BOB, 1, channel_seq=2))
        bench.take(removed(BOB, 2), posted(TOWN, 3), left(BOB, 1, channel_seq=2))
        assert bob.said == ["1"]
        assert bob.events == ["posted", "user_removed"]
        assert bob.frames[-1]["data"]["channel_id"] == TOWN
        assert ada.said == ["1", "3"]
        assert ada.frames[1]["data"]["user_id"] == BOB


def test_a_removal_that_comes_early_narrows_at_once() -> None:
    bench = Bench()
    bob = bench.socket(BOB, {TOPIC: 0, user_topic(BOB): 0})
    bench.take(left(BOB, 2, channel_seq=1))  # its place is behind something that is missing
    bench.take(posted(TOWN, 1))
    assert bob.said == []


def test_a_removal_of_before_does_not_take_a_channel_from_whoever_came_back() -> None:
    bench = Bench()
    bench.socket(ADA, {TOPIC: 0})
    bob = bench.socket(BOB, {user_topic(BOB): 0})
    bench.take(joined(BOB, 1, channel_seq=3))  # back again; the edge is not yet at the removal of before
    bench.take(posted(TOWN, 1), removed(BOB, 2))
    bench.take(entry(TOPIC, 3, messaging_pb2.MemberAdded(channel_id=TOWN, user_id=BOB)), posted(TOWN, 4))
    assert bob.said == ["4"]


def test_a_past_with_a_removal_in_it_ends_there() -> None:
    bench = Bench()
    bench.socket(ADA, {TOPIC: 0})
    mark = bench.delivery.recent.mark()
    bench.take(posted(TOWN, 1), removed(BOB, 2), posted(TOWN, 3))
    bob = bench.socket(BOB, {TOPIC: 0}, mark=mark)
    assert bob.said == ["1"]
    bench.take(posted(TOWN, 4))
    assert bob.said == ["1"]


def test_deletions_and_changes_of_users_differ_for_administrators_and_for_the_user() -> None:
    bench = Bench()
    cluster = cluster_topic("auth")
    admin = bench.socket(ADA, {TOPIC: 0, cluster: 0}, standing=Standing.ADMIN)
    bob, carol = (bench.socket(user, {TOPIC: 0, cluster: 0}) for user in (BOB, CAROL))
    bench.take(entry(TOPIC, 1, messaging_pb2.PostDeleted(deleted_by=BOB)))
    assert admin.frames[0]["data"]["delete_by"] == BOB
    assert admin.frames[0]["broadcast"]["contains_sensitive_data"] is True
    assert "delete_by" not in bob.frames[0]["data"]
    assert bob.frames[0]["broadcast"]["contains_sanitized_data"] is True
    user = users_pb2.User(id=BOB, username="bob", notify_props={"email": "true"}, roles=["system_user"])
    bench.take(entry(cluster, 1, auth_pb2.UserUpdated(user=user)))
    seen = [socket.frames[1]["data"]["user"] for socket in (admin, bob, carol)]
    assert ["notify_props" in shown for shown in seen] == [True, True, False]
    assert all(len(socket.frames) == 2 for socket in (admin, bob, carol))


def test_a_demoted_administrator_gets_what_others_get() -> None:
    bench = Bench()
    cluster = cluster_topic("auth")
    ada = bench.socket(ADA, {TOPIC: 0, cluster: 0}, standing=Standing.ADMIN)
    bench.take(entry(cluster, 1, auth_pb2.UserUpdated(user=users_pb2.User(id=ADA, roles=["system_user"]))))
    bench.take(entry(TOPIC, 1, messaging_pb2.PostDeleted(deleted_by=BOB)))
    assert "delete_by" not in ada.frames[-1]["data"]


def test_a_guest_hears_of_those_whom_it_knows_and_of_nobody_else() -> None:
    bench = Bench()
    cluster, own = cluster_topic("auth"), user_topic(BOB)
    guest = bench.socket(BOB, {cluster: 0, own: 0}, standing=Standing.GUEST)
    carol = bench.socket(CAROL, {cluster: 0})
    known = users_pb2.User(id=ADA, username="ada", roles=["system_user"])
    bench.take(entry(cluster, 1, auth_pb2.UserCreated(user=known)), entry(cluster, 2, auth_pb2.UserUpdated(user=known)))
    assert (guest.events, carol.events) == ([], ["new_user", "user_updated"])
    told = messaging_pb2.ThreadParticipant(id=ADA, username="ada")
    bench.take(entry(own, 1, messaging_pb2.AcquaintanceUpdated(user=told)))
    assert guest.frames[0]["data"]["user"]["username"] == "ada"
    bench.take(entry(cluster, 3, auth_pb2.UserUpdated(user=users_pb2.User(id=BOB, roles=["system_user"]))))
    bench.take(entry(cluster, 4, auth_pb2.UserUpdated(user=known)))
    assert guest.events == ["user_updated"] * 3


def test_new_roles_are_told_to_their_user_alone_and_hold_for_its_sockets_from_then_on() -> None:
    bench = Bench()
    own = user_topic(ADA, "auth")
    ada = bench.socket(ADA, {TOPIC: 0, own: 0}, standing=Standing.ADMIN)
    bench.take(entry(own, 1, auth_pb2.RolesChanged(user_id=ADA, roles=["system_user", "system_post_all"])))
    assert ada.frames[0]["data"] == {"user_id": ADA, "roles": "system_user system_post_all"}
    bench.take(entry(TOPIC, 1, messaging_pb2.PostDeleted(deleted_by=BOB)))
    assert "delete_by" not in ada.frames[-1]["data"]


def test_typing_passes_by_the_order_and_spares_the_one_who_types() -> None:
    bench = Bench()
    ada, bob = bench.socket(ADA, {TOPIC: 5}), bench.socket(BOB, {TOPIC: 5})
    bench.take(entry(TOPIC, 0, presence_pb2.Typing(user_id=ADA, channel_id=TOWN)))
    assert (ada.events, bob.events) == ([], ["typing"])


def test_the_end_of_a_session_closes_its_sockets() -> None:
    bench = Bench()
    topic = user_topic(ADA, "auth")
    one = bench.socket(ADA, {topic: 0}, session_id="one")
    other = bench.socket(ADA, {topic: 0}, session_id="other")
    bench.take(entry(topic, 1, auth_pb2.SessionsRevoked(user_id=ADA, session_ids=["one"])))
    assert (one.closed, other.closed) == (["revoked"], [])


def test_teams_are_entered_and_left_as_channels_are() -> None:
    bench = Bench()
    team = an_id("team")
    ada = bench.socket(ADA, {team_topic(team): 0})
    bob = bench.socket(BOB, {user_topic(BOB): 0})
    bench.take(entry(user_topic(BOB), 1, messaging_pb2.TeamJoined(team_id=team, team_seq=0)))
    bench.take(entry(team_topic(team), 1, messaging_pb2.TeamUpdated()))
    bench.take(entry(team_topic(team), 2, messaging_pb2.TeamMemberRemoved(team_id=team, user_id=BOB)))
    bench.take(entry(user_topic(BOB), 2, messaging_pb2.TeamLeft(team_id=team)))
    bench.take(entry(team_topic(team), 3, messaging_pb2.TeamUpdated()))
    assert bob.events == ["added_to_team", "update_team", "leave_team"]
    assert ada.events == ["update_team", "leave_team", "update_team"]


def test_another_incarnation_is_compared_and_where_the_edge_is_ahead_sockets_close() -> None:
    bench = Bench()
    ada, bob = bench.socket(ADA, {TOPIC: 0}), bench.socket(BOB, {user_topic(BOB): 0})
    bench.take(posted(TOWN, 1), posted(TOWN, 2, incarnation="j"))
    assert bench.delivery.wanted(0).foreign == {"messaging"}
    bench.delivery.adopt("messaging", "j", {TOPIC: 0, user_topic(BOB): 0}, 0.0)
    assert (ada.closed, bob.closed) == (["log_incarnation"], [])


def test_a_topic_without_sockets_is_forgotten() -> None:
    bench = Bench()
    ada = bench.socket(ADA, {TOPIC: 0})
    bench.delivery.leave(ada)
    bench.take(posted(TOWN, 1))
    assert TOPIC not in bench.delivery.orderings["messaging"]
    assert ada.frames == []


def test_joining_and_leaving_in_the_middle_of_a_large_fan_out_repeats_and_leaks_nothing() -> None:
    bench = Bench()
    sockets = [bench.socket(an_id("user"), {TOPIC: 0}) for _ in range(300)]
    mark = bench.delivery.recent.mark()
    bench.take(posted(TOWN, 2))  # held, so that the next hands out two
    work = bench.delivery.take(message(posted(TOWN, 1)), bench.now)
    next(work)
    newcomers = [bench.socket(an_id("late"), {TOPIC: seq}, mark=mark) for seq in (0, 1, 2)]
    unreached = [socket for socket in sockets if not socket.frames]
    bench.delivery.leave(unreached[0])
    for _ in work:
        pass
    bench.take(posted(TOWN, 3))
    assert unreached[0].said == []
    assert all(socket.said == ["1", "2", "3"] for socket in sockets if socket is not unreached[0])
    # The first one's past is complete in the ring but for what is still being handed out.
    for fetch in bench.fetches():
        bench.answer(fetch, posted(TOWN, 1))
    assert [socket.said for socket in newcomers] == [["1", "2", "3"], ["2", "3"], ["3"]]


def test_memberships_that_come_and_go_under_a_bad_bus_never_show_what_is_not_theirs() -> None:
    for seed in range(300):
        membership_under_trouble(random.Random(seed), seed)


def membership_under_trouble(rng: random.Random, seed: int) -> None:
    """One channel, one stayer, one who joins and leaves; the two topics are late, doubled and shuffled."""
    bench = Bench()
    ada = bench.socket(ADA, {TOPIC: 0})
    bob = bench.socket(BOB, {user_topic(BOB): 0})
    channel: list[events_pb2.LogEntry] = []
    user: list[events_pb2.LogEntry] = []
    mine: list[str] = []
    member = False
    for seq in range(1, 40):
        roll = rng.random()
        if roll < 0.15:
            if member:
                channel.append(removed(BOB, seq))
                user.append(left(BOB, len(user) + 1, seq))
            else:
                added = messaging_pb2.MemberAdded(channel_id=TOWN, user_id=BOB)
                channel.append(entry(TOPIC, seq, added))
                user.append(joined(BOB, len(user) + 1, seq))
            member = not member
        else:
            channel.append(posted(TOWN, seq))
            if member:
                mine.append(str(seq))
    log = {(e.topic, e.seq): e for e in channel + user}
    bus = [e for e in channel + user for _ in range(rng.choice((0, 1, 1, 2)))]
    keyed = [
        (rng.random() * 0.6 + (e.seq if e.topic == TOPIC else e.seq * 39 / max(1, len(user))) * 0.01, e) for e in bus
    ]
    keyed.sort(key=lambda pair: pair[0])
    while bench.now < 30:
        bench.now += 0.02
        while keyed and keyed[0][0] <= bench.now:
            bench.take(keyed.pop(0)[1])
        if bench.now > 1:
            ends = {TOPIC: len(channel), user_topic(BOB): len(user)}
            bench.delivery.changed("messaging", ends, "i", bench.now)
        for fetch in bench.fetches():
            upto = fetch.upto or 10**9
            listed = [e for (topic, seq), e in log.items() if topic == fetch.topic and fetch.after < seq <= upto]
            if isinstance(fetch, Repair) and rng.random() < 0.3:
                bench.delivery.failed(fetch, bench.now)
            else:
                bench.answer(fetch, *sorted(listed, key=lambda e: e.seq))
    everything = [str(e.seq) for e in channel if e.kind == "post_created"]
    assert ada.said == everything, f"seed {seed}"
    assert set(bob.said) <= set(mine), f"seed {seed}: saw what was not for him"
    assert bob.said == sorted(set(bob.said), key=int), f"seed {seed}: out of order or twice"
    if member:
        since = max(e.seq for e in channel if e.kind == "member_added")
        assert [s for s in bob.said if int(s) > since] == [s for s in mine if int(s) > since], f"seed {seed}"


def sees(socket: FakeSocket) -> list[bool]:
    """Whether each of its frames holds what is linked to, of which any word is a secret."""
    texts = [json.dumps(frame) for frame in socket.frames]
    assert all(("permalink" in text) == ("previewed_post" in text) == ("secret" in text) for text in texts)
    return ["secret" in text for text in texts]


def test_a_linked_post_reaches_those_alone_who_listen_to_its_channel() -> None:
    bench, den = Bench(), an_id("den")
    other = channel_topic(den)
    ada = bench.socket(ADA, {TOPIC: 0, other: 0})
    bob = bench.socket(BOB, {TOPIC: 0})
    root = bench.socket(CAROL, {TOPIC: 0}, standing=Standing.ADMIN)
    bench.take(linking(TOWN, 1, den, ADA, BOB))
    assert [sees(socket) for socket in (ada, bob, root)] == [[True], [False], [True]]
    assert [json.loads(socket.frames[0]["data"]["mentions"]) for socket in (ada, bob)] == [[ADA], [BOB]]
    # Whoever is taken out of that channel sees nothing of it from then on, in whatever order the logs come.
    bench.take(entry(other, 1, messaging_pb2.MemberRemoved(channel_id=den, user_id=ADA, remover_id=BOB)))
    bench.take(linking(TOWN, 2, den))
    edited = messaging_pb2.PostEdited(post=messaging_pb2.PostCreated.FromString(linking(TOWN, 3, den).body).post)
    bench.take(entry(TOPIC, 3, edited))
    assert [sees(socket) for socket in (ada, bob, root)] == [[True, False, False], [False] * 3, [True] * 3]


def test_who_catches_up_sees_of_linked_posts_what_it_may_now() -> None:
    bench, den = Bench(), an_id("den")
    mark = bench.delivery.recent.mark()
    bench.socket(CAROL, {TOPIC: 0})
    bench.take(linking(TOWN, 1, den))
    ada = bench.socket(ADA, {TOPIC: 0, channel_topic(den): 0}, mark=mark)
    bob = bench.socket(BOB, {TOPIC: 0}, mark=mark)
    assert [sees(socket) for socket in (ada, bob)] == [[True], [False]]


def test_what_is_linked_to_in_an_open_channel_reaches_its_team_but_no_guests() -> None:
    bench, den, team = Bench(), an_id("den"), an_id("team")
    inside = {TOPIC: 0, team_topic(team): 0}
    member, guest = bench.socket(ADA, inside), bench.socket(BOB, inside, standing=Standing.GUEST)
    stranger = bench.socket(CAROL, {TOPIC: 0})
    invited = bench.socket(an_id("dan"), inside | {channel_topic(den): 0}, standing=Standing.GUEST)
    bench.take(linking(TOWN, 1, den, kind="O", team_id=team), linking(TOWN, 2, den, kind="P", team_id=team))
    assert [sees(socket) for socket in (member, guest, stranger, invited)] == [
        [True, False], [False, False], [False, False], [True, True],
    ]  # fmt: skip
