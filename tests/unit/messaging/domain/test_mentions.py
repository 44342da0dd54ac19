"""Whom a text addresses, and whom of a channel's members that mentions."""

import pytest

from services.messaging.domain.mentions import (
    Audience,
    Keywords,
    addressed,
    made_by_integration,
    mentioned,
    readable,
    spoken,
)

NONE = Keywords()


def known(*words: str) -> Keywords:
    keywords = Keywords()
    keywords.add(words)
    return keywords


@pytest.mark.parametrize(
    ("text", "names", "everybody", "here"),
    [
        ("hello", set(), False, False),
        ("@alice: @Bob.", {"alice:", "alice", "bob.", "bob"}, False, False),
        ("`@code` and ```x `` @in ``` @real", {"real"}, False, False),
        ("say\n```\n@block\n```\n@real", {"real"}, False, False),
        ("say\n~~~\n@never closed", set(), False, False),
        ("text\n\n    @indented\n", set(), False, False),
        ("[@bob](http://x.org/@link) https://x.org/@url", {"bob"}, False, False),
        ("@all then", set(), True, False),
        ("(@Channel)", set(), True, False),
        ("@here", set(), False, True),
        ("mail me at a@b.c", set(), False, False),
        (":@smile:", set(), False, False),
    ],
)
def test_addressed(text: str, names: set[str], everybody: bool, here: bool) -> None:
    found = addressed(text, NONE)
    assert (found.usernames, found.everybody, found.here) == (frozenset(names), everybody, here)


@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        ("the Deploy, it failed", {"Deploy"}),
        ("re-deploy now", {"deploy"}),
        ("deployed", set()),
        ("`deploy`", set()),
        ("今日は会議です", {"会議"}),
    ],
)
def test_keywords_are_whole_words_or_their_pieces_but_inside_of_words_without_spaces(
    text: str, keywords: set[str]
) -> None:
    assert addressed(text, known("deploy", "会議")).keywords == keywords


def test_code_and_link_targets_are_not_read() -> None:
    assert "secret" not in readable("a ``secret ` secret`` [t](secret) <http://secret> www.secret.org")
    assert readable("a ` b @c ` d").split() == ["a", "d"]


def whom(text: str, audience: Audience, keywords: Keywords = NONE, **more: bool) -> list[str]:
    ask = {"may_address_everybody": True, "always": False} | more
    return mentioned("A", addressed(text, keywords), audience, **ask)


def test_nobody_mentions_himself_and_everybody_needs_the_permission() -> None:
    audience = Audience({"@bob": {"B"}, "@alice": {"A"}}, ["A", "B", "C", "D"], ["A", "B", "C"])
    assert whom("@all @bob", audience) == ["B", "C"]
    assert whom("@all @bob", audience, may_address_everybody=False) == ["B"]
    assert whom("@alice", audience) == []
    assert whom("@alice", audience, author_too=True) == ["A"]
    assert whom("hi", audience, always=True) == ["B", "C", "D"]


def test_here_reaches_those_who_are_online_and_everybody_when_nobody_can_say() -> None:
    assert whom("@here", Audience({}, ["B", "C"], ["B", "C"], {"C"})) == ["C"]
    assert whom("@here", Audience({}, ["B", "C"], ["B", "C"], None)) == ["B", "C"]


def test_the_longest_form_that_means_somebody_counts_alone() -> None:
    audience = Audience({"@john.doe": {"J"}, "@john": {"K"}, "deploy": {"D"}})
    assert whom("@john.doe.", audience) == ["J"]
    assert whom("@john.smith", audience) == ["K"]
    assert whom("Deploy!", audience, known("deploy")) == ["D"]


def test_attachments_are_spoken_too() -> None:
    props = '{"attachments":[{"pretext":"@a","title":"@no","text":"@b","fields":[{"value":"@c"},{"value":1}]}]}'
    assert addressed(spoken("hi", props), NONE).usernames == {"a", "b", "c"}
    assert spoken("hi", '{"attachments":1}') == "hi"


def test_integrations_tell_by_their_props() -> None:
    assert made_by_integration("{}") == (False, False)
    assert made_by_integration('{"from_webhook":"true"}') == (True, False)
    assert made_by_integration('{"from_bot":"true"}') == (False, True)
