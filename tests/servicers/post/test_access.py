"""The access policy of every RPC of the service for every kind of caller."""

from typing import Any

import pytest
from roost.post.v1 import (
    engagement_service_pb2,
    invalidation_service_pb2,
    post_service_pb2,
    profile_cache_service_pb2,
)

from services.chassis.auth.access_policy import policy_of
from services.chassis.rpc.invalidation import InvalidationServicer
from services.post.rpc.engagement_servicer import EngagementServicer
from services.post.rpc.post_servicer import PostServicer
from services.post.rpc.profile_cache_servicer import ProfileCacheServicer
from tests.servicers.access import (
    ANYONE,
    CALLERS,
    USER,
    admitted,
    assert_complete,
    expected,
    services,
)
from tests.servicers.post.conftest import Scenario

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
        "ListPostIdsByAuthors": services("timeline"),
        "BatchCountPosts": services("user"),
        "FilterVisible": services("media", "notification"),
        "BatchGetPostMedia": services("media"),
        "ScanPosts": services("search"),
        "BatchGetPostCounts": services("search"),
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
        "ListBookmarkIds": services("search"),
    },
    "ProfileCacheService": {"InvalidateProfiles": services("user")},
    "InvalidationService": {"Watch": services("gateway")},
}


@pytest.mark.parametrize(
    ("module", "servicer"),
    [
        (post_service_pb2, PostServicer),
        (engagement_service_pb2, EngagementServicer),
        (profile_cache_service_pb2, ProfileCacheServicer),
        (invalidation_service_pb2, InvalidationServicer),
    ],
)
def test_every_rpc_of_the_contract_is_in_the_matrix(module: Any, servicer: type) -> None:
    (service,) = module.DESCRIPTOR.services_by_name.values()

    offered = {name: policy_of(getattr(servicer, name)) for name in service.methods_by_name}
    assert_complete(offered, MATRIX[service.name], __file__)


@pytest.mark.parametrize("who", CALLERS)
async def test_each_method_admits_only_its_callers(scenario: Scenario, who: str) -> None:
    parts = {
        "PostService": (scenario.posts, post_service_pb2),
        "EngagementService": (scenario.engagement, engagement_service_pb2),
        "ProfileCacheService": (scenario.profiles, profile_cache_service_pb2),
    }
    for service, (stub_for, messages) in parts.items():
        methods = MATRIX[service]

        found = await admitted(
            methods,
            stub_for(CALLERS[who]),
            messages,
        )

        assert found == expected(methods, who)
