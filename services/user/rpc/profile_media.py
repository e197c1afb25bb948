"""Media of the Media service as profiles store and show them."""

from roost.media.v1.media_pb2 import (
    MEDIUM_KIND_ANIMATION,
    MEDIUM_KIND_PICTURE,
    MEDIUM_USE_AVATAR,
    MEDIUM_USE_BANNER,
    Medium,
)

from services.chassis.text.rules import shorten
from services.user.domain.model import ProfileMedium, ProfileUse

USES = {ProfileUse.AVATAR: MEDIUM_USE_AVATAR, ProfileUse.BANNER: MEDIUM_USE_BANNER}

# What a profile can show.
_KINDS = frozenset({MEDIUM_KIND_PICTURE, MEDIUM_KIND_ANIMATION})
# A profile picture is small everywhere, a banner is as wide as the page.
_VARIANTS = {
    ProfileUse.AVATAR: frozenset({"thumb", "small"}),
    ProfileUse.BANNER: frozenset({"thumb", "small", "large"}),
}
# Lists of users repeat the description of the same picture many times; GetMedia has all of it.
_MAX_AVATAR_ALT_TEXT = 1_000
# A version has at most so many digits.
_MAX_DIGITS = 18


def can_show(message: Medium) -> bool:
    """Whether the medium is a picture or an animation."""
    return message.kind in _KINDS


def snapshot(message: Medium) -> ProfileMedium:
    """The medium as profiles store it. Raises ValueError for an etag that is no version."""
    etag = message.etag
    if not (etag.isascii() and etag.isdecimal() and len(etag) <= _MAX_DIGITS):
        raise ValueError(f"the etag is no version: {etag[:40]!r}")
    kept = Medium()
    kept.CopyFrom(message)
    kept.ClearField("address_expire_time")
    for variant in kept.variants:
        variant.ClearField("url")
    return ProfileMedium(message.id, int(etag), kept.SerializeToString())


def shown(medium: ProfileMedium, use: ProfileUse) -> Medium:
    """What `User.avatar` and `User.banner` contain of a stored medium."""
    stored = Medium.FromString(medium.content)
    message = Medium(
        id=stored.id,
        state=stored.state,
        progress=stored.progress,
        kind=stored.kind,
        width=stored.width,
        height=stored.height,
        alt_text=stored.alt_text,
        blurhash=stored.blurhash,
        dominant_color=stored.dominant_color,
        etag=stored.etag,
        folder=stored.folder,
    )
    if stored.HasField("focal_point"):
        message.focal_point.CopyFrom(stored.focal_point)
    if use is ProfileUse.AVATAR:
        message.alt_text = shorten(stored.alt_text, _MAX_AVATAR_ALT_TEXT)
    for variant in stored.variants:
        if variant.name in _VARIANTS[use]:
            message.variants.add().CopyFrom(variant)
    return message
