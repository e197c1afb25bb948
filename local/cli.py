"""The `roost` command, which runs and uses the one-machine stack."""

from __future__ import annotations

import importlib
from typing import Any

import typer
from typer.core import TyperGroup

# The module of each command. A supervisor runs as long as its stack, and keeps in memory what was
# imported: so it imports no module but that of `up`.
MODULES = {
    "up": "stack",
    "down": "stack",
    "status": "stack",
    "logs": "stack",
    "restart": "stack",
    "prometheus": "stack",
    "rules": "stack",
    "seed": "content",
    "demo": "content",
    "watch": "content",
    "reindex": "search",
    "secrets": "cluster",
    "hashtags": "search",
    "shards": "shards",
}


class CommandsOnDemand(TyperGroup):
    """Imports the module of a command when the command is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in MODULES and cmd_name not in self.commands:
            self.commands.update(commands_of(MODULES[cmd_name]))
        return super().get_command(ctx, cmd_name)


def commands_of(module: str) -> dict[str, Any]:
    """Return the commands of a module of `local.commands`, by name."""
    app = typer.Typer()
    importlib.import_module(f"local.commands.{module}").register(app)
    return dict(typer.main.get_group(app).commands)


app = typer.Typer(
    name="roost",
    cls=CommandsOnDemand,
    help="Runs Roost on one machine: every part of it, supervised.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def roost() -> None:
    """Every use is a command."""


def main() -> None:
    """Run the command line."""
    app(prog_name="roost")


if __name__ == "__main__":
    main()
