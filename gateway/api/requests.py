"""What routes take: query parameters and bodies. Unknown members are refused."""

from typing import Annotated, Literal, cast, get_args

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec import field as named

from gateway.api.notifications.queries import MAX_NOTIFICATIONS
from gateway.core.field_rules import pattern, text
from gateway.core.ids import ID_PATTERN, Id
from gateway.views.notification_shapes import KindPreference, QuietHours
from gateway.views.shapes import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    NotificationKind,
    Visibility,
)
from services.chassis.text.kinds import (
    BIO,
    DEVICE_NAME,
    DISPLAY_NAME,
    LOCATION,
    POST,
    WEBSITE,
    TextKind,
)

_KIND = "|".join(get_args(NotificationKind))

# What PostgreSQL cannot store. Texts that people read are left to their services, whose rules
# (docs/text.md) refuse it too.
NO_NUL = pattern("^[^\\u0000]*$", "must not contain U+0000")
# What HTML takes for an address in a form; protovalidate has the same.
EMAIL_PATTERN = pattern(
    r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
    "must be a mail address, such as alice@mail.example",
)

Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="How many items the page has at most.")]
Cursor = Annotated[
    str,
    Meta(max_length=512, description="The `next_cursor` of the page before; empty for the first."),
]
IdList = Annotated[
    str,
    Meta(
        pattern=pattern(
            r"^{0}(,{0}){{0,99}}$".format(ID_PATTERN.strip("^$")),
            "must be 1 to 100 decimal ids, separated by commas",
        ),
        description="Up to 100 ids, separated by commas.",
        examples=["187649984473770,187649984473771"],
    ),
]
Handle = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=15,
        pattern=pattern(r"^[A-Za-z0-9_]+$", "must be letters, digits and underscores"),
        description="1 to 15 of letters, digits and underscore; upper and lower case are the same.",
        examples=["alice"],
    ),
]
# Left to the service, which has reasons of its own (HANDLE_INVALID, HANDLE_RESERVED).
NewHandle = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=NO_NUL,
        description="1 to 15 of letters, digits and underscore; upper and lower case are the same.",
        examples=["alice"],
    ),
]
NewPassword = Annotated[
    str, Meta(min_length=8, max_length=256, pattern=NO_NUL, examples=["correct horse battery"])
]
Password = Annotated[
    str, Meta(min_length=1, max_length=256, pattern=NO_NUL, examples=["correct horse battery"])
]


def text_meta(kind: TextKind, meaning: str) -> Meta:
    """A text of this kind. Only its code points are counted here: its service counts characters
    and refuses what breaks another rule, by name."""
    return text(most=kind.max_code_points, rule=kind.rule, description=f"{meaning} {kind.limits}.")


DeviceName = Annotated[str, text_meta(DEVICE_NAME, "What the device calls itself.")]
DisplayName = Annotated[str, text_meta(DISPLAY_NAME, "The name as shown; empty for the handle.")]
# However long it is, its service refuses it with a reason of its own (TEXT_TOO_LONG).
Text = Annotated[
    str,
    Meta(
        min_length=1,
        description=f"What the post says. {POST.limits}.",
        examples=["Good morning @bob!"],
    ),
]


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a list goes on, and how much of it to show."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


class HomeQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How the home timeline is ordered, and where it goes on."""

    order: Annotated[
        Literal["latest", "relevant"],
        Meta(description="Newest first, or the newest by recency, engagement and closeness."),
    ] = "latest"
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


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


class UserPostsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of a person's posts, and where the list goes on."""

    include_replies: Annotated[
        bool, Meta(description="Whether answers to other people are among them.")
    ] = False
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


class HandleQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to look for."""

    handle: Handle


class IdsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which things to read at once."""

    ids: IdList


class NewUser(Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants to join."""

    handle: NewHandle
    password: NewPassword
    display_name: DisplayName = ""
    device_name: DeviceName = ""


class NewSession(Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants in."""

    handle: Annotated[str, Meta(min_length=1, max_length=15, pattern=NO_NUL, examples=["alice"])]
    password: Password
    device_name: DeviceName = ""


class RefreshToken(Struct, frozen=True, forbid_unknown_fields=True):
    """The newest refresh token of the device."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=256, pattern=NO_NUL)]


class ProfileChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What changes on the caller's profile; what is left out stays."""

    display_name: DisplayName | UnsetType = UNSET
    bio: Annotated[str, text_meta(BIO, "A few words about oneself.")] | UnsetType = UNSET
    location: Annotated[str, text_meta(LOCATION, "Where one says to be.")] | UnsetType = UNSET
    website: (
        Annotated[str, text_meta(WEBSITE, "What would be a link in a post; empty for none.")]
        | UnsetType
    ) = UNSET
    avatar_media_id: Annotated[Id | None, Meta(description="null for none.")] | UnsetType = UNSET
    protected: bool | UnsetType = UNSET


class PasswordChange(Struct, frozen=True, forbid_unknown_fields=True):
    """Old and new password."""

    old_password: Password
    new_password: NewPassword


class Consent(Struct, frozen=True, forbid_unknown_fields=True):
    """The caller's password, so that nobody else deletes the account."""

    password: Password


class NewPost(Struct, frozen=True, forbid_unknown_fields=True):
    """What to write."""

    text: Text
    visibility: Annotated[
        Visibility,
        Meta(description="Everyone; followers and people mentioned; or people mentioned."),
    ] = "public"
    reply_to_post_id: Annotated[Id | None, Meta(description="The post to answer.")] = None
    quoted_post_id: Annotated[Id | None, Meta(description="The post to quote.")] = None
    media_ids: Annotated[
        tuple[Id, ...], Meta(max_length=4, description="The caller's own media, ready for use.")
    ] = ()


class PostChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The new text of a post; the old one is kept as a revision."""

    text: Text


class MarkerChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The newest item that was read."""

    last_read_id: Id


class PushKeys(Struct, frozen=True, forbid_unknown_fields=True):
    """What a message is encrypted with (RFC 8291)."""

    p256dh: Annotated[
        str,
        Meta(
            pattern=pattern(
                "^[A-Za-z0-9_-]{87}$", "must be 87 characters of base64url, without padding"
            ),
            description="The device's public key, base64url without padding.",
            examples=[
                "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
            ],
        ),
    ]
    auth: Annotated[
        str,
        Meta(
            pattern=pattern(
                "^[A-Za-z0-9_-]{22}$", "must be 22 characters of base64url, without padding"
            ),
            description="The device's secret, base64url without padding.",
            examples=["BTBZMqHH6r4Tts7J_aSIgg"],
        ),
    ]


class NewPushSubscription(Struct, frozen=True, forbid_unknown_fields=True):
    """A device, as its browser describes it."""

    endpoint: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=1024,
            pattern=NO_NUL,
            description="https, at a public address.",
            examples=["https://push.example/v2/AbC"],
        ),
    ]
    keys: PushKeys
    expiration_time: Annotated[
        float | None,
        Meta(description="As browsers have it; not heeded: renew the subscription instead."),
    ] = named(default=None, name="expirationTime")


class NewEmail(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the digest is to go."""

    address: Annotated[
        str,
        Meta(
            min_length=3,
            max_length=254,
            pattern=EMAIL_PATTERN,
            examples=["alice@mail.example"],
        ),
    ]


class EmailCode(Struct, frozen=True, forbid_unknown_fields=True):
    """The code that came by mail."""

    code: Annotated[
        str, Meta(pattern=pattern("^[0-9]{6}$", "must be six digits"), examples=["012345"])
    ]


class KindsChange(Struct, frozen=True, forbid_unknown_fields=True):
    """How the caller wishes to hear of some kinds; those left out stay."""

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


class UnsubscribeQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose digest ends."""

    token: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            pattern=pattern("^[A-Za-z0-9_-]+$", "must be letters, digits, _ and -"),
            description="From the link in the digest.",
        ),
    ]
