"""Reads what an operation requires, as the tables write it: `channel:read_channel | public & team:view_team`.

`|` and `&` are or and and, with parentheses. `scope:permission` holds when one of the asker's roles of that scope, or
of one above it, has the permission; other words are facts about the asker or the ground.
"""

import csv
import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
EVERYTHING = "system_admin"
"""The role that has every permission."""

_words = re.compile(r"[()&|]|[\w:]+").findall


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the tables beside this file."""
    with (FOLDER / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def _permissions(role: str) -> frozenset[str]:
    return frozenset(next(row["permissions"].split() for row in table("roles") if row["role"] == role))


def allows(requirement: str, roles: Mapping[str, Collection[str]], facts: Collection[str]) -> bool:
    """Say whether who has these roles at `system`, `team` and `channel` meets the requirement."""
    words = _words(requirement)

    def has(word: str) -> bool:
        scope, _, permission = word.partition(":")
        if not permission:
            return word in facts
        scopes = ("system", "team", "channel")
        held = [role for above in scopes[: scopes.index(scope) + 1] for role in roles.get(above, ())]
        return any(role == EVERYTHING or permission in _permissions(role) for role in held)

    def either() -> bool:
        result = both()
        while words and words[0] == "|":
            words.pop(0)
            result = both() or result
        return result

    def both() -> bool:
        result = one()
        while words and words[0] == "&":
            words.pop(0)
            result = one() and result
        return result

    def one() -> bool:
        word = words.pop(0)
        if word != "(":
            return has(word)
        result = either()
        words.pop(0)
        return result

    return either()
