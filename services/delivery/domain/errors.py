"""Everything that delivery refuses, by its name and reason."""

from services.chassis.runtime.errors import (
    Invalid,
    NotFound,
    RuleBroken,
    TooMany,
    Violation,
    WrongState,
)


class PushEndpointRefused(RuleBroken):
    """The address is not one that messages may be sent to."""

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
    """The caller has as many devices as one may."""

    reason = "TOO_MANY_PUSH_SUBSCRIPTIONS"
    message = "You have as many devices as one may; remove one first."


class EmailAddressInvalid(Invalid):
    """No letter can carry the address. `rule` names what it breaks."""

    def __init__(self, rule: str, description: str) -> None:
        super().__init__(
            f"address: {description}.", violations=[Violation("address", rule, description)]
        )


class EmailNotOffered(WrongState):
    """No mail server is configured."""

    reason = "EMAIL_NOT_OFFERED"
    message = "This installation sends no mail."


class EmailCodeInvalid(RuleBroken):
    """Not the code that was mailed last, or it is used up or too old; nobody is told which."""

    reason = "EMAIL_CODE_INVALID"
    message = "This code is wrong or no longer valid; ask for another."


class TooManyEmailCodes(TooMany):
    """As many codes were sent within the hour as may be."""

    reason = "TOO_MANY_EMAIL_CODES"
    message = "Too many codes were sent within the hour; try again later."


class UnsubscribeTokenInvalid(Invalid):
    """The token is not one that this installation mailed."""

    reason = "UNSUBSCRIBE_TOKEN_INVALID"
    message = "This link is not valid."
