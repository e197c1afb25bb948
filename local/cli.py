"""The `roost` command, which runs and uses the one-machine stack."""

from __future__ import annotations

import typer

from local.commands import cluster, content, search, shards, stack

app = typer.Typer(
    name="roost",
    help="Runs Roost on one machine: every part of it, supervised.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
for module in (stack, content, search, cluster, shards):
    module.register(app)


def main() -> None:
    """Run the command line."""
    app(prog_name="roost")


if __name__ == "__main__":
    main()
