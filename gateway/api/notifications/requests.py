"""What requests about notifications take."""

from typing import Annotated, cast, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.api.notifications.queries import MAX_NOTIFICATIONS
from gateway.core.field_rules import NO_NUL, pattern
from gateway.protocols.rest.context import DEFAULT_LIMIT, Cursor
from gateway.views.notification_shapes import KindPreference, QuietHours
from gateway.views.shapes import NotificationKind

_KIND = "|".join(get_args(NotificationKind))


class NotificationsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which notifications, and where the list goes on."""

    kinds: Annotated[
        str,
        Meta(
            pattern=pattern(
                f"^(({_KIND})(,({_KIND})){{0,8}})?$",
                "must be kinds of notifications, separated by commas",
            ),
            description="Only these kinds, separated by commas; empty for all.",
            examples=["mention,reply"],
        ),
    ] = ""
    limit: Annotated[
        int, Meta(ge=1, le=MAX_NOTIFICATIONS, description="How many items the page has at most.")
    ] = DEFAULT_LIMIT
    cursor: Cursor = ""

    @property
    def kind_names(self) -> list[NotificationKind]:
        """The kinds asked for; none for all."""
        return [cast(NotificationKind, each) for each in self.kinds.split(",") if each]


class KindsChange(Struct, frozen=True, forbid_unknown_fields=True):
    """How the caller is notified of some kinds; those left out stay."""

    follow: KindPreference | UnsetType = UNSET
    follow_request: KindPreference | UnsetType = UNSET
    follow_accepted: KindPreference | UnsetType = UNSET
    mention: KindPreference | UnsetType = UNSET
    reply: KindPreference | UnsetType = UNSET
    like: KindPreference | UnsetType = UNSET
    repost: KindPreference | UnsetType = UNSET
    quote: KindPreference | UnsetType = UNSET
    post: KindPreference | UnsetType = UNSET


class PreferencesChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What changes of the caller's preferences; what is left out stays."""

    kinds: KindsChange | UnsetType = UNSET
    email_digest: bool | UnsetType = UNSET
    time_zone: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                pattern=NO_NUL,
                description="A name of the IANA database.",
                examples=["Europe/Berlin"],
            ),
        ]
        | UnsetType
    ) = UNSET
    quiet_hours: QuietHours | UnsetType | None = UNSET
