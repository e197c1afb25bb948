"""Who may see which post: the one place where that is decided, for every RPC.

| author is | the post is | who may see it, besides the author |
|---|---|---|
| open | public | everyone |
| open | followers | followers, and the people addressed |
| open | mentioned | the people addressed |
| protected | public or followers | followers |
| protected | mentioned | followers who are addressed |

Addressed are those whom the text mentions and the author of the post that it answers. A block
either way hides everything; muting hides nothing here, readers' homes leave it out. Deleted posts,
and posts of deleted people, are seen by nobody, their authors included.
"""

from collections.abc import Collection
from typing import NamedTuple

from services.post.errors import AccountProtected, UserNotFound
from services.post.model import Person, Post, Visibility


class Audience(NamedTuple):
    """What decides who may see a post."""

    author_id: int
    visibility: int
    addressed: Collection[int]
    deleted: bool = False


def audience_of(post: Post) -> Audience:
    """The audience of a post."""
    return Audience(
        author_id=post.author_id,
        visibility=post.visibility,
        addressed={*post.mentioned_ids, post.reply_to_author_id},
        deleted=post.deleted,
    )


def can_see(audience: Audience, author: Person | None, viewer_id: int) -> bool:
    """Whether the viewer may see the post; a viewer_id of 0 is a stranger.

    `author` is what the User service tells this viewer about the author: None where the account
    does not exist any more.
    """
    if audience.deleted or author is None:
        return False
    if viewer_id == audience.author_id:
        return True
    if viewer_id == 0:
        return audience.visibility == Visibility.PUBLIC and not author.protected
    relationship = author.viewer_relationship
    if relationship.blocking or relationship.blocked_by:
        return False
    if author.protected and not relationship.following:
        return False
    if audience.visibility == Visibility.PUBLIC:
        return True
    if viewer_id in audience.addressed:
        return True
    return audience.visibility == Visibility.FOLLOWERS and relationship.following


def can_see_person(person: Person | None, viewer_id: int) -> bool:
    """Whether a person may be shown among others: exists, and no block either way."""
    if person is None:
        return False
    if viewer_id in {0, person.id}:
        return True
    relationship = person.viewer_relationship
    return not (relationship.blocking or relationship.blocked_by)


def can_see_response(person: Person | None, viewer_id: int, author_id: int) -> bool:
    """Whether somebody may be named as one who likes or reposted a post of the author.

    Of a protected person it is for followers, as the list of what the person likes is, and for the
    author, who is notified.
    """
    if person is None or not can_see_person(person, viewer_id):
        return False
    if not person.protected or (viewer_id and viewer_id in {person.id, author_id}):
        return True
    return bool(viewer_id) and person.viewer_relationship.following


def require_profile(person: Person | None, viewer_id: int) -> Person:
    """The person, if the viewer may read what they posted and liked. The viewer's own block leaves
    nothing to read there, but does not hide that the person exists.

    Raises UserNotFound, AccountProtected.
    """
    if person is None:
        raise UserNotFound
    if viewer_id == person.id:
        return person
    relationship = person.viewer_relationship
    if viewer_id and relationship.blocked_by:
        raise UserNotFound
    if person.protected and not (viewer_id and relationship.following):
        raise AccountProtected
    return person


def is_open(post: Post, author: Person) -> bool:
    """Whether the post is for everyone, so that others may carry it further, and so that it is
    counted where it answers and quotes."""
    return post.visibility is Visibility.PUBLIC and not author.protected
