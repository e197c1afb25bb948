"""Who may see what of which user. The User service decides it here alone."""

from services.user.domain.errors import AccountProtected, UserNotFound
from services.user.domain.model import Relationship, User


def check_profile(relationship: Relationship) -> None:
    """Raises UserNotFound if the other user blocks the viewer. Strangers have no relationship."""
    if Relationship.BLOCKED_BY in relationship:
        raise UserNotFound


def check_actionable(relationship: Relationship, *, changed: bool) -> None:
    """Raises UserNotFound if an act changed nothing and the other user blocks the viewer.

    So nobody learns by trying who blocks them. What a caller did before, the caller may undo.
    """
    if not changed:
        check_profile(relationship)


def check_lists(viewer_id: int | None, user: User, relationship: Relationship) -> None:
    """Raises UserNotFound or AccountProtected if the viewer may not see whom the user follows and
    who follows the user."""
    check_profile(relationship)
    if user.protected and viewer_id != user.id and Relationship.FOLLOWING not in relationship:
        raise AccountProtected


def hidden_counts(
    viewer_id: int | None, user_id: int, protected: bool, relationship: Relationship
) -> list[str]:
    """The counts of a profile that the viewer may not see: those of lists that are refused to the
    viewer, or empty. A count never shows more than its list."""
    if viewer_id == user_id:
        return []
    if protected and Relationship.FOLLOWING not in relationship:
        return ["followers_count", "following_count", "posts_count"]
    return ["posts_count"] if Relationship.BLOCKING in relationship else []


def listed(relationship: Relationship) -> bool:
    """Whether a user is shown to the viewer in another user's list."""
    return not relationship & (Relationship.BLOCKING | Relationship.BLOCKED_BY)
