"""How failures of the database are named."""

import asyncpg
import pytest

from services.chassis.storage.postgres import DatabaseUnavailable, translated


@pytest.mark.parametrize(
    "said",
    [
        "failure on connection marked as essential: 10.0.0.2:5432",
        'failed to read result "5_2" from node 10.0.0.2:5432',
    ],
)
def test_a_lost_node_of_citus_is_an_unavailable_database(said: str) -> None:
    with pytest.raises(DatabaseUnavailable), translated():
        raise asyncpg.InternalServerError(said)


def test_other_internal_errors_pass_through() -> None:
    with pytest.raises(asyncpg.InternalServerError), translated():
        raise asyncpg.InternalServerError("cache lookup failed for type 7")
