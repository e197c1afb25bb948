"""Who may see what of whom: the one place where the User service decides it."""

from services.user.domain.errors import AccountProtected, UserNotFound
from services.user.domain.model import Ties, User


def check_profile(ties: Ties) -> None:
    """Raises UserNotFound if the viewer may not know of the person. Strangers have no ties."""
    if Ties.BLOCKED_BY in ties:
        raise UserNotFound


def check_actionable(ties: Ties, *, changed: bool) -> None:
    """Raises UserNotFound if an act changed nothing, and the viewer may not know of the person.

    So nobody learns by trying who blocks them; what they did themselves before, they take back.
    """
    if not changed:
        check_profile(ties)


def check_lists(viewer_id: int | None, person: User, ties: Ties) -> None:
    """Raises UserNotFound or AccountProtected if the viewer may not see whom the person follows
    and who follows them."""
    check_profile(ties)
    if person.protected and viewer_id != person.id and Ties.FOLLOWING not in ties:
        raise AccountProtected


def hidden_counts(viewer_id: int | None, person_id: int, protected: bool, ties: Ties) -> list[str]:
    """The counts of a profile that the viewer may not see: those of lists that are refused to the
    viewer, or empty. A count never says more than its list."""
    if viewer_id == person_id:
        return []
    if protected and Ties.FOLLOWING not in ties:
        return ["followers_count", "following_count", "posts_count"]
    return ["posts_count"] if Ties.BLOCKING in ties else []


def listed(ties: Ties) -> bool:
    """Whether somebody is shown to the viewer in another person's list."""
    return not ties & (Ties.BLOCKING | Ties.BLOCKED_BY)
