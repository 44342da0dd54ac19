"""The checker itself: a history in which all is well passes, and each way of breaking a promise is caught."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from tests.faults import history
from tests.faults.checker import judge, report
from tests.faults.history import Done, End, Fault, Frame, Invoke, Open, Record, Shown, Value
from tests.faults.scripted import CHANNEL, Script

R = TypeVar("R", bound=msgspec.Struct)


def found(records: Iterable[Record]) -> list[str]:
    """Everything that is wrong, as the report says it."""
    return [f"{violation.kind}: {violation.text}" for violation in judge(records)[1]]


def conversation() -> Script:
    """Somewhat of everything, by three people with a socket each."""
    script = Script()
    for name in ("ana", "ben", "cem"):
        script.person(name)
    script.create("ana")
    script.add("ben")
    for name, edge in (("ana", "edge-1"), ("ben", "edge-2"), ("cem", "edge-3")):
        script.listen(name, edge)
    script.add("cem")
    first = script.post("ana")
    script.post("ben", root=first)
    script.page("cem")
    second = script.post("cem")
    script.edit("cem", second)
    script.react("ana", second)
    script.page("ben", edge="edge-2")
    script.thread("ben", first)
    script.unreact("ana", second)
    third = script.post("ben")
    script.delete("ben", third)
    script.remove("cem")
    script.post("ana")
    script.add("cem")
    script.post("cem")
    script.page("cem", limit=3)
    return script


@pytest.fixture
def records() -> list[Record]:
    """A history in which all is well."""
    return conversation().finish()


def pick(records: list[Record], kind: type[R], true: Callable[[R], bool], which: int = 0) -> int:
    """Where the record is."""
    return [place for place, one in enumerate(records) if isinstance(one, kind) and true(one)][which]


def change(records: list[Record], place: int, **what: Any) -> None:
    """Change a record."""
    records[place] = msgspec.structs.replace(records[place], **what)


def answer_of(records: list[Record], what: str, which: int = 0) -> int:
    """Where the answer to an operation is."""
    asked = records[pick(records, Invoke, lambda invoke: invoke.what == what, which)]
    assert isinstance(asked, Invoke)
    return pick(records, Done, lambda done: done.op == asked.op)


def value_of(records: list[Record], place: int) -> Value:
    """What was answered."""
    done = records[place]
    assert isinstance(done, Done)
    return done.value


def tamper(records: list[Record], place: int, **what: Any) -> None:
    """Change an answer."""
    change(records, place, value=msgspec.structs.replace(value_of(records, place), **what))


def told(records: list[Record], socket: int, event: str, which: int = 0) -> int:
    """Where a socket was told of an event."""
    return pick(records, Frame, lambda frame: (frame.socket, frame.event) == (socket, event), which)


def renumber(records: list[Record], socket: int) -> None:
    """Give the frames of a socket numbers without a gap, as an edge would that does not know what it left out."""
    seq = 0
    for place, record in enumerate(records):
        if isinstance(record, Frame) and record.socket == socket:
            change(records, place, seq=seq)
            seq += 1


def histories(records: list[Record]) -> list[int]:
    """Where the edges' histories are."""
    return [answer_of(records, "history", which) for which in range(3)]


def test_a_history_in_which_all_is_well_passes(records: list[Record]) -> None:
    assert found(records) == []


def test_a_history_is_the_same_after_a_way_through_a_file(records: list[Record], tmp_path: Path) -> None:
    history.dump(records, tmp_path / "history.jsonl")
    assert history.load(tmp_path / "history.jsonl") == records


def test_an_acknowledged_post_that_no_edge_has_is_lost(records: list[Record]) -> None:
    lost = value_of(records, answer_of(records, "post", 2)).id
    for place in histories(records):
        kept = value_of(records, place).kept
        tamper(records, place, kept=tuple(post for post in kept if post.id != lost))
    assert any(line.startswith("lost: post") and "is not in the history at edge-2" in line for line in found(records))


def test_an_acknowledged_post_that_one_edge_lacks_is_lost(records: list[Record]) -> None:
    place = histories(records)[2]
    tamper(records, place, kept=value_of(records, place).kept[:-1])
    assert any("is not in the history at edge-3" in line for line in found(records))


def test_a_write_that_made_two_posts_is_a_duplicate(records: list[Record]) -> None:
    for place in histories(records):
        kept = value_of(records, place).kept
        again = msgspec.structs.replace(kept[-1], id="again", create_at=kept[-1].create_at + 1)
        tamper(records, place, kept=(*kept, again))
    assert any(line.startswith("duplicated: ") and "again" in line for line in found(records))


def test_a_refused_write_that_is_there_is_a_duplicate(records: list[Record]) -> None:
    change(records, answer_of(records, "post", -1), outcome="fail", value=Value(), status=400)
    assert any("was refused and is there all the same" in line for line in found(records))


def test_an_acknowledged_edit_without_effect_is_lost(records: list[Record]) -> None:
    edited = records[pick(records, Invoke, lambda invoke: invoke.what == "edit")]
    assert isinstance(edited, Invoke)
    for place in histories(records):
        kept = value_of(records, place).kept
        old = (msgspec.structs.replace(p, edit_at=0, token="") if p.id == edited.args.post else p for p in kept)
        tamper(records, place, kept=tuple(old))
    assert any("was last edited at 0" in line for line in found(records))


def test_an_acknowledged_delete_without_effect_is_lost(records: list[Record]) -> None:
    for place in histories(records):
        kept = value_of(records, place).kept
        tamper(records, place, kept=tuple(msgspec.structs.replace(post, delete_at=0) for post in kept))
    assert any("was deleted, acknowledged, and is alive" in line for line in found(records))


def test_a_post_that_nobody_deleted_and_is_gone_is_lost(records: list[Record]) -> None:
    for place in histories(records):
        kept = value_of(records, place).kept
        tamper(records, place, kept=(*kept[:-1], msgspec.structs.replace(kept[-1], delete_at=9000)))
    assert any("nobody tried to" in line for line in found(records))


@pytest.mark.parametrize(("status", "lost"), [(404, False), (403, True)])
def test_a_deletion_that_found_its_own_work_done_may_have_had_effect(status: int, lost: bool) -> None:
    script = conversation()
    post = script.post("ben")
    script.delete("ben", post)
    records = script.finish()
    change(records, answer_of(records, "delete", -1), outcome="fail", status=status, value=Value())
    assert any("nobody tried to" in line for line in found(records)) == lost


def test_an_acknowledged_reaction_that_is_not_there_is_lost() -> None:
    script = conversation()
    post = script.post("ana")
    script.react("ben", post)
    script.reactions.clear()
    assert any("the reaction smile" in line and "is not there" in line for line in found(script.finish()))


def test_a_thread_that_counts_wrong_is_caught(records: list[Record]) -> None:
    for place in histories(records):
        kept = value_of(records, place).kept
        tamper(records, place, kept=tuple(msgspec.structs.replace(p, reply_count=p.reply_count * 2) for p in kept))
    assert any("counts 2 replies and has 1" in line for line in found(records))


def test_two_edges_with_two_orders_are_caught(records: list[Record]) -> None:
    place = histories(records)[1]
    kept = value_of(records, place).kept
    tamper(records, place, kept=(*kept[:-2], kept[-1], kept[-2]))
    assert any(line.startswith("reordered: edge-2 shows") for line in found(records))


def test_a_later_write_at_an_earlier_place_is_caught(records: list[Record]) -> None:
    last = answer_of(records, "post", -1)
    early = value_of(records, answer_of(records, "post", 0))
    tamper(records, last, at=early.at - 1)
    assert any("was acknowledged before it began" in line for line in found(records))


def test_an_event_that_a_socket_never_got_is_lost(records: list[Record]) -> None:
    del records[told(records, 1, "post_edited")]
    renumber(records, 1)
    assert any("post_edited" in line and "was left out" in line for line in found(records))


@pytest.mark.parametrize("event", ["posted", "post_deleted", "reaction_added", "reaction_removed"])
def test_any_kind_of_event_that_is_left_out_is_lost(records: list[Record], event: str) -> None:
    del records[told(records, 2, event)]
    renumber(records, 2)
    assert any(line.startswith("lost: ") and event in line for line in found(records))


def test_the_last_event_of_a_socket_that_came_to_rest_must_come(records: list[Record]) -> None:
    del records[told(records, 1, "posted", -1)]
    assert any("never came, though all had come to rest" in line for line in found(records))


def test_a_socket_that_was_lost_need_not_have_the_end(records: list[Record]) -> None:
    place = told(records, 1, "posted", -1)
    change(records, pick(records, End, lambda end: end.socket == 1), how="lost")
    del records[place]
    assert found(records) == []


def test_a_gap_in_the_numbers_is_caught(records: list[Record]) -> None:
    place = told(records, 3, "posted", 2)
    del records[place]
    assert any("came where" in line for line in found(records))


def test_an_event_that_comes_twice_is_a_duplicate(records: list[Record]) -> None:
    place = told(records, 2, "posted", 2)
    records.insert(place + 1, records[place])
    renumber(records, 2)
    assert any(line.startswith("duplicated: ") and "came twice" in line for line in found(records))


def test_events_that_change_places_are_caught(records: list[Record]) -> None:
    one, other = told(records, 2, "posted", 1), told(records, 2, "posted", 2)
    records[one], records[other] = records[other], records[one]
    renumber(records, 2)
    assert any(line.startswith("reordered: ") and "came after" in line for line in found(records))


def test_a_socket_that_tells_the_past_is_caught() -> None:
    script = conversation()
    past = script.post("ana")
    ear = script.listen("ben")
    at = script.posts[past].create_at
    script.records.append(Frame(ear.number, script.now, ear.seq, "posted", CHANNEL, past, at))
    ear.seq += 1
    assert any("was acknowledged before the socket was begun" in line for line in found(script.finish()))


def test_an_event_right_after_the_hello_must_come() -> None:
    script = conversation()
    ear = script.listen("ben")
    script.post("ana")
    script.post("ana")
    records = script.finish()
    del records[told(records, ear.number, "posted", 0)]
    renumber(records, ear.number)
    assert any("was left out" in line for line in found(records))


def test_an_event_right_after_coming_into_the_channel_must_come(records: list[Record]) -> None:
    # cem's socket was open before cem came in; the notice of the coming is the first event.
    del records[told(records, 3, "posted", 0)]
    renumber(records, 3)
    assert any("was left out" in line for line in found(records))


def test_a_resumption_that_skips_nothing_passes() -> None:
    script = conversation()
    ear = script.listen("ben")
    script.post("ana")
    script.resume(ear, "edge-3")
    script.post("ana")
    assert found(script.finish()) == []


def test_a_resumption_that_skips_one_event_is_caught() -> None:
    script = conversation()
    ear = script.listen("ben")
    script.post("ana")
    again = script.resume(ear, "edge-3")
    for _ in range(2):
        script.post("ana")
    records = script.finish()
    del records[told(records, again.number, "posted", 0)]
    # Numbered on as if nothing had been there.
    place = told(records, again.number, "posted", 0)
    change(records, place, seq=ear.seq)
    assert any("was left out" in line for line in found(records))


def test_a_page_without_a_post_that_was_acknowledged_before_is_stale(records: list[Record]) -> None:
    place = answer_of(records, "page", 1)
    tamper(records, place, posts=value_of(records, place).posts[1:])
    assert any(line.startswith("stale: a newest at edge-2") for line in found(records))


def test_a_page_with_an_old_text_is_stale(records: list[Record]) -> None:
    place = answer_of(records, "page", 1)
    newest, *rest = value_of(records, place).posts
    tamper(records, place, posts=(Shown(newest.id, newest.create_at, newest.create_at), *rest))
    assert any("shows its state of" in line for line in found(records))


def test_a_page_with_a_post_that_was_deleted_before_is_stale() -> None:
    script = conversation()
    post = script.post("ana")
    script.delete("ana", post)
    gone = script.posts[post]
    number = script.page("ben")
    records = script.finish()
    place = pick(records, Done, lambda done: done.op == number)
    shown = Shown(post, gone.create_at, gone.create_at)
    tamper(records, place, posts=(shown, *value_of(records, place).posts[:-1]))
    assert any("is in it" in line for line in found(records))


def test_a_page_with_a_reaction_that_was_taken_back_before_is_stale() -> None:
    script = conversation()
    post = script.post("ana")
    script.react("ben", post)
    reaction = script.reactions[-1]
    script.unreact("ben", post)
    number = script.page("ben")
    records = script.finish()
    tamper(records, pick(records, Done, lambda done: done.op == number), reactions=(reaction,))
    assert any("whose end was acknowledged before it began" in line for line in found(records))


def test_a_thread_without_its_reply_is_stale(records: list[Record]) -> None:
    place = answer_of(records, "thread")
    tamper(records, place, posts=value_of(records, place).posts[:1])
    assert any(line.startswith("stale: a thread at") for line in found(records))


def test_a_thread_that_is_not_found_though_it_is_there_is_stale(records: list[Record]) -> None:
    change(records, answer_of(records, "thread"), outcome="fail", status=404, value=Value())
    assert any("404 for post" in line for line in found(records))


def test_reads_that_go_backwards_are_stale_though_nothing_was_acknowledged() -> None:
    script = conversation()
    before = script.page("ben", edge="edge-2")
    script.post("ana")
    script.page("cem", edge="edge-3")
    third = script.page("ben", edge="edge-1")
    records = script.finish()
    # The post is acknowledged only after all of the reads: the second one saw it, the third one does not.
    late = answer_of(records, "post", -1)
    moved = records.pop(late)
    assert isinstance(moved, Done)
    records.insert(pick(records, Done, lambda done: done.op == third) + 1, moved)
    change(records, pick(records, Done, lambda done: done.op == moved.op), at=script.now - 0.001)
    tamper(
        records,
        pick(records, Done, lambda done: done.op == third),
        posts=value_of(records, pick(records, Done, lambda done: done.op == before)).posts,
    )
    assert any(line.startswith("stale: a newest at edge-1") for line in found(records))


def test_a_post_by_somebody_who_was_removed_is_leaked() -> None:
    script = conversation()
    script.remove("cem")
    script.post("cem")
    assert any("cem posted" in line and "without being a member" in line for line in found(script.finish()))


def test_an_event_to_somebody_who_was_removed_is_leaked() -> None:
    script = conversation()
    script.remove("cem")
    script.members.add("cem")
    script.post("ana")
    assert any(line.startswith("leaked: ") and "no member then" in line for line in found(script.finish()))


def test_a_page_for_somebody_who_was_removed_is_leaked() -> None:
    script = conversation()
    script.remove("cem")
    script.page("cem")
    assert any("though its removal was acknowledged before" in line for line in found(script.finish()))


def test_a_member_who_is_refused_is_stale(records: list[Record]) -> None:
    change(records, answer_of(records, "page", -1), outcome="fail", status=403, value=Value())
    assert any("though its coming was acknowledged before" in line for line in found(records))


@pytest.mark.parametrize(("status", "stale"), [(404, False), (403, True)])
def test_a_removal_that_found_its_own_work_done_may_have_had_effect(status: int, stale: bool) -> None:
    script = conversation()
    script.add("cem")
    script.remove("cem")
    script.page("cem")
    records = script.finish()
    change(records, answer_of(records, "remove", -1), outcome="fail", status=status, value=Value())
    change(records, answer_of(records, "page", -1), outcome="fail", status=403, value=Value())
    assert any("though its coming was acknowledged before" in line for line in found(records)) == stale


def test_an_answer_after_the_end_of_the_session_is_leaked() -> None:
    script = conversation()
    script.sign_out("ben", "s-ben")
    script.pause(0.2)
    script.page("ben")
    assert any("after its session's bound" in line for line in found(script.finish()))


def test_an_answer_within_the_bound_is_none() -> None:
    script = conversation()
    script.sign_out("ben", "s-ben")
    script.page("ben")
    assert found(script.finish()) == []


def test_with_a_broken_bus_the_bound_is_longer() -> None:
    script = conversation()
    script.records.append(Fault(script.now, script.now + 1, "pause", "redis", touches_bus=True))
    script.sign_out("ben", "s-ben")
    script.pause(1)
    script.page("ben")
    script.pause(1.5)
    assert found(script.records) == []
    script.page("ben")
    assert any("after its session's bound" in line for line in found(script.finish()))


def test_an_event_to_a_session_that_has_ended_is_leaked() -> None:
    script = conversation()
    script.sign_out("ben", "s-ben")
    script.pause(0.2)
    script.post("ana")
    assert any("told of posted" in line for line in found(script.finish()))


def test_a_socket_for_a_session_that_has_ended_is_leaked() -> None:
    script = conversation()
    ear = next(ear for ear in script.ears if ear.client == "ben")
    script.hang_up(ear)
    script.sign_out("ben", "s-ben")
    script.pause(0.2)
    script.listen("ben")
    assert any("was greeted" in line for line in found(script.finish()))


def test_somebody_with_a_socket_who_is_offline_is_untrue() -> None:
    script = conversation()
    script.pause(5)
    script.statuses("ana", ben="offline")
    assert any(line.startswith("untrue: ben is offline") for line in found(script.finish()))


def test_somebody_without_a_socket_who_is_online_is_untrue() -> None:
    script = conversation()
    script.hang_up(next(ear for ear in script.ears if ear.client == "ben"))
    script.pause(1)
    script.statuses("ana", ben="online")
    assert not found(script.records)
    script.pause(3)
    script.statuses("ana", ben="online")
    assert any(line.startswith("untrue: ben is online") for line in found(script.finish()))


def test_who_went_while_the_primary_was_away_shows_once_it_is_back() -> None:
    script = conversation()
    script.hang_up(next(ear for ear in script.ears if ear.client == "ben"))
    script.records.append(Fault(script.now - 1, script.now + 6, "crash", "postgres-primary"))
    script.pause(5)
    script.statuses("ana", ben="online")
    assert not found(script.records)
    script.pause(5)
    script.statuses("ana", ben="online")
    assert any(line.startswith("untrue: ben is online") for line in found(script.finish()))


def test_who_came_while_redis_was_away_shows_once_it_is_back_and_who_was_there_stays() -> None:
    script = conversation()
    script.records.append(Fault(script.now, script.now + 6, "pause", "redis"))
    script.person("cat")
    script.listen("cat")
    script.pause(4)
    script.statuses("ana", cat="offline")
    assert not found(script.records)
    script.statuses("ana", ben="offline")
    script.pause(6)
    script.statuses("ana", cat="offline")
    untrue = [line for line in found(script.finish()) if line.startswith("untrue")]
    assert [line.split()[1] for line in untrue] == ["ben", "cat"]


def test_the_users_of_an_edge_that_died_have_a_lease() -> None:
    script = conversation()
    script.records.append(Fault(script.now, script.now + 0.1, "kill", "edge-2"))
    script.hang_up(next(ear for ear in script.ears if ear.client == "ben"), "lost")
    script.pause(8)
    script.statuses("ana", ben="online")
    assert not found(script.records)
    script.pause(6)
    script.statuses("ana", ben="online")
    assert any(line.startswith("untrue: ben is online") for line in found(script.finish()))


def test_the_report_shows_the_operations_around(records: list[Record]) -> None:
    lost = value_of(records, answer_of(records, "post", 1)).id
    for place in histories(records):
        tamper(records, place, kept=tuple(post for post in value_of(records, place).kept if post.id != lost))
    timeline, violations = judge(records)
    lines = list(report(timeline, violations))
    assert any(line.lstrip().startswith(">") and lost in line for line in lines)
    assert len(lines) > len(violations)


def test_a_socket_that_never_was_greeted_is_no_stream(records: list[Record]) -> None:
    records.append(Open(99, 1.0, "ana", "s-ana", "edge-1"))
    records.append(End(99, 2.0, "refused"))
    assert found(records) == []


def test_twenty_thousand_writes_are_judged_soon() -> None:
    script = Script()
    for name in ("ana", "ben", "cem", "dia"):
        script.person(name)
    script.create("ana")
    for name in ("ben", "cem", "dia"):
        script.add(name)
    for name in ("ana", "ben", "cem", "dia"):
        script.listen(name)
    for turn in range(20_000):
        post = script.post("ben")
        if turn % 10 == 0:
            script.edit("ben", post)
    timeline, violations = judge(script.finish())
    assert violations == []
    assert len(timeline.channels[CHANNEL].events) == 22_003
