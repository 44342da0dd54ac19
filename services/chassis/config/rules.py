"""What a value must be: the rules that sections attach to their keys with `Annotated`.

A rule's `check(value)` returns the value to use, or raises `Wrong` with what was expected, as the end of a sentence.
"""

import re
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit


class Wrong(ValueError):
    """The value is not what was expected; the message says what would be."""


class Rule(Protocol):
    """Checks one value."""

    def check(self, value: str) -> str:
        """Return the value to use; raise Wrong."""
        ...


@dataclass(frozen=True, slots=True)
class Between:
    """A whole number from `least` to `most`, no upper bound if None."""

    least: int
    most: int | None = None

    def check_number(self, value: int) -> int:
        """Return the number; raise Wrong."""
        if value < self.least or (self.most is not None and value > self.most):
            raise Wrong(self.expected)
        return value

    @property
    def expected(self) -> str:
        """The end of the sentence."""
        return (
            f"a whole number of at least {self.least}"
            if self.most is None
            else f"a whole number from {self.least} to {self.most}"
        )


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words; written in another case it is taken as the listed one."""

    words: tuple[str, ...]

    def check(self, value: str) -> str:
        """Return the listed word; raise Wrong."""
        for word in self.words:
            if word.lower() == value.lower():
                return word
        raise Wrong("one of " + ", ".join(f'"{word}"' for word in self.words))


@dataclass(frozen=True, slots=True)
class Filled:
    """A text that is not empty."""

    def check(self, value: str) -> str:
        """Return the text; raise Wrong."""
        if not value.strip():
            raise Wrong("a text that is not empty")
        return value


@dataclass(frozen=True, slots=True)
class Link:
    """An absolute URL or nothing."""

    schemes: tuple[str, ...] = ("http", "https")

    def check(self, value: str) -> str:
        """Return the URL; raise Wrong."""
        if value:
            self._parse(value)
        return value

    def _parse(self, value: str) -> SplitResult:
        wanted = Wrong(f'an absolute URL such as "{self.schemes[-1]}://chat.example.com", or nothing')
        try:
            parts = urlsplit(value)
            valid = parts.scheme.lower() in self.schemes and parts.hostname and parts.port != 0
        except ValueError:
            raise wanted from None
        if not valid:
            raise wanted
        return parts


@dataclass(frozen=True, slots=True)
class Origin(Link):
    """A URL that others are built from, or nothing: neither query nor fragment, and no slash at its end.

    Its path goes into routes, pages and scripts, and so holds nothing that would have to be written otherwise there.
    """

    def check(self, value: str) -> str:
        """Return the URL; raise Wrong."""
        if value:
            parts = self._parse(value)
            if parts.query or parts.fragment:
                raise Wrong("a URL without a query or fragment")
            if not _PATH.fullmatch(parts.path):
                raise Wrong('a URL whose path, if any, is like "/chat": letters, digits, "-" and "_"')
        return value.rstrip("/")


_PATH: Final = re.compile(r"(/[A-Za-z0-9_-]+)*/*")
_HOST_PORT: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]+):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class HostPort:
    """`host:port`; a missing port is filled in where there is a usual one."""

    usual_port: int | None = None

    def check(self, value: str) -> str:
        """Return `host:port`; raise Wrong."""
        text = value
        if self.usual_port is not None and text and ":" not in text:
            text = f"{text}:{self.usual_port}"
        match = _HOST_PORT.fullmatch(text)
        if match is None or not 0 < int(match[2]) < 65536:
            raise Wrong('an address such as "127.0.0.1:6379"')
        return text


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """`postgres://user:password@host:port/database?options`."""

    def check(self, value: str) -> str:
        """Return the URL without the options that only Mattermost's own driver knows; raise Wrong."""
        parts = urlsplit(value)
        if parts.scheme not in ("postgres", "postgresql") or not parts.netloc.rpartition("@")[2]:
            raise Wrong('a URL that starts with "postgres://" and names a host and a database')
        if not parts.path.strip("/"):
            raise Wrong('a URL that ends with the database\'s name, "postgres://user:password@host:5432/chorus"')
        options = [
            (name, text) for name, text in parse_qsl(parts.query, keep_blank_values=True) if name != "binary_parameters"
        ]
        return urlunsplit(parts._replace(query=urlencode(options, quote_via=quote)))
