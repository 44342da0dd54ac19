"""Reading a config.json and the MM_ variables over it."""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.chassis.config.agreement import disagreements
from services.chassis.config.keys import KEYS, SECTION_TYPES, Key
from services.chassis.config.known import OTHER_NAMES, PROCESS_VARIABLES, UNUSED_KEYS, UNUSED_SECTIONS, VARIABLES
from services.chassis.config.rules import Wrong
from services.chassis.config.secret import MASK, Secret
from services.chassis.config.settings import Settings
from services.chassis.logs import redact

_SECTIONS: Final = {name.lower(): name for name in [*SECTION_TYPES, *UNUSED_SECTIONS]}
_UNUSED: Final = {section: {name.lower() for name in names.split()} for section, names in UNUSED_KEYS.items()}
_ALIASES: Final = {(section, other.lower()): name.lower() for (section, other), name in OTHER_NAMES.items()}


class ConfigError(Exception):
    """The configuration cannot be used; `faults` holds one sentence for each thing that is wrong."""

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep the sentences."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of `chorus config`: a key, its value with secrets masked, and where it comes from."""

    key: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` found."""

    settings: Settings
    warnings: tuple[str, ...]  # names that nobody knows, most likely typing errors
    notes: tuple[str, ...]  # what an operator may want to know once
    sources: Mapping[str, str]  # key → "file" or "environment NAME"; a default is not listed

    def explain(self) -> list[Row]:
        """Return every key that Chorus honours, by section, with what is in force and from where."""
        rows = []
        for section, keys in KEYS.items():
            for key in keys.values():
                value = getattr(getattr(self.settings, section), key.name)
                rows.append(Row(key.path, show(value), self.sources.get(key.path, "default")))
        return rows


def show(value: object) -> str:
    """Return a value as text, secrets masked; of a URL only the password is."""
    if isinstance(value, tuple):
        return "[" + ", ".join(show(item) for item in value) + "]"
    if isinstance(value, Secret):
        text = value.reveal()
        return redact(text) if "://" in text else repr(value)
    return json.dumps(value, ensure_ascii=False)


def load(path: Path, environ: Mapping[str, str]) -> Loaded:
    """Read the file at `path` and lay the MM_ variables of `environ` over it.

    Unknown names become warnings. Raises ConfigError with all faults at once: a missing or unreadable file, bad JSON,
    wrong values, values that contradict each other.
    """
    return _Reading().read(path, environ)


def _shown(key: Key, value: object) -> str:
    if key.secret:
        text = value if isinstance(value, str) else ""
        return f'"{redact(text)}"' if "://" in text else MASK
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "…"


def _closest(name: str, candidates: Iterable[str]) -> str:
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f'; did you mean "{by_lower[close[0]]}"?' if close else ""


class _Reading:
    """The state of one call of `load`."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.warnings: list[str] = []
        self.unused = 0
        self.values: dict[str, dict[str, Any]] = {section: {} for section in SECTION_TYPES}
        self.sources: dict[str, str] = {}
        self.given_as: dict[str, str] = {}

    def read(self, path: Path, environ: Mapping[str, str]) -> Loaded:
        self._read_file(_parse(path))
        self.given_as.clear()  # a variable may say something else than the file under another name: it overrides
        self._read_environ(environ)
        if self.faults:
            raise ConfigError(self.faults)
        settings = Settings(**{name: type_(**self.values[name]) for name, type_ in SECTION_TYPES.items()})
        if faults := disagreements(settings):
            raise ConfigError(faults)
        notes = (f"{self.unused} known keys not used by Chorus",) if self.unused else ()
        return Loaded(settings, tuple(self.warnings), notes, self.sources)

    def _read_file(self, document: Mapping[str, object]) -> None:
        for written, content in document.items():
            section = _SECTIONS.get(written.lower())
            if section is None:
                self.warnings.append(
                    f'unknown section "{written}" in the file is ignored' + _closest(written, _SECTIONS.values())
                )
            elif content is None:
                continue
            elif not isinstance(content, dict):
                self.faults.append(f"{section} in the file is {json.dumps(content)}, expected an object of keys.")
            elif section not in SECTION_TYPES:
                self.unused += len(content)
            else:
                for name, value in content.items():
                    self._read_key(section, name, value)

    def _read_key(self, section: str, name: str, value: object) -> None:
        key = KEYS[section].get(_ALIASES.get((section, name.lower()), name.lower()))
        if key is None:
            if name.lower() in _UNUSED.get(section, ()):
                self.unused += 1
            else:
                candidates = [known.name for known in KEYS[section].values()] + UNUSED_KEYS.get(section, "").split()
                self.warnings.append(
                    f'unknown key "{section}.{name}" in the file is ignored' + _closest(name, candidates)
                )
        elif value is not None:
            self._put(key, f"{section}.{name}", "file", value, lambda: key.from_json(value))

    def _read_environ(self, environ: Mapping[str, str]) -> None:
        by_variable = {key.variable: key for keys in KEYS.values() for key in keys.values()}
        by_variable |= {
            f"MM_{section}_{other}".upper(): KEYS[section][name] for (section, other), name in _ALIASES.items()
        }
        by_variable |= {variable: KEYS[section][name.lower()] for variable, (section, name) in VARIABLES.items()}
        unused = {f"MM_{section}_{name}".upper() for section, names in _UNUSED.items() for name in names}
        unused_sections = tuple(f"MM_{section}_".upper() for section in UNUSED_SECTIONS)
        for variable, text in sorted(environ.items()):
            key = by_variable.get(variable)
            if key is None and (not variable.startswith("MM_") or variable in PROCESS_VARIABLES):
                continue
            if key is not None:
                self._put(key, variable, f"environment {variable}", text, _from_text(key, text))
            elif variable in unused or variable.startswith(unused_sections):
                self.unused += 1
            else:
                self.warnings.append(
                    f'unknown variable "{variable}" in the environment is ignored'
                    + _closest(variable, [*by_variable, *unused])
                )

    def _put(self, key: Key, written: str, source: str, raw: object, convert: Any) -> None:
        try:
            value = convert()
        except Wrong as wrong:
            self.faults.append(f"{written} in the {source.split()[0]} is {_shown(key, raw)}, expected {wrong}.")
            return
        other = self.given_as.setdefault(key.path, written)
        if other != written and self.values[key.section][key.name] != value:
            self.faults.append(
                f"{other} and {written} in the {source.split()[0]} name the same setting but differ; keep one of them."
            )
        self.values[key.section][key.name] = value
        self.sources[key.path] = source


def _from_text(key: Key, text: str) -> Any:
    return lambda: key.from_text(text)


def _parse(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            [f"The configuration file {path} does not exist; name an existing one with --config."]
        ) from None
    except OSError as error:
        raise ConfigError([f"The configuration file {path} cannot be read: {error.strerror}."]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"The configuration file {path} is not UTF-8: byte {error.start} is wrong."]) from None
    except json.JSONDecodeError as error:
        raise ConfigError(
            [f"The configuration file {path} is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."]
        ) from None
    if not isinstance(document, dict):
        raise ConfigError(
            [f"The configuration file {path} holds {type(document).__name__}, expected an object of sections."]
        )
    return document
