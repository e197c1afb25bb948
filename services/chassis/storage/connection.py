"""The type of a PostgreSQL connection, which asyncpg's class cannot spell at run time."""

from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
