"""Which operations the tests have seen succeed and refuse, kept from one run to the next while the code is the same."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TypedDict

from tests.coverage import shapes
from tests.coverage.operations import WEBSOCKET, Operation, asked

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "sightings"
NOT_IMPLEMENTED = 501


class Sighting(TypedDict):
    """What was seen of one operation."""

    success: bool
    """Answered, and in the shape that it should have."""
    refusal: bool
    """Refused, and with the protocol's error."""


_seen: dict[tuple[str, str], Sighting] = {}


def note(method: str, path: str, status: int, kind: str, body: bytes) -> None:
    """Remember an answer, after checking its shape. Raises WrongShape."""
    operation = asked(method, path)
    if operation is None or status == NOT_IMPLEMENTED:
        return
    check(operation, status, kind, body)
    seen = _seen.setdefault(operation.key, Sighting(success=False, refusal=False))
    if status >= 400:
        seen["refusal"] = True
    elif status < 300:
        seen["success"] = True


def check(operation: Operation, status: int, kind: str, body: bytes) -> None:
    """Raise WrongShape when an answer of the operation is not of the shape that it should have."""
    try:
        if status >= 400:
            if operation.method != "HEAD":
                shapes.check("AppError", body)
        elif status < 300:
            _check(operation.answer, kind, body)
    except shapes.WrongShape as error:
        name = f"{operation.method} {operation.path}"
        raise shapes.WrongShape(f"{name} answered {status}: {error}: {body[:600]!r}") from None


def note_socket(*, accepted: bool) -> None:
    """Remember that a WebSocket was welcomed, or turned away."""
    seen = _seen.setdefault(WEBSOCKET, Sighting(success=False, refusal=False))
    seen["success" if accepted else "refusal"] = True


def _check(shape: str, kind: str, body: bytes) -> None:
    if not shape:
        return
    if shape == "bytes":
        if not kind or kind.startswith("application/json"):
            raise shapes.WrongShape(f"a file's content type is {kind!r}")
    elif kind == "application/x-ndjson":
        for line in body.splitlines():
            shapes.check(shape[1:-1], line)
    elif kind != "application/json":  # clients compare with strict equality
        raise shapes.WrongShape(f"the content type is {kind!r}")
    else:
        shapes.check(shape, body)


def keep() -> None:
    """Add what this process has seen to what earlier runs of the same code saw."""
    if not _seen:
        return
    kept = read()
    for key, sighting in _seen.items():
        before = kept.get(key, Sighting(success=False, refusal=False))
        kept[key] = Sighting(
            success=before["success"] or sighting["success"], refusal=before["refusal"] or sighting["refusal"]
        )
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = [{"method": method, "path": path, **sighting} for (method, path), sighting in sorted(kept.items())]
    _file().write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def read() -> dict[tuple[str, str], Sighting]:
    """Return what runs of this code have seen."""
    if not _file().exists():
        return {}
    found: dict[tuple[str, str], Sighting] = {}
    for line in _file().read_text("utf-8").splitlines():
        row = json.loads(line)
        found[row["method"], row["path"]] = Sighting(success=row["success"], refusal=row["refusal"])
    return found


@cache
def _file() -> Path:
    """Named after the code: other code has to be seen again."""
    digest = hashlib.sha256()
    for folder, pattern in (("services", "*.py"), ("protos", "*.proto")):
        for path in sorted((ROOT / folder).rglob(pattern)):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return FOLDER / f"{digest.hexdigest()[:16]}.jsonl"
