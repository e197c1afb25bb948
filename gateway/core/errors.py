"""Errors that the gateway itself raises, before it calls a service."""

from collections.abc import Sequence

from services.chassis.runtime.errors import (
    Invalid,
    NotFound,
    RuleBroken,
    Unavailable,
    Violation,
)


class MalformedBody(Invalid):
    """The body is not what its content type says."""

    reason = "BODY_MALFORMED"
    message = "The body is not valid JSON."


class BodyTooLarge(Invalid):
    """The body has more bytes than are taken."""

    reason = "BODY_TOO_LARGE"
    message = "The body is too large."


class ContentTypeNotSupported(Invalid):
    """The body is not JSON, or does not say so."""

    reason = "CONTENT_TYPE_NOT_SUPPORTED"
    message = "Send the body as application/json."


class NotAcceptable(Invalid):
    """The client takes none of the types that there are."""

    reason = "NOT_ACCEPTABLE"
    message = "Answers are application/json."


class ParameterInvalid(Invalid):
    """A part of the path, a query parameter or a header cannot be read."""

    reason = "PARAMETER_INVALID"

    def __init__(self, name: str, rule: str, description: str) -> None:
        super().__init__(f"{name}: {description}", violations=[Violation(name, rule, description)])


class FieldInvalid(RuleBroken):
    """A field of the body breaks its rule."""

    def __init__(self, field: str, rule: str, description: str) -> None:
        super().__init__(
            f"{field}: {description}" if field else description,
            violations=[Violation(field, rule, description)],
        )


class RouteNotFound(NotFound):
    """There is nothing at this path."""

    reason = "ROUTE_NOT_FOUND"
    message = "There is nothing at this path."


class MethodNotAllowed(Invalid):
    """There is something at this path, which does not take this method."""

    reason = "METHOD_NOT_ALLOWED"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"This path does not take {method}.")
        self.allow = ", ".join(allowed)


class Overloaded(Unavailable):
    """The gateway has as many requests in hand as it can serve in time."""

    reason = "OVERLOADED"
    message = "The server is busy; try again in a moment."
