"""The contracts and the edge have the limits of the one table."""

import re
from pathlib import Path

import pytest
from buf.validate import validate_pb2
from google.protobuf.message import Message
from roost.media.v1.media_service_pb2 import StartUploadRequest
from roost.post.v1.post_service_pb2 import CreatePostRequest, UpdatePostRequest
from roost.search.v1.search_service_pb2 import (
    SearchHashtagsRequest,
    SearchPostsRequest,
    SearchUsersRequest,
    TypeaheadRequest,
)
from roost.user.v1.auth_service_pb2 import AuthenticateRequest, RegisterRequest

from services.chassis.text.kinds import (
    ALT_TEXT,
    BIO,
    DEVICE_NAME,
    DISPLAY_NAME,
    LOCATION,
    POST,
    POST_QUERY,
    SEARCH_QUERY,
    TYPEAHEAD_QUERY,
    WEBSITE,
    TextKind,
)

PROTOS = Path(__file__).parents[4] / "protos"

FIELDS = [
    (CreatePostRequest, "text", POST),
    (UpdatePostRequest, "text", POST),
    (RegisterRequest, "display_name", DISPLAY_NAME),
    (RegisterRequest, "device_name", DEVICE_NAME),
    (AuthenticateRequest, "device_name", DEVICE_NAME),
    (StartUploadRequest, "alt_text", ALT_TEXT),
    (SearchPostsRequest, "query", POST_QUERY),
    (SearchUsersRequest, "query", SEARCH_QUERY),
    (SearchHashtagsRequest, "query", SEARCH_QUERY),
    (TypeaheadRequest, "query", TYPEAHEAD_QUERY),
]
DOCUMENTED = [
    ("post/v1/post_service.proto", "text", POST),
    ("user/v1/user.proto", "display_name", DISPLAY_NAME),
    ("user/v1/user.proto", "bio", BIO),
    ("user/v1/user.proto", "location", LOCATION),
    ("user/v1/user.proto", "website", WEBSITE),
    ("user/v1/user.proto", "device_name", DEVICE_NAME),
    ("user/v1/auth_service.proto", "display_name", DISPLAY_NAME),
    ("user/v1/auth_service.proto", "device_name", DEVICE_NAME),
    ("media/v1/media.proto", "alt_text", ALT_TEXT),
    ("media/v1/media_service.proto", "alt_text", ALT_TEXT),
    ("search/v1/search_service.proto", "query", POST_QUERY),
    ("search/v1/search_service.proto", "query", SEARCH_QUERY),
    ("search/v1/search_service.proto", "query", TYPEAHEAD_QUERY),
]


@pytest.mark.parametrize(("request_kind", "field", "kind"), FIELDS)
def test_no_text_that_its_rule_takes_exceeds_the_bound_of_the_contract(
    request_kind: type[Message], field: str, kind: TextKind
) -> None:
    options = request_kind.DESCRIPTOR.fields_by_name[field].GetOptions()
    bounds = options.Extensions[validate_pb2.field].string

    # A post that is too long is refused with a reason of its own, however long it is.
    assert bounds.max_bytes == (0 if kind is POST else kind.max_bytes)
    assert not bounds.HasField("max_len")
    # The text of a post may be empty beside media, which is no rule of the field alone.
    assert bounds.min_len == (1 if kind.required and kind is not POST else 0)


@pytest.mark.parametrize(("proto", "field", "kind"), DOCUMENTED)
def test_the_comments_of_the_contract_publish_the_limits(
    proto: str, field: str, kind: TextKind
) -> None:
    source = (PROTOS / "roost" / proto).read_text(encoding="utf-8")
    found = re.findall(rf"((?: *//.*\n)+) *string {field} = ", source)
    comments = [" ".join(each.replace("//", " ").split()) for each in found]
    comment = next(each for each in comments if f"{kind.max_characters:,} characters" in each)

    assert f"{kind.max_code_points:,} code points" in comment
    if kind is not WEBSITE:
        assert ("single line" in comment) != kind.paragraphs
