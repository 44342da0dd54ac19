"""`chorus config`."""

import argparse
import json
import os
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.local.mesh import Mesh
from deploy.local.trouble import Trouble
from services.chassis.config import ConfigError, load


def show(arguments: argparse.Namespace) -> int:
    """Print every setting that Chorus honours, its value in force, and where that comes from."""
    mesh = Mesh(arguments.data, arguments.port)
    if not mesh.config.exists():
        raise Trouble(f"there is no {mesh.config} yet: the first `make up` writes it.")
    try:
        loaded = load(mesh.config, os.environ)
    except ConfigError as error:
        raise Trouble("\n".join(error.faults)) from None
    rows = [row for row in loaded.explain() if arguments.pattern.lower() in row.key.lower()]
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("setting", "value", "from"):
        table.add_column(column, overflow="fold")
    for row in rows:
        style = "" if row.source != "default" else "dim"
        table.add_row(Text(row.key, style), Text(row.value, style), Text(row.source, style))
    console = Console()
    (console if console.is_terminal else Console(width=200)).print(table)
    for remark in (*loaded.warnings, *loaded.notes):
        print(f"note: {remark}")
    return 0
