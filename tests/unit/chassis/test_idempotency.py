"""Which requests are the same, and how responses with secrets are kept."""

import pytest
from roost.post.v1 import post_service_pb2 as posts

from services.chassis.storage.idempotency import RequestIdReused, RequestKey, Seal

BOUND = b"5:alice:key-1"


def key(request: posts.CreatePostRequest, caller_id: str = "1") -> RequestKey:
    made = RequestKey.of(request, caller_id=caller_id, method="CreatePost")
    assert made is not None
    return made


def seal(caller_secret: bytes = b"hunter2", service_secret: bytes = b"s" * 32) -> Seal:
    return Seal(caller_secret=caller_secret, service_secret=service_secret)


def test_request_without_an_id_has_no_key() -> None:
    assert RequestKey.of(posts.CreatePostRequest(), caller_id="1", method="CreatePost") is None


def test_fingerprint_is_of_everything_but_the_id() -> None:
    first = key(posts.CreatePostRequest(text="hello", request_id="a"))
    renamed = key(posts.CreatePostRequest(text="hello", request_id="b"))
    changed = key(posts.CreatePostRequest(text="bye", request_id="a"))

    assert first.fingerprint == renamed.fingerprint
    assert first.fingerprint != changed.fingerprint


def test_fingerprint_tells_methods_apart() -> None:
    request = posts.CreatePostRequest(text="hello", request_id="a")

    other = RequestKey.of(request, caller_id="1", method="UpdatePost")

    assert other is not None
    assert key(request).fingerprint != other.fingerprint


def test_names_of_requests_are_never_mistaken_for_each_other() -> None:
    assert RequestKey("1:2", "3", b"").name != RequestKey("1", "2:3", b"").name


def test_sealed_response_opens_with_the_same_secret_alone() -> None:
    sealed = seal().close(b"token", bound_to=BOUND)

    assert b"token" not in sealed
    assert seal().open(sealed, bound_to=BOUND) == b"token"
    for wrong in (seal(caller_secret=b"hunter3"), seal(service_secret=b"t" * 32)):
        with pytest.raises(RequestIdReused):
            wrong.open(sealed, bound_to=BOUND)
    with pytest.raises(RequestIdReused):
        seal().open(sealed, bound_to=b"5:bobby:key-1")


def test_fingerprint_under_a_seal_needs_the_secret_of_the_service() -> None:
    content = b"CreateSession\0password"

    mine = seal().fingerprint(content)

    assert mine == seal().fingerprint(content)
    assert mine != seal(service_secret=b"t" * 32).fingerprint(content)
