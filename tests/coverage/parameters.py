"""What requests may carry: the facts of parameters.tsv, from which the fuzzing makes its own.

A name is a way into the body: `post.message` is a field of an object, `[]` each item of a list, `channel_ids[]` each
item of a field that is one.
"""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Parameter(NamedTuple):
    """One of an operation's parameters."""

    where: str
    """`query`, `body` (JSON) or `form`."""
    name: str
    kind: str
    """string, integer, boolean, object (with whatever in it) or file."""


@cache
def parameters() -> Mapping[tuple[str, str], tuple[Parameter, ...]]:
    """Return those of each operation, by method and path."""
    found: dict[tuple[str, str], list[Parameter]] = {}
    with Path(__file__).with_name("parameters.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        for method, path, *parameter in rows:
            found.setdefault((method, path), []).append(Parameter(*parameter))
    return {key: tuple(each) for key, each in found.items()}
