"""Whom a text addresses."""

import pytest

from services.messaging.domain.mentions import addressed, mentioned


@pytest.mark.parametrize(
    ("text", "names", "everybody"),
    [
        ("hello", set(), False),
        ("@alice: @Bob.", {"alice", "bob.", "bob"}, False),
        ("`@code` and ```\n@block\n``` @real", {"real"}, False),
        ("@all @here", set(), True),
        ("mail me at a@b.c", {"b.c"}, False),
    ],
)
def test_addressed(text: str, names: set[str], everybody: bool) -> None:
    found = addressed(text)
    assert (found.usernames, found.everybody) == (frozenset(names), everybody)


def test_nobody_mentions_himself_and_everybody_needs_the_permission() -> None:
    text = addressed("@all @bob")
    named, members = {"bob": "B"}, ["A", "B", "C"]
    ask = {"named": named, "members": members}
    assert mentioned("A", text, may_address_everybody=True, members_always=False, **ask) == ["B", "C"]  # type: ignore[arg-type]
    assert mentioned("A", text, may_address_everybody=False, members_always=False, **ask) == ["B"]  # type: ignore[arg-type]
    assert mentioned("A", addressed("hi"), may_address_everybody=False, members_always=True, **ask) == ["B", "C"]  # type: ignore[arg-type]
