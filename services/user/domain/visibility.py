"""Who may see what of whom: the one place where the User service decides it."""

from services.user.domain.errors import AccountProtected, UserNotFound
from services.user.domain.model import Relationship, User


def check_profile(relationship: Relationship) -> None:
    """Raises UserNotFound if the viewer may not know of the person. Strangers have no ties."""
    if Relationship.BLOCKED_BY in relationship:
        raise UserNotFound


def check_actionable(relationship: Relationship, *, changed: bool) -> None:
    """Raises UserNotFound if an act changed nothing, and the viewer may not know of the person.

    So nobody learns by trying who blocks them; what they did themselves before, they take back.
    """
    if not changed:
        check_profile(relationship)


def check_lists(viewer_id: int | None, person: User, relationship: Relationship) -> None:
    """Raises UserNotFound or AccountProtected if the viewer may not see whom the person follows
    and who follows them."""
    check_profile(relationship)
    if person.protected and viewer_id != person.id and Relationship.FOLLOWING not in relationship:
        raise AccountProtected


def hidden_counts(
    viewer_id: int | None, person_id: int, protected: bool, relationship: Relationship
) -> list[str]:
    """The counts of a profile that the viewer may not see: those of lists that are refused to the
    viewer, or empty. A count never says more than its list."""
    if viewer_id == person_id:
        return []
    if protected and Relationship.FOLLOWING not in relationship:
        return ["followers_count", "following_count", "posts_count"]
    return ["posts_count"] if Relationship.BLOCKING in relationship else []


def listed(relationship: Relationship) -> bool:
    """Whether somebody is shown to the viewer in another person's list."""
    return not relationship & (Relationship.BLOCKING | Relationship.BLOCKED_BY)
