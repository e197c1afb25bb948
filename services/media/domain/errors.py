"""The errors of the Media service: one exception for each reason."""

from services.chassis.runtime.errors import (
    Conflict,
    NotFound,
    RuleBroken,
    TooMany,
    Unauthenticated,
    Unavailable,
    WrongState,
)


class UploadNotFound(NotFound):
    """There is no such upload of the caller, or it was aborted or completed."""

    reason = "UPLOAD_NOT_FOUND"
    message = "There is no such upload."


class UploadIncomplete(WrongState):
    """Parts are missing, or have other sizes or ETags than declared."""

    reason = "UPLOAD_INCOMPLETE"
    message = "Parts of the upload are missing."

    @classmethod
    def parts(cls, numbers: list[int]) -> "UploadIncomplete":
        """The error with the numbers of the parts to upload; without, for other ETags."""
        listed = ", ".join(str(each) for each in numbers)
        return cls(f"Parts of the upload are missing: {listed}." if listed else None)


class UploadExpired(WrongState):
    """The upload was not completed in time."""

    reason = "UPLOAD_EXPIRED"
    message = "The upload has expired; start it again."


class MediumNotFound(NotFound):
    """The medium does not exist, or the caller may not see it."""

    reason = "MEDIUM_NOT_FOUND"
    message = "There is no such medium."


class MediaTypeNotAllowed(RuleBroken):
    """The declared content type is not accepted."""

    reason = "MEDIA_TYPE_NOT_ALLOWED"
    message = "Files of this type are not accepted."


class MediaTooLarge(RuleBroken):
    """The declared size exceeds the limit of the kind."""

    reason = "MEDIA_TOO_LARGE"
    message = "The file is too large."


class MediaQuotaExceeded(TooMany):
    """The owner uploaded as much today as is allowed."""

    reason = "MEDIA_QUOTA_EXCEEDED"
    message = "You have uploaded as much today as is allowed."


class MediaNotReady(WrongState):
    """A medium cannot be attached: unknown, another user's, failed, or still processed."""

    reason = "MEDIA_NOT_READY"
    message = "A medium is not ready."


class MediumInUse(WrongState):
    """The medium is attached to a post or profile."""

    reason = "MEDIUM_IN_USE"
    message = "The medium is attached to a post or profile."


class TextTooLong(RuleBroken):
    """More than 1,500 characters (grapheme clusters), or more than 15,000 code points."""

    reason = "TEXT_TOO_LONG"
    message = "A description has at most 1,500 characters."


class TextInvalid(RuleBroken):
    """A control character, a direction override, or too many marks in a row; see docs/text.md."""

    reason = "TEXT_INVALID"
    message = "The text holds a character that is not allowed, such as a control character."


class FieldNotUpdatable(RuleBroken):
    """The update mask names a field that cannot be changed."""

    reason = "FIELD_NOT_UPDATABLE"
    message = "This field cannot be changed."


class EtagMismatch(Conflict):
    """The medium was changed after the caller read it."""

    reason = "ETAG_MISMATCH"
    message = "The medium has changed since you read it."


class AccountGone(Unauthenticated):
    """The token is valid, but its account is deleted."""

    reason = "TOKEN_INVALID"
    message = "This account was deleted."


class StorageUnavailable(Unavailable):
    """The object store cannot be reached, or does not answer in time."""

    reason = "DEPENDENCY_UNAVAILABLE"
