"""What requests about devices and the digest take."""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec import field as named

from gateway.core.field_rules import NO_NUL, pattern

# What HTML takes for an address in a form; protovalidate has the same.
EMAIL_PATTERN = pattern(
    r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
    "must be a mail address, such as alice@mail.example",
)


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


class UnsubscribeQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The token that names the digest to end."""

    token: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            pattern=pattern("^[A-Za-z0-9_-]+$", "must be letters, digits, _ and -"),
            description="From the link in the digest.",
        ),
    ]
