"""Who may find a post: `services/post/domain/visibility.can_see`, over what the index has.

tests/unit/test_search_visibility.py compares the two over all combinations. Engines may decide by
their queries about posts without limits. Those with limits need `within`.
"""

from collections.abc import Mapping

from services.search.domain.posts.model import (
    OPEN_ACCOUNT,
    Account,
    AudienceLimit,
    IndexedPost,
    Viewer,
    Visibility,
)


def can_find(post: IndexedPost, accounts: Mapping[int, Account], viewer: Viewer) -> bool:
    """Whether searches of the viewer return the post: the viewer can see it, and does not mute its
    author unless the query names them."""
    return post.author_id not in viewer.hidden_author_ids and can_see(post, accounts, viewer)


def can_see(post: IndexedPost, accounts: Mapping[int, Account], viewer: Viewer) -> bool:
    """Whether the viewer may see the post. `accounts` may leave out open ones."""
    author = accounts.get(post.author_id, OPEN_ACCOUNT)
    if author.deleted:
        return False
    if viewer.user_id == post.author_id:
        return True
    return _addressed_to(post, author, viewer) and within(post.limits, accounts, viewer)


def within(
    limits: tuple[AudienceLimit, ...], accounts: Mapping[int, Account], viewer: Viewer
) -> bool:
    """Whether the viewer is in each audience above, up to the viewer's own nearest post."""
    for limit in reversed(limits):
        if viewer.user_id == limit.author_id:
            return True
        if not _in(limit, accounts.get(limit.author_id, OPEN_ACCOUNT), viewer):
            return False
    return True


def _addressed_to(post: IndexedPost, author: Account, viewer: Viewer) -> bool:
    """Whether the post without its limits is for the viewer, who is not its author."""
    if viewer.user_id == 0:
        return post.visibility is Visibility.PUBLIC and not author.protected
    if post.author_id in viewer.blocked:
        return False
    following = post.author_id in viewer.following
    if author.protected and not following:
        return False
    if post.visibility is Visibility.PUBLIC or viewer.user_id in post.addressed:
        return True
    return post.visibility is Visibility.FOLLOWERS and following


def _in(limit: AudienceLimit, author: Account, viewer: Viewer) -> bool:
    following = limit.author_id in viewer.following and not author.deleted
    protected = limit.was_protected if author.deleted else author.protected
    if protected and not following:
        return False
    if limit.visibility is Visibility.PUBLIC or viewer.user_id in limit.addressed:
        return True
    return limit.visibility is Visibility.FOLLOWERS and following
