"""Who may call what: every RPC of the service and every kind of caller."""

from typing import Any

import pytest
from roost.post.v1 import engagement_service_pb2, people_service_pb2, post_service_pb2

from services.chassis.access import Policy, policy_of
from services.chassis.caller import ANONYMOUS, Caller, ServiceCaller, UserCaller
from services.chassis.errors import RoostError
from services.post.engagement_servicer import EngagementServicer
from services.post.people_servicer import PeopleServicer
from services.post.post_servicer import PostServicer
from tests.servicers.post.conftest import Scene

ANYONE, USER, SERVICE = Policy.ANYONE, Policy.USER, Policy.SERVICE

MATRIX = {
    "PostService": {
        "CreatePost": USER,
        "GetPost": ANYONE,
        "BatchGetPosts": ANYONE,
        "UpdatePost": USER,
        "ListPostRevisions": ANYONE,
        "DeletePost": USER,
        "ListUserPosts": ANYONE,
        "GetThread": ANYONE,
        "ListReplies": ANYONE,
        "ListQuotes": ANYONE,
        "ListPostIdsByAuthors": SERVICE,
        "BatchCountPosts": SERVICE,
        "FilterVisible": SERVICE,
    },
    "EngagementService": {
        "Like": USER,
        "Unlike": USER,
        "Repost": USER,
        "UndoRepost": USER,
        "Bookmark": USER,
        "RemoveBookmark": USER,
        "ListLikers": ANYONE,
        "ListReposters": ANYONE,
        "ListLikedPosts": ANYONE,
        "ListBookmarks": USER,
        "BatchGetEngagement": ANYONE,
    },
    "PeopleService": {"ForgetPeople": SERVICE},
}
TURNED_AWAY = {"TOKEN_MISSING", "CALLER_NOT_ALLOWED"}
CALLERS: dict[str, Caller] = {
    "stranger": ANONYMOUS,
    "person": UserCaller(user_id=77, session_id=1),
    "service": ServiceCaller("timeline"),
}
LET_IN = {
    ANYONE: {"stranger", "person", "service"},
    USER: {"person"},
    SERVICE: {"service"},
}


@pytest.mark.parametrize(
    ("module", "servicer"),
    [
        (post_service_pb2, PostServicer),
        (engagement_service_pb2, EngagementServicer),
        (people_service_pb2, PeopleServicer),
    ],
)
def test_every_rpc_of_the_contract_is_in_the_matrix(module: Any, servicer: type) -> None:
    (service,) = module.DESCRIPTOR.services_by_name.values()

    assert {name: policy_of(getattr(servicer, name)) for name in service.methods_by_name} == (
        MATRIX[service.name]
    )


@pytest.mark.parametrize("who", list(CALLERS))
async def test_only_those_are_let_in_whom_a_method_is_for(scene: Scene, who: str) -> None:
    modules = {
        "PostService": (post_service_pb2, scene.posts),
        "EngagementService": (engagement_service_pb2, scene.engagement),
        "PeopleService": (people_service_pb2, scene.people),
    }
    for service, methods in MATRIX.items():
        module, stub_for = modules[service]
        for method, policy in methods.items():
            reason = ""
            try:
                await getattr(stub_for(CALLERS[who]), method)(getattr(module, f"{method}Request")())
            except RoostError as error:
                reason = error.reason
            assert (reason not in TURNED_AWAY) == (who in LET_IN[policy]), method
