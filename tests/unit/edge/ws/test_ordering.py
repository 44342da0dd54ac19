"""Promise 4 at its root: whatever the bus drops, repeats, delays and shuffles, a topic comes out whole and in order."""

import random

import pytest

from services.edge.ws.ordering import HELD_EVENTS, HOLD_SECONDS, Deliver, Drop, Foreign, Hold, Ordering, Repair

TOPIC = "messaging/channel:c"


def following(position: int = 0) -> Ordering[int]:
    ordering: Ordering[int] = Ordering()
    ordering.track(TOPIC, position, 0.0)
    return ordering


def test_the_next_is_delivered_and_a_duplicate_dropped() -> None:
    ordering = following(4)
    assert ordering.accept(TOPIC, 5, 5, "i", 0.0) == Deliver([5])
    assert ordering.accept(TOPIC, 5, 5, "i", 0.0) == Drop()
    assert ordering.accept("messaging/channel:other", 1, 1, "i", 0.0) == Drop()


def test_what_is_early_waits_for_what_is_missing() -> None:
    ordering = following()
    assert ordering.accept(TOPIC, 3, 3, "i", 0.0) == Hold()
    assert ordering.accept(TOPIC, 2, 2, "i", 0.0) == Hold()
    assert ordering.accept(TOPIC, 1, 1, "i", 0.1) == Deliver([1, 2, 3])
    assert ordering.next_due() is None


def test_a_gap_that_lasts_is_asked_of_the_log_once() -> None:
    ordering = following()
    ordering.accept(TOPIC, 4, 4, "i", 0.0)
    assert ordering.due(HOLD_SECONDS - 0.01) == []
    repair = Repair(TOPIC, 0, 3)
    assert ordering.due(HOLD_SECONDS) == [repair]
    assert ordering.due(HOLD_SECONDS + 9) == []
    ordering.failed(repair, 10.0)
    assert ordering.due(10.5) == []
    assert ordering.due(11.0) == [repair]


def test_too_many_held_events_ask_at_once_and_hold_no_more() -> None:
    ordering = following()
    for seq in range(2, 2 + HELD_EVENTS):
        assert ordering.accept(TOPIC, seq, seq, "i", 0.0) == Hold()
    beyond = HELD_EVENTS + 2
    repair = Repair(TOPIC, 0, 1)
    assert ordering.accept(TOPIC, beyond, beyond, "i", 0.0) == repair
    assert ordering.accept(TOPIC, beyond + 1, beyond + 1, "i", 0.0) == Drop()
    assert ordering.accept(TOPIC, 1, 1, "i", 0.0) == Deliver(list(range(1, beyond)))
    ordering.repaired(repair, 0.0, complete=True)
    assert ordering.due(0.0) == [Repair(TOPIC, beyond - 1, beyond + 1)]


def test_a_topic_that_is_behind_the_log_is_repaired_though_nothing_came() -> None:
    ordering = following(2)
    ordering.heard(TOPIC, 5, 0.0)
    assert ordering.due(HOLD_SECONDS) == [Repair(TOPIC, 2, 5)]


def test_an_unsure_start_asks_for_all_that_there_is_and_rests_when_there_is_nothing() -> None:
    ordering: Ordering[int] = Ordering()
    ordering.track(TOPIC, 7, 0.0, unsure=True)
    repair = Repair(TOPIC, 7, 0)
    assert ordering.due(0.0) == [repair]
    ordering.repaired(repair, 0.0, complete=True)
    assert ordering.next_due() is None


def test_another_incarnation_is_named_and_where_we_are_ahead_is_told() -> None:
    ordering = following(0)
    ordering.track("behind", 3, 0.0)
    assert ordering.accept(TOPIC, 1, 1, "old", 0.0) == Deliver([1])
    assert ordering.accept(TOPIC, 2, 2, "new", 0.0) == Foreign("new")
    assert ordering.adopt("new", {TOPIC: 0, "behind": 4}, 1.0) == [TOPIC]
    assert ordering.due(1.0) == [Repair("behind", 3, 4)]


@pytest.mark.parametrize("block", range(8))
def test_thousands_of_schedules_all_come_out_whole(block: int) -> None:
    for seed in range(block * 500, block * 500 + 500):
        deliver_under_trouble(random.Random(seed), seed)


def deliver_under_trouble(rng: random.Random, seed: int) -> None:
    """One bus with a temper and a log that answers late, in part, or not at all."""
    topics = [f"messaging/channel:{n}" for n in range(rng.randint(1, 3))]
    start = {topic: rng.randint(0, 5) for topic in topics}
    last = {topic: start[topic] + rng.randint(1, 40) for topic in topics}
    ordering: Ordering[int] = Ordering()
    out: dict[str, list[int]] = {topic: [] for topic in topics}
    loss, double, spread = rng.random() * 0.7, rng.random() * 0.5, rng.random() * 0.6
    bus: list[tuple[float, str, int]] = []
    for topic in topics:
        ordering.track(topic, start[topic], 0.0, unsure=rng.random() < 0.3)
        for seq in range(1, last[topic] + 1):
            sent = seq * 0.01
            while True:
                if rng.random() > loss:
                    bus.append((sent + rng.random() * spread, topic, seq))
                if rng.random() > double:
                    break
    bus.sort()
    in_flight: list[tuple[float, Repair]] = []

    def accept(topic: str, seq: int, now: float) -> None:
        verdict = ordering.accept(topic, seq, seq, "i", now)
        if isinstance(verdict, Deliver):
            out[topic].extend(verdict.events)
        elif isinstance(verdict, Repair):
            in_flight.append((now + rng.random(), verdict))

    now = 0.0
    for _ in range(3000):
        now += 0.02
        while bus and bus[0][0] <= now:
            _, topic, seq = bus.pop(0)
            accept(topic, seq, now)
        if now > 1.0:  # as Changed(cursor) says once a second
            for topic in topics:
                ordering.heard(topic, last[topic], now)
        in_flight.extend((now + rng.random() * 0.3, repair) for repair in ordering.due(now))
        for at, repair in [item for item in in_flight if item[0] <= now]:
            in_flight.remove((at, repair))
            if rng.random() < 0.3:
                ordering.failed(repair, now)
                continue
            upto = min(repair.upto or last[repair.topic], last[repair.topic])
            listed = list(range(repair.after + 1, upto + 1))
            complete = rng.random() < 0.7
            for seq in listed if complete else listed[: len(listed) // 2]:
                accept(repair.topic, seq, now)
            ordering.repaired(repair, now, complete=complete)
        if not bus and not in_flight and all(len(out[t]) == last[t] - start[t] for t in topics):
            break
    for topic in topics:
        assert out[topic] == list(range(start[topic] + 1, last[topic] + 1)), f"seed {seed}"
