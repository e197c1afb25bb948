"""Still pictures: decoded upright and in sRGB, and written in every size without metadata.

libvips decodes JPEG, PNG, WebP and GIF, Pillow AVIF, and pillow-heif HEIC. libvips scales them all.
"""

import os
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

os.environ["VIPS_CONCURRENCY"] = "1"  # read when libvips is imported; a job uses one core

import pillow_heif
import pyvips

from services.media.domain.processing import Kind, Processed, ProcessedFile
from services.media.worker.jail import placeholder, sizes
from services.media.worker.jail.faults import Undecodable, decoding
from services.media.worker.jail.job import OutFolder
from services.media.worker.jail.pillow import ExifTags, Image

pyvips.cache_set_max(0)
pillow_heif.options.DECODE_THREADS = 1
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False

# The only loader that may run is the one of the type by bytes.
_ALL_LOADERS = "VipsForeignLoad"
_LOADERS = {
    "image/jpeg": "VipsForeignLoadJpeg",
    "image/png": "VipsForeignLoadPng",
    "image/webp": "VipsForeignLoadWebp",
    "image/gif": "VipsForeignLoadNsgif",
}
# A picture that ends early is refused, not filled with grey.
_STRICT = "fail_on=error"
# To libjpeg it is only a warning if the pixels end before a last marker that is there.
_STRICTEST = "fail_on=warning"
_ENDS_EARLY = "premature end"

# Between compression and CPU: 2 takes 0.2 s less for 12 megapixels, and 5 % more bytes.
_WEBP_EFFORT = 4

_WHITE = 255

# Averaging whole pixels down to this side costs no sharpness at the largest size.
_KEEP_SIDE = 3072

# Bands by mode of Pillow, of those that libvips takes as they are.
_BANDS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}

# Primaries of ITU-T H.273 whose pictures look pale if they are taken for sRGB: P3 of displays.
_P3_PRIMARIES = 12
_COLOUR_BOX = b"colrnclx"


class Picture(NamedTuple):
    """A picture whose header was read. Its size is as shown, after the orientation was applied."""

    width: int
    height: int
    # Decodes it, upright and in sRGB, at most `sizes.LARGEST` a side.
    decode: Callable[[], pyvips.Image]


def open_picture(data: bytes, content_type: str) -> Picture:
    """Read the header. Raises Undecodable."""
    pyvips.operation_block_set(_ALL_LOADERS, True)
    if content_type == "image/heic":
        return _open_heic(data)
    if content_type == "image/avif":
        return _open_avif(data)
    pyvips.operation_block_set(_LOADERS[content_type], False)
    return _open_by_vips(data, content_type)


def process(
    picture: Picture, content_type: str, out: OutFolder, report: Callable[[int], None]
) -> Processed:
    """Write the picture in its sizes. Raises Undecodable."""
    with decoding():
        largest = picture.decode().copy_memory()
    report(60)
    opaque = flatten(largest)
    return Processed(
        kind=Kind.PICTURE,
        content_type=content_type,
        files=(*_write_sizes(largest, picture, out), write_compat(opaque, out)),
        width=picture.width,
        height=picture.height,
        **placeholder.of(to_pillow(opaque))._asdict(),
    )


def _write_sizes(
    largest: pyvips.Image, picture: Picture, out: OutFolder
) -> tuple[ProcessedFile, ...]:
    """Each size out of the next larger one."""
    written: list[ProcessedFile] = []
    image = largest
    for size in reversed(sizes.sizes_of(picture.width, picture.height)):
        if max(image.width, image.height) > size.side:
            image = image.thumbnail_image(size.side, height=size.side, size="down").copy_memory()
        data = image.webpsave_buffer(Q=sizes.WEBP_QUALITY, effort=_WEBP_EFFORT, keep="none")
        written.append(
            out.write(
                size.name,
                size.file,
                data,
                content_type=sizes.WEBP,
                codec="webp",
                width=image.width,
                height=image.height,
            )
        )
    return tuple(reversed(written))


def write_compat(opaque: pyvips.Image, out: OutFolder) -> ProcessedFile:
    """The picture as JPEG, for clients that cannot show WebP."""
    data = opaque.jpegsave_buffer(
        Q=sizes.JPEG_QUALITY, optimize_coding=True, interlace=True, keep="none"
    )
    return out.write(
        sizes.COMPAT,
        sizes.COMPAT_FILE,
        data,
        content_type=sizes.JPEG,
        codec="jpeg",
        width=opaque.width,
        height=opaque.height,
    )


def flatten(image: pyvips.Image) -> pyvips.Image:
    """The picture on white, where it is transparent."""
    return image.flatten(background=_WHITE) if image.hasalpha() else image


def to_pillow(opaque: pyvips.Image) -> Image.Image:
    """The same pixels, in RGB, for the placeholder."""
    small = opaque.thumbnail_image(sizes.SIZES[0].side, height=sizes.SIZES[0].side, size="down")
    return Image.frombytes("RGB", (small.width, small.height), small.write_to_memory())


def from_pillow(image: Image.Image) -> pyvips.Image:
    """The same pixels, with their colour profile."""
    if image.mode not in _BANDS:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    vips = pyvips.Image.new_from_memory(
        image.tobytes(), image.width, image.height, _BANDS[image.mode], "uchar"
    )
    return _with_profile(vips, image.info.get("icc_profile"))


def _open_by_vips(data: bytes, content_type: str) -> Picture:
    with decoding():
        header = pyvips.Image.new_from_buffer(data, "", access="sequential")
    width, height = _upright(header)

    def decode_if(strictness: str) -> pyvips.Image:
        # Decoded small where the format can, then scaled: `thumbnail` applies the orientation.
        return pyvips.Image.thumbnail_buffer(
            data,
            sizes.LARGEST,
            height=sizes.LARGEST,
            size="down",
            option_string=strictness,
            **_profile_options(header),
        ).colourspace("srgb")

    def decode() -> pyvips.Image:
        if content_type == "image/jpeg":
            try:
                return decode_if(_STRICTEST).copy_memory()
            except pyvips.Error as error:
                if _ENDS_EARLY in str(error):
                    raise
                # Of other warnings, as of padding between markers, no pixel is lost.
        return decode_if(_STRICT)

    return Picture(width, height, decode)


def _open_heic(data: bytes) -> Picture:
    _refuse_cut(data)
    with decoding():
        heif = pillow_heif.open_heif(BytesIO(data))
        width, height = heif.size

    def decode() -> pyvips.Image:
        pixels, stride, mode = heif.data, heif.stride, heif.mode
        bands = _BANDS[mode.upper()]
        image = pyvips.Image.new_from_memory(pixels, stride // bands, heif.size[1], bands, "uchar")
        image = image.crop(0, 0, *heif.size)
        if mode.endswith("a"):  # multiplied by its transparency
            image = image.unpremultiply().cast("uchar")
        primaries = heif.info.get("nclx_profile", {}).get("color_primaries")
        return _scale(_with_profile(image, heif.info.get("icc_profile"), primaries))

    return Picture(width, height, decode)


def _open_avif(data: bytes) -> Picture:
    with decoding():
        picture = Image.open(BytesIO(data), formats=["AVIF"])
        orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)

    def decode() -> pyvips.Image:
        # libvips needs a copy of the pixels: of a quarter, if there are many.
        pixels = picture.reduce(max(1, max(picture.size) // _KEEP_SIDE))
        picture.close()
        image = _with_profile(
            from_pillow(pixels), picture.info.get("icc_profile"), _primaries(data)
        )
        image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
        return _scale(image)

    width, height = picture.size
    return Picture(*((height, width) if orientation >= 5 else (width, height)), decode)


def _refuse_cut(data: bytes) -> None:
    """Raises Undecodable if a box ends after the file: libheif leaves tiles out that it lacks."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        elif size == 0:  # to the end of the file
            size = len(data) - at
        at += max(size, 8)
    if at > len(data):
        raise Undecodable


def _scale(image: pyvips.Image) -> pyvips.Image:
    return image.thumbnail_image(
        sizes.LARGEST, height=sizes.LARGEST, size="down", **_profile_options(image)
    ).colourspace("srgb")


def _profile_options(image: pyvips.Image) -> dict[str, str]:
    """How its colours become sRGB: by its profile, if it has one.

    Without one the option would change nothing, and take 0.4 s for 12 megapixels.
    """
    return {"output_profile": "srgb"} if image.get_typeof("icc-profile-data") else {}


def _upright(header: pyvips.Image) -> tuple[int, int]:
    """The dimensions after the orientation was applied."""
    orientation = header.get("orientation") if header.get_typeof("orientation") else 1
    if 5 <= orientation <= 8:
        return header.height, header.width
    return header.width, header.height


def _with_profile(
    image: pyvips.Image, profile: bytes | None, primaries: int | None = None
) -> pyvips.Image:
    """The image with its ICC profile, or with that of its primaries."""
    image = image.copy(interpretation="srgb" if image.bands >= 3 else "b-w")
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    elif primaries == _P3_PRIMARIES:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", _P3_PROFILE)
    return image


def _primaries(data: bytes) -> int | None:
    """The colour primaries of the first nclx box (ISO/IEC 14496-12, 12.1.5)."""
    at = data.find(_COLOUR_BOX)
    return int.from_bytes(data[at + 8 : at + 10], "big") if at >= 0 else None


_P3_PROFILE: bytes = pyvips.Operation.call("profile_load", "p3")
