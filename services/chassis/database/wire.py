"""Values as PostgreSQL's protocol carries them.

psycopg's dumpers are made for any type; these are for the six that the hot statements use, and send arrays in binary
form, which neither side has to parse: for a list of 16 ids 2 µs and not 20. Everything else is psycopg's.
Forms: the `_recv` functions of PostgreSQL's src/backend/utils/adt/ (arrayfuncs.c, int8.c, bool.c).
"""

import re
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.abc import Transformer
from psycopg.adapt import PyFormat

TEXT: Final = 0
BINARY: Final = 1

_ANY: Final = 0  # left to the server, which takes what the statement expects
_BOOL, _BYTEA, _INT8, _TEXT = 16, 17, 20, 25
_BOOLS, _BYTEAS, _INT8S, _TEXTS = 1000, 1001, 1016, 1009
_ARRAY_HEAD: Final = struct.Struct(">iiIii").pack  # dimensions, has nulls, type of elements, length, first index
_INT8_MIN, _INT8_MAX = -(2**63), 2**63 - 1
_parameters = re.compile(r"%\((\w+)\)s|%%").sub


class Value(NamedTuple):
    """One parameter: its type's oid, its form, its bytes; None for NULL."""

    oid: int
    format: int
    data: bytes | None


class Compiled(NamedTuple):
    """A statement with numbered parameters, and the names behind the numbers."""

    query: bytes
    names: tuple[str, ...]


@lru_cache(maxsize=2048)
def compiled(sql: str) -> Compiled:
    """Turn `%(name)s` into `$1`, `%%` into `%`."""
    names: dict[str, int] = {}

    def number(match: "re.Match[str]") -> str:
        name = match.group(1)
        return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return Compiled(_parameters(number, sql).encode(), tuple(names))


def value(given: Any, transformer: Transformer) -> Value:
    """Return a parameter as it travels. Raises psycopg's errors of class 22 for what no column can hold."""
    kind = type(given)
    if kind is str:
        return Value(_ANY, TEXT, _text(given))
    if kind is int:
        if _INT8_MIN <= given <= _INT8_MAX:
            return Value(_INT8, BINARY, given.to_bytes(8, "big", signed=True))
    elif given is None:
        return Value(_ANY, TEXT, None)
    elif kind is bytes:
        return Value(_BYTEA, BINARY, given)
    elif kind is bool:
        return Value(_BOOL, BINARY, b"\1" if given else b"\0")
    elif kind is list or kind is tuple:
        return _array(given) or _other(list(given), transformer)
    return _other(given, transformer)


def _text(given: str) -> bytes:
    data = given.encode()
    if b"\0" in data:  # libpq would end the text here, without a word
        raise psycopg.errors.CharacterNotInRepertoire("text cannot hold NUL")
    return data


def _array(elements: Sequence[Any]) -> Value | None:
    """Return an array of one plain type; None for any other."""
    if not elements:
        return Value(_ANY, TEXT, b"{}")
    kinds = set(map(type, elements))
    if len(kinds) != 1:
        return None
    known = _ELEMENTS.get(kinds.pop())
    if known is None:
        return None
    array, element, body = known
    try:
        data = body(elements)
    except struct.error:  # an integer that is no bigint
        return None
    return Value(array, BINARY, _ARRAY_HEAD(1, 0, element, len(elements), 1) + data)


def _texts(elements: Sequence[str]) -> bytes:
    return _byteas([element.encode() for element in elements])  # the server refuses NUL in binary form


def _byteas(elements: Sequence[bytes]) -> bytes:
    return b"".join([part for element in elements for part in (len(element).to_bytes(4, "big"), element)])


def _int8s(elements: Sequence[int]) -> bytes:
    return struct.pack(">" + "iq" * len(elements), *[part for element in elements for part in (8, element)])


def _bools(elements: Sequence[bool]) -> bytes:
    return b"".join([b"\0\0\0\1\1" if element else b"\0\0\0\1\0" for element in elements])


_ELEMENTS: Final[dict[type, tuple[int, int, Callable[[Any], bytes]]]] = {
    str: (_TEXTS, _TEXT, _texts),
    int: (_INT8S, _INT8, _int8s),
    bytes: (_BYTEAS, _BYTEA, _byteas),
    bool: (_BOOLS, _BOOL, _bools),
}


def _other(given: Any, transformer: Transformer) -> Value:
    dumper = transformer.get_dumper(given, PyFormat.TEXT)
    data = dumper.dump(given)
    return Value(dumper.oid, TEXT, None if data is None else bytes(data))
