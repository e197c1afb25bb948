"""The errors of delivery, with their reasons."""

from services.chassis.runtime.errors import (
    Invalid,
    NotFound,
    RuleBroken,
    TooMany,
    Violation,
    WrongState,
)


class PushEndpointRefused(RuleBroken):
    """Messages may not be sent to the address."""

    reason = "PUSH_ENDPOINT_REFUSED"
    message = "A push endpoint is an https address on the public internet."


class PushKeyInvalid(Invalid):
    """The device's public key is no point of the curve."""

    def __init__(self) -> None:
        description = "is no public key on P-256"
        super().__init__(
            f"p256dh: {description}.", violations=[Violation("p256dh", "key", description)]
        )


class PushSubscriptionNotFound(NotFound):
    """The caller has no such device."""

    reason = "PUSH_SUBSCRIPTION_NOT_FOUND"
    message = "You have no such device."


class TooManyPushSubscriptions(WrongState):
    """The caller has the maximum number of devices."""

    reason = "TOO_MANY_PUSH_SUBSCRIPTIONS"
    message = "You have as many devices as one may; remove one first."


class EmailAddressInvalid(Invalid):
    """No email can be sent to the address. `rule` names the rule that it breaks."""

    def __init__(self, rule: str, description: str) -> None:
        super().__init__(
            f"address: {description}.", violations=[Violation("address", rule, description)]
        )


class EmailNotOffered(WrongState):
    """No mail server is configured."""

    reason = "EMAIL_NOT_OFFERED"
    message = "This installation sends no mail."


class EmailCodeInvalid(RuleBroken):
    """The code is not the last one that was sent, or it is used up or expired. The error does not
    say which."""

    reason = "EMAIL_CODE_INVALID"
    message = "This code is wrong or no longer valid; ask for another."


class TooManyEmailCodes(TooMany):
    """The limit of codes within an hour is reached."""

    reason = "TOO_MANY_EMAIL_CODES"
    message = "Too many codes were sent within the hour; try again later."


class UnsubscribeTokenInvalid(Invalid):
    """This installation did not issue the token."""

    reason = "UNSUBSCRIBE_TOKEN_INVALID"
    message = "This link is not valid."


class TimeZoneUnknown(RuleBroken):
    """The IANA database has no such time zone."""

    reason = "TIME_ZONE_UNKNOWN"
    message = "There is no time zone of this name; take one of the IANA database, as Europe/Berlin."
