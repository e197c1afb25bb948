"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from local.state import StackStatus, State

DEFAULT_STATE = Path(__file__).parents[2] / ".roost"

console = Console()
error_console = Console(stderr=True)

StateFolder = Annotated[
    Path,
    typer.Option(
        "--state",
        metavar="DIR",
        default_factory=lambda: Path(os.environ.get("ROOST_STATE", DEFAULT_STATE)),
        show_default=".roost in the checkout, or ROOST_STATE",
        help="The folder of the stack's data, secrets and logs; each folder is a stack of its own.",
    ),
]


def print_error(sentence: str) -> typer.Exit:
    """Print an error in one sentence and return the exception to raise."""
    error_console.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(1)


def running(folder: Path) -> StackStatus:
    """Return the status of the stack of a folder; print an error and exit if none runs."""
    status = State(folder).read()
    if status.pid is None:
        raise print_error(f"Roost does not run from {folder}; `roost up` starts it.")
    return status
