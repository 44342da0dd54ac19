"""The table of keys, made once from the sections' own annotations: what each is, and how a text or a JSON value
becomes it.
"""

import dataclasses
import json
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from services.chassis.config.rules import Between, Rule, Wrong
from services.chassis.config.secret import Secret
from services.chassis.config.settings import Settings

_TRUE: Final = frozenset({"true", "t", "1"})
_FALSE: Final = frozenset({"false", "f", "0"})


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one section."""

    section: str
    name: str
    kind: type  # bool, int, str or Secret; of the items if it is a list
    is_list: bool
    rules: tuple[Any, ...]
    default: Any

    @property
    def path(self) -> str:
        """`SqlSettings.DataSource`."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """`MM_SQLSETTINGS_DATASOURCE`."""
        return f"MM_{self.section}_{self.name}".upper()

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown."""
        return self.kind is Secret

    def from_json(self, value: object) -> Any:
        """Return the typed value of what stands in the file; raise Wrong."""
        if not self.is_list:
            return self._item(value)
        if not isinstance(value, list):
            raise Wrong("a list of texts")
        return tuple(self._item(item) for item in value)

    def from_text(self, text: str) -> Any:
        """Return the typed value of an environment variable; lists are JSON or separated by spaces. Raise Wrong."""
        if self.is_list:
            if not text.lstrip().startswith("["):
                return self.from_json(text.split())
            try:
                return self.from_json(json.loads(text))
            except json.JSONDecodeError:
                raise Wrong('a list, as "a b" or as ["a", "b"]') from None
        if self.kind is bool:
            if text.strip().lower() in _TRUE | _FALSE:
                return text.strip().lower() in _TRUE
            raise Wrong("true or false")
        if self.kind is int:
            try:
                return self._item(int(text.strip()))
            except ValueError as error:
                raise error if isinstance(error, Wrong) else Wrong(self._expected_number()) from None
        return self._item(text)

    def _item(self, value: object) -> Any:
        if self.kind is bool:
            if not isinstance(value, bool):
                raise Wrong("true or false")
            return value
        if self.kind is int:
            if not isinstance(value, int) or isinstance(value, bool):
                raise Wrong(self._expected_number())
            for rule in self.rules:
                value = rule.check_number(value)
            return value
        if not isinstance(value, str):
            raise Wrong("a list of texts" if self.is_list else "a text")
        text: str = value
        for rule in self.rules:
            checked: Rule = rule
            text = checked.check(text)
        return Secret(text) if self.secret else text

    def _expected_number(self) -> str:
        bounds = [rule for rule in self.rules if isinstance(rule, Between)]
        return bounds[0].expected if bounds else "a whole number"


def _keys_of(section: str, type_: type) -> dict[str, Key]:
    found = {}
    hints = get_type_hints(type_, include_extras=True)
    for declared in dataclasses.fields(type_):
        hint, rules = hints[declared.name], ()
        if get_origin(hint) is Annotated:
            hint, *extras = get_args(hint)
            rules = tuple(extras)
        is_list = get_origin(hint) is tuple
        kind = get_args(hint)[0] if is_list else hint
        found[declared.name.lower()] = Key(section, declared.name, kind, is_list, rules, declared.default)
    return found


SECTION_TYPES: Final[dict[str, type]] = get_type_hints(Settings)
KEYS: Final = {section: _keys_of(section, type_) for section, type_ in SECTION_TYPES.items()}
"""Section → key in lower case → Key. Mattermost matches names without regard to case, so Chorus does."""
