from services.auth.domain.throttle import FailureThrottle


def test_a_full_bucket_refuses_until_one_has_leaked() -> None:
    throttle = FailureThrottle(3, 10.0)
    for _ in range(3):
        assert throttle.wait_seconds("a", 0.0) == 0
        throttle.failed("a", 0.0)
    assert throttle.wait_seconds("a", 0.0) == 10
    assert throttle.wait_seconds("a", 4.5) == 6
    assert throttle.wait_seconds("a", 10.0) == 0
    assert throttle.wait_seconds("b", 0.0) == 0


def test_success_empties_it() -> None:
    throttle = FailureThrottle(1, 10.0)
    throttle.failed("a", 0.0)
    throttle.forget("a")
    assert throttle.wait_seconds("a", 0.0) == 0


def test_memory_is_bounded_and_the_oldest_failure_is_forgotten() -> None:
    throttle = FailureThrottle(1, 10.0, max_keys=2)
    for key in ("a", "b", "c"):
        throttle.failed(key, 0.0)
    assert [throttle.wait_seconds(key, 0.0) for key in "abc"] == [0, 10, 10]
