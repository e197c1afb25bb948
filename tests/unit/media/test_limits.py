"""What is accepted: the declared type picks the limits, and the parts of an upload fit S3."""

from typing import Any

import pytest
from buf.validate import validate_pb2
from hypothesis import given
from hypothesis import strategies as st
from roost.media.v1.media_service_pb2 import StartUploadRequest

from gateway.api.media.requests import MAX_UPLOAD_BYTES
from services.media.domain.limits import LIMITS, PART_BYTES, kind_of
from services.media.domain.processing import Kind
from services.media.domain.uploads import draft
from tests.builders.media import a_medium, an_upload

# What S3 demands: of every part but the last, and of the number of parts.
MIN_PART_BYTES = 5 << 20
MAX_PARTS_OF_A_REQUEST = 100


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/jpeg", Kind.PICTURE),
        ("image/heic", Kind.PICTURE),
        ("image/gif", Kind.PICTURE),
        ("video/quicktime", Kind.VIDEO),
        ("audio/mpeg", Kind.AUDIO),
        ("image/svg+xml", None),
        ("application/octet-stream", None),
    ],
)
def test_kind_of_a_declared_type(content_type: str, kind: Kind | None) -> None:
    assert kind_of(content_type) is kind


def test_every_published_type_is_accepted_with_its_limit() -> None:
    for limits in LIMITS.values():
        for content_type in limits.content_types:
            found = draft(content_type, limits.max_bytes, "")
            assert found.kind is kind_of(content_type)


def test_animation_has_the_limit_of_the_picture_that_it_is_declared_as() -> None:
    animation, picture = LIMITS[Kind.ANIMATION], LIMITS[Kind.PICTURE]

    assert set(animation.content_types) <= set(picture.content_types)
    assert animation.max_bytes == picture.max_bytes


@given(size_bytes=st.integers(1, 100 << 20))
def test_parts_have_the_size_of_the_upload_and_fit_the_store(size_bytes: int) -> None:
    sizes = an_upload(a_medium(1, 2, size_bytes=size_bytes)).part_sizes

    assert sum(sizes) == size_bytes
    assert all(size == PART_BYTES >= MIN_PART_BYTES for size in sizes[:-1])
    assert 0 < sizes[-1] <= PART_BYTES
    assert len(sizes) <= MAX_PARTS_OF_A_REQUEST


def test_the_largest_file_is_the_same_in_contract_service_and_edge() -> None:
    size = StartUploadRequest.DESCRIPTOR.fields_by_name["size_bytes"]
    options: Any = size.GetOptions()
    rules = options.Extensions[validate_pb2.field]

    largest = max(each.max_bytes for each in LIMITS.values())

    assert (rules.int64.lte, MAX_UPLOAD_BYTES) == (largest, largest)
