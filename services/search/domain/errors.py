"""Errors that several nouns of the Search service raise."""

from services.chassis.runtime.errors import Invalid, RuleBroken


class HashtagInvalid(Invalid):
    """The text is no hashtag."""

    reason = "HASHTAG_INVALID"
    message = "A hashtag has letters, digits and underscores, with at least one letter."


class SearchTextInvalid(RuleBroken):
    """The text of a search for users or hashtags breaks a rule of texts; its violation says
    which."""

    reason = "VALIDATION_FAILED"
