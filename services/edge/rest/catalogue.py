"""Every operation that clients of the API know, whether this server has it or not.

What is not implemented answers 501 and says its name, so that nobody mistakes it for a wrong address.
"""

from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Operation(NamedTuple):
    """One operation of the API."""

    method: str
    path: str
    """Whole, with `{names}`."""
    name: str


@cache
def catalogue() -> tuple[Operation, ...]:
    """Return all operations, in the order of the file."""
    lines = files("services.edge.rest").joinpath("catalogue.tsv").read_text("utf-8").splitlines()
    return tuple(Operation(*line.split("\t")) for line in lines)
