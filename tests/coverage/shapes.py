"""What JSON answers look like: each object's fields, which of them may be null and which may be left out.

A shape is written `Post`, `[Post]` (a list), `{Post}` (an object whose keys are ids) or alternatives with `|`. The
tables in objects.tsv are the protocol's facts; what is not in them must not be in an answer.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Any, ForwardRef

import msgspec

_PLAIN: dict[str, Any] = {"string": str, "int": int, "bool": bool, "any": Any, "null": None}


class WrongShape(AssertionError):
    """An answer that clients would not understand."""


def check(shape: str, body: bytes) -> None:
    """Raise WrongShape when the JSON is not of the shape."""
    complaints = []
    for alternative in shape.split("|"):
        try:
            msgspec.json.decode(body, type=_type(alternative))
        except msgspec.DecodeError as error:
            complaints.append(f"{alternative}: {error}")
        else:
            return
    raise WrongShape("; ".join(complaints))


@cache
def _type(shape: str) -> Any:
    if shape[:1] == "[":
        return list[_type(shape[1:-1])]  # type: ignore[misc]
    if shape[:1] == "{":
        return dict[str, _type(shape[1:-1])]  # type: ignore[misc]
    return _PLAIN[shape] if shape in _PLAIN else _objects()[shape]


@cache
def _objects() -> dict[str, type[msgspec.Struct]]:
    tables: dict[str, list[tuple[str, str, bool, bool]]] = {}
    with Path(__file__).with_name("objects.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            fields = tables.setdefault(row["object"], [])
            fields.append((row["field"], row["type"], row["null"] == "yes", row["absent"] == "yes"))
    made: dict[str, type[msgspec.Struct]] = {}
    for name, fields in tables.items():
        made[name] = msgspec.defstruct(
            name,
            [_field(*field) for field in sorted(fields, key=lambda field: field[3])],
            forbid_unknown_fields=True,
            module=__name__,
        )
    globals().update(made)  # where msgspec looks up the objects that others hold
    return made


def _field(name: str, kind: str, null: bool, absent: bool) -> Any:
    hint = _hint(kind)
    if null:
        hint = hint | None
    return (name, hint, None) if absent else (name, hint)


def _hint(kind: str) -> Any:
    if kind.startswith("array<"):
        return list[_hint(kind[6:-1])]  # type: ignore[misc]
    if kind.startswith("object<string,"):
        return dict[str, _hint(kind[14:-1])]  # type: ignore[misc]
    return _PLAIN.get(kind) or ForwardRef(kind, module=__name__)
