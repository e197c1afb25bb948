"""What happens to users, sessions and relationships, for other services to consume.

`rpc.events` converts these to messages of the contract.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.chassis.events.records import OutboxMessage
from services.user.domain.model import RelationshipKind, User


@dataclass(frozen=True, slots=True)
class UserRegistered:
    """A user registered an account."""

    user: User


@dataclass(frozen=True, slots=True)
class UserUpdated:
    """The owner changed these fields of the profile."""

    user: User
    changed_fields: list[str]


@dataclass(frozen=True, slots=True)
class UserDeleted:
    """A user deleted the account."""

    user_id: int
    delete_time: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A device signed in with the password. `new_network`: the account has not proved its password
    from that network before."""

    user_id: int
    session_id: int
    new_network: bool
    sign_in_time: datetime


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """The password was changed in a session."""

    user_id: int
    session_id: int
    change_time: datetime


@dataclass(frozen=True, slots=True)
class SignInsFailed:
    """So many wrong passwords were tried for an account."""

    user_id: int
    failures: int
    last_time: datetime


@dataclass(frozen=True, slots=True)
class SessionRevoked:
    """A session ended before its time. Its last access token expires at `access_expire_time`."""

    user_id: int
    session_id: int
    access_expire_time: datetime


@dataclass(frozen=True, slots=True)
class FollowCreated:
    """A follow began. `by_request`: it was a follow request before; `by_opening`: the request was
    accepted because the account is no longer protected."""

    follower_id: int
    followee_id: int
    by_request: bool = False
    by_opening: bool = False


@dataclass(frozen=True, slots=True)
class RelationshipAdded:
    """A follow request, a block or a mute was created."""

    kind: RelationshipKind
    source_id: int
    target_id: int


@dataclass(frozen=True, slots=True)
class RelationshipRemoved:
    """A follow, a follow request, a block or a mute ended."""

    kind: RelationshipKind
    source_id: int
    target_id: int


DomainEvent: TypeAlias = (
    UserRegistered
    | UserUpdated
    | UserDeleted
    | SignedIn
    | PasswordChanged
    | SignInsFailed
    | SessionRevoked
    | FollowCreated
    | RelationshipAdded
    | RelationshipRemoved
)

# Converts a domain event to the message that is published.
Describe: TypeAlias = Callable[[DomainEvent], OutboxMessage]
