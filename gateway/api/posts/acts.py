"""Deleting a post, as an act."""

from roost.post.v1.post_service_pb2 import DeletePostRequest

from gateway.api.posts.types import POST
from gateway.protocols.acts import Act

DELETE_POST = Act(
    name="delete_post",
    method="DELETE",
    path="/posts/{post_id}",
    summary="Delete a post of the caller.",
    details="A tombstone keeps its place in conversations; replies stay. Repeating it changes "
    "nothing. From then on the post is not found, but its thread and its replies are, with the "
    "tombstone.",
    reasons=("POST_NOT_FOUND", "NOT_AUTHOR"),
    service="posts",
    request=DeletePostRequest,
    target=POST,
)
