"""Who follows a thread, and what followers have not seen."""

from services.messaging.domain.threads import Collapsing, FollowerChange, Following, ThreadState, changed, loudness


def thread(*people: Following, joining: tuple[str, ...] = ()) -> ThreadState:
    state = ThreadState("root", "channel", {person.user_id: person for person in people})
    state.joining.update(joining)
    return state


def known(user_id: str, seen: int = 0, mentions: int = 0, *, following: bool = True) -> Following:
    return Following("root", "channel", user_id, True, following, 1, seen, mentions)


def reply(state: ThreadState, author: str, count: int, *mentioned: str, auto: bool = True) -> dict[str, FollowerChange]:
    changes = state.reply(author, 100 + count, count, mentioned, author_follows=True, auto_follow=auto)
    return {change.now.user_id: change for change in changes}


def test_users_choose_where_they_may() -> None:
    assert {
        setting: [Collapsing.of(setting).holds_for(chosen) for chosen in (None, True, False)]
        for setting in ("always_on", "default_on", "default_off", "disabled")
    } == {
        "always_on": [True, True, True],
        "default_on": [True, True, False],
        "default_off": [False, True, False],
        "disabled": [False, False, False],
    }
    assert [s for s in ("always_on", "default_on", "disabled") if Collapsing.of(s).for_everybody] == ["always_on"]


def test_the_author_the_author_of_the_root_and_the_mentioned_follow() -> None:
    state = thread(joining=("root author",))
    told = reply(state, "a", 1, "m")
    assert {u: (c.unread_replies, c.now.unread_mentions) for u, c in told.items()} == {
        "a": (0, 0), "m": (1, 1), "root author": (1, 0),
    }  # fmt: skip
    again = reply(state, "m", 2)
    assert (again["m"].unread_replies, again["m"].now.unread_mentions, again["m"].previous_unread_replies) == (0, 0, 1)
    assert (again["a"].unread_replies, again["a"].previous_unread_replies) == (1, 0)
    assert [person.user_id for person in changed([state])] == ["a", "m", "root author"]
    assert not any(person.known for person in changed([state]))


def test_who_stopped_following_begins_again_only_by_replying_or_being_mentioned() -> None:
    gone = known("x", following=False)
    assert "x" not in reply(thread(gone, joining=("x",)), "a", 5)
    assert reply(thread(gone), "a", 5, "x")["x"].now.unread_mentions == 1
    assert reply(thread(gone), "x", 5)["x"].unread_replies == 0


def test_without_auto_follow_only_followers_are_told() -> None:
    state = thread(known("f", seen=2), joining=("r",))
    assert set(reply(state, "a", 3, "m", auto=False)) == {"f"}
    assert list(changed([state])) == []


def test_a_reply_writes_nothing_to_those_who_merely_follow() -> None:
    state = thread(*(known(str(n), seen=n % 3) for n in range(500)))
    told = reply(state, "7", 3)
    assert len(told) == 500
    assert [person.user_id for person in changed([state])] == ["7"]
    assert (told["3"].unread_replies, told["3"].previous_unread_replies) == (3, 2)


def test_settings_say_whether_a_reply_is_told_aloud() -> None:
    assert loudness("", "", "mention", "all") == (True, False)
    assert loudness("", "", "mention", "mention") == (False, False)
    assert loudness("none", "", "all", "all") == (False, True)
    assert loudness("default", "", "none", "all") == (True, True)
