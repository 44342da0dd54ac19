"""The rules of posts, over plain values."""

from dataclasses import replace

import pytest

from services.chassis.errors import DomainError, Reason
from services.messaging.domain import posts
from services.messaging.domain.access import ChannelAccess, Roles
from services.messaging.domain.posts import Clockwork, Decision, Draft, Facts, Root

MEMBER = ChannelAccess("c", "O", "t", "name", 0, Roles(), Roles())
DRAFT = Draft(id="p1", user_id="u", roles=("system_user",), channel_id="c", message="hello")


def facts(access: ChannelAccess | None = MEMBER, last_at: int = 0, **more: object) -> Facts:
    known = {} if access is None else {("c", "u"): access}
    values = {"roots": {}, "existing": {}, "claimed": {}, "shown": {}, "now_ms": 1000} | more
    return Facts(access=known, clocks={"c": Clockwork(last_at)}, **values)  # type: ignore[arg-type]


def reasons(decision: Decision) -> list[str]:
    return [a.reason.value if isinstance(a, DomainError) else "ok" for a in decision.answers]


def test_times_strictly_increase_even_when_the_clock_stands_still_or_steps_back() -> None:
    decision = posts.decide([replace(DRAFT, id=f"p{n}") for n in range(3)], facts(last_at=1500))
    assert [post.create_at for _, post in decision.accepted] == [1501, 1502, 1503]


def test_a_channel_too_far_ahead_of_the_clock_refuses() -> None:
    decision = posts.decide([DRAFT, replace(DRAFT, id="p2")], facts(last_at=2999))
    assert reasons(decision) == ["ok", Reason.CHANNEL_RATE_EXCEEDED]


@pytest.mark.parametrize(("stepped_ms", "seconds"), [(2_001, 1), (3_600_000, 3_599)])
def test_who_is_refused_hears_when_the_clock_has_caught_up(stepped_ms: int, seconds: int) -> None:
    (refusal,) = posts.decide([DRAFT], facts(last_at=1000 + stepped_ms)).answers
    assert isinstance(refusal, DomainError)
    assert refusal.facts["retry_after_s"] == str(seconds)


def test_a_clock_that_steps_by_an_hour_and_back_moves_no_time_back() -> None:
    hour, times, clock = 3_600_000, [], Clockwork(0)
    for now in (1_000, 1_000 + hour, hour, 2 * hour, 2 * hour - 600, 2 * hour):
        times += [clock.tick(now), clock.tick(now)]
    assert times == sorted(set(times))
    with pytest.raises(DomainError):
        clock.tick(hour)
    assert clock.last_at == times[-1]


@pytest.mark.parametrize(
    ("access", "draft", "reason"),
    [
        (None, DRAFT, Reason.PERMISSION_DENIED),
        (replace(MEMBER, channel=None), DRAFT, Reason.PERMISSION_DENIED),
        (replace(MEMBER, delete_at=5), DRAFT, Reason.POST_CHANNEL_ARCHIVED),
        (MEMBER, replace(DRAFT, message="x" * 16_384), Reason.POST_INVALID),
        (MEMBER, replace(DRAFT, props="x" * 800_001), Reason.POST_INVALID),
        (MEMBER, replace(DRAFT, type="system_join_channel"), Reason.POST_TYPE_RESERVED),
        (MEMBER, replace(DRAFT, root_id="r"), Reason.ROOT_NOT_FOUND),
    ],
)
def test_refusals(access: ChannelAccess | None, draft: Draft, reason: Reason) -> None:
    decision = posts.decide([draft], facts(access))
    assert reasons(decision) == [reason]
    assert not decision.accepted


def test_a_guest_of_the_channel_posts_and_an_administrator_posts_anywhere() -> None:
    guest = replace(MEMBER, channel=Roles(scheme_guest=True, scheme_user=False), team=None)
    assert reasons(posts.decide([DRAFT], facts(guest))) == ["ok"]
    stranger = replace(MEMBER, channel=None, team=None)
    admin = replace(DRAFT, roles=("system_admin", "system_user"))
    assert reasons(posts.decide([admin], facts(stranger))) == ["ok"]


def test_replies_must_answer_a_live_root_of_the_same_channel() -> None:
    root = Root("r", "c", "", 0, "v", 4, ())
    reply = replace(DRAFT, root_id="r")
    assert posts.decide([reply, replace(reply, id="p2")], facts(roots={"r": root})).accepted[1][1].reply_count == 6
    elsewhere = {"r": replace(root, channel_id="d")}
    assert reasons(posts.decide([reply], facts(roots=elsewhere))) == [Reason.ROOT_IN_OTHER_CHANNEL]
    nested = {"r": replace(root, root_id="q")}
    assert reasons(posts.decide([reply], facts(roots=nested))) == [Reason.ROOT_IS_REPLY]
    deleted = {"r": replace(root, delete_at=7)}
    assert reasons(posts.decide([reply], facts(roots=deleted))) == [Reason.ROOT_NOT_FOUND]


def test_a_failed_create_frees_its_claim_and_a_twin_answers_the_same_post() -> None:
    draft = replace(DRAFT, pending_post_id="x")
    held = {("u", "x"): "p1"}
    refused = posts.decide([draft], facts(None, claimed=held))
    assert refused.freed_claims == [("u", "x")]
    twins = posts.decide([draft, replace(draft, id="p2")], facts(claimed=held))
    assert [a.id for a in twins.answers if not isinstance(a, DomainError)] == ["p1", "p1"]
    assert len(twins.accepted) == 1
    other_text = posts.decide([draft, replace(draft, id="p2", message="else")], facts(claimed=held))
    assert len(other_text.accepted) == 2


def test_an_id_of_somebody_else_is_taken() -> None:
    (made,) = posts.decide([DRAFT], facts()).accepted
    stolen = replace(DRAFT, user_id="thief")
    assert reasons(posts.decide([stolen], facts(existing={"p1": made[1]}))) == [Reason.POST_ID_TAKEN]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("no tags", ""),
        ("#one two (#three), ##four!", "#one #three #four"),
        ("#a #ab #1x #x-y_z. #ends_", "#ab #x-y_z #ends"),
        ("a#b #Ünïcode", "#Ünïcode"),
    ],
)
def test_hashtags(text: str, tags: str) -> None:
    assert posts.hashtags(text) == tags


def test_participants_are_latest_first_and_once() -> None:
    assert posts.latest_first(["a", "b"], ["c", "a"]) == ["a", "c", "b"]
