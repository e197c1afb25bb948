"""The access policy of every RPC of the service for every kind of caller."""

from typing import Any

import pytest
from roost.search.v1 import search_admin_service_pb2 as admin_pb
from roost.search.v1 import search_service_pb2 as search_pb

from services.chassis.auth.access_policy import policy_of
from services.search.rpc.admin_servicer import SearchAdminServicer
from services.search.rpc.search_servicer import SearchServicer
from tests.servicers.access import (
    ANYONE,
    CALLERS,
    admitted,
    assert_complete,
    expected,
    services,
)
from tests.servicers.search.conftest import Scenario

OPERATOR = services("operator")

MATRIX = {
    "SearchService": {
        "SearchPosts": ANYONE,
        "SearchUsers": ANYONE,
        "SearchHashtags": ANYONE,
        "ListTrends": ANYONE,
        "Typeahead": ANYONE,
        "GetHashtag": ANYONE,
        "ListHashtagPosts": ANYONE,
        "ListHashtagEntries": services("timeline"),
    },
    "SearchAdminService": {
        "StartReindex": OPERATOR,
        "GetReindex": OPERATOR,
        "CancelReindex": OPERATOR,
        "HideHashtag": OPERATOR,
        "UnhideHashtag": OPERATOR,
        "ListHiddenHashtags": OPERATOR,
    },
}


@pytest.mark.parametrize(
    ("service", "messages", "servicer"),
    [
        ("SearchService", search_pb, SearchServicer),
        ("SearchAdminService", admin_pb, SearchAdminServicer),
    ],
)
def test_the_matrix_covers_every_method(service: str, messages: Any, servicer: Any) -> None:
    methods = [each.name for each in messages.DESCRIPTOR.services_by_name[service].methods]
    offered = {each: policy_of(getattr(servicer, each)) for each in methods}

    assert_complete(offered, MATRIX[service], __file__)  # type: ignore[arg-type]


@pytest.mark.parametrize("who", CALLERS)
async def test_only_those_are_let_in_whom_a_method_is_for(scenario: Scenario, who: str) -> None:
    search, admin = MATRIX["SearchService"], MATRIX["SearchAdminService"]

    assert await admitted(search, scenario.search(CALLERS[who]), search_pb) == expected(search, who)
    assert await admitted(admin, scenario.admin(CALLERS[who]), admin_pb) == expected(admin, who)
