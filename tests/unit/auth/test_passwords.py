import asyncio

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters

from services.auth import passwords as module
from services.auth.metrics import AuthMetrics
from services.auth.passwords import Passwords
from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics


async def test_a_password_matches_its_hash_alone() -> None:
    passwords = Passwords(AuthMetrics(Metrics("test")))
    stored = await passwords.hash("right")
    assert stored != await passwords.hash("right"), "each has its own salt"
    async with passwords.turn() as turn:
        assert await turn.matches("right", stored)
        for password, against in (("wrong", stored), ("right", ""), ("right", "no hash")):
            assert not await turn.matches(password, against)
    await passwords.close()


async def test_who_does_not_exist_costs_what_a_wrong_password_does(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords(AuthMetrics(Metrics("test")))
    stored = await passwords.hash("right")
    verified: list[Parameters] = []
    verify = PasswordHasher.verify

    def watched(self: PasswordHasher, against: str, password: str) -> bool:
        verified.append(extract_parameters(against))
        return verify(self, against, password)

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    async with passwords.turn() as turn:
        assert not await turn.matches("wrong", stored)
        assert not await turn.matches("wrong", "")
    assert len(verified) == 2
    assert verified[0] == verified[1]
    await passwords.close()


async def test_a_long_line_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 1)
    passwords = Passwords(AuthMetrics(Metrics("test")), memory_kib=8)
    outcomes = await asyncio.gather(*(passwords.hash(f"{n}") for n in range(200)), return_exceptions=True)
    reasons = {outcome.reason for outcome in outcomes if isinstance(outcome, DomainError)}
    assert reasons == {Reason.BUSY}
    assert any(isinstance(outcome, str) for outcome in outcomes)
    await passwords.close()
