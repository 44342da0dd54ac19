"""Passwords of the mesh's own parts: made once, kept in a file that only the owner reads."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path


def _password() -> str:
    # URL-safe: they travel in SqlSettings.DataSource.
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What nobody has to remember."""

    postgres: str = field(default_factory=_password, repr=False)
    """PostgreSQL's superuser `postgres`: used by `chorus` alone."""
    chorus: str = field(default_factory=_password, repr=False)
    """The services' PostgreSQL user `chorus`."""
    replicator: str = field(default_factory=_password, repr=False)
    """The replica's PostgreSQL user `replicator`."""
    redis: str = field(default_factory=_password, repr=False)


def load(path: Path) -> Secrets:
    """The secrets in the file, which is made when it isn't there."""
    if path.exists():
        return Secrets(**json.loads(path.read_text()))
    made = Secrets()
    write_private(path, json.dumps(asdict(made), indent=2) + "\n")
    return made


def write_private(path: Path, text: str) -> None:
    """Replace the file, which only its owner can read, in one step."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
