"""`roost shards`, which distributes the databases of services over the nodes of Citus."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer

from local.commands.options import console, print_error
from services.chassis.deployment import shards as deployment
from services.chassis.deployment.shards import SHARDS, CannotDistribute
from services.chassis.runtime.ids import BUCKETS
from services.chassis.runtime.manifest import Engine, deployed

shards = typer.Typer(
    help="Distribute databases over the nodes of Citus: docs/sharding.md.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(shards, name="shards")


@shards.command()
def distribute(
    service: Annotated[str, typer.Argument(help="The service, such as post.")],
    *,
    number: Annotated[
        int,
        typer.Option("--shards", min=1, max=BUCKETS, help="Of each table; at least one a node."),
    ] = SHARDS,
) -> None:
    """Distribute the tables of a service as its manifest says. It may be repeated.

    ROOST_DATABASE_URL_<SERVICE> is the database on the coordinator, with the extension citus and
    all nodes. Stop the processes of the service before.
    """
    variable = f"ROOST_DATABASE_URL_{service.upper()}"
    known = [each.noun for each in deployed() if Engine.POSTGRES in each.engines]
    if service not in known:
        raise print_error(f"{service} is no service with a database: {', '.join(known)}.")
    url = os.environ.get(variable)
    if not url:
        raise print_error(f"{variable} is not set.")
    sharding = deployment.sharding_of(service)
    if sharding is None:
        raise print_error(f"The database of {service} is never distributed: see docs/sharding.md.")
    try:
        done = asyncio.run(deployment.distribute(url, sharding, shards=number))
    except CannotDistribute as refused:
        raise print_error(str(refused)) from None
    for line in done.lines():
        console.print(line, highlight=False)
    for table, reason in sorted(sharding.local.items()):
        console.print(f"{table}: on the coordinator; {reason}", highlight=False, markup=False)
