"""Ids and tokens keep the shapes that clients rely on."""

import pytest

from services.chassis.ids import ALPHABET, is_valid_id, new_id, new_token


def test_ids_have_the_dialects_shape_and_do_not_repeat() -> None:
    ids = {new_id() for _ in range(10_000)}
    assert len(ids) == 10_000
    assert all(is_valid_id(id_) and set(id_) <= set(ALPHABET) for id_ in ids)


def test_tokens_survive_being_cut_at_50_characters() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {50}
    # All 32 letters at the last place too: no character is spent on padding.
    assert len({token[-1] for token in tokens}) == 32


@pytest.mark.parametrize("text", ["", "a" * 25, "a" * 27, "A" * 26, "a" * 25 + "\n", "é" * 26, "a" * 25 + "-"])
def test_what_is_no_id(text: str) -> None:
    assert not is_valid_id(text)
