"""Pillow, with the parts that it imports when they are first used.

In the jail nothing can be imported.
"""

from PIL import (
    AvifImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageColor,
    ImageFile,
    ImageFilter,
    ImagePalette,
    PngImagePlugin,
    TiffImagePlugin,  # reads EXIF
    WebPImagePlugin,
)
from PIL._webp import WebPAnimEncoder

__all__ = [
    "AvifImagePlugin",
    "ExifTags",
    "GifImagePlugin",
    "Image",
    "ImageCms",
    "ImageColor",
    "ImageFile",
    "ImageFilter",
    "ImagePalette",
    "PngImagePlugin",
    "TiffImagePlugin",
    "WebPAnimEncoder",
    "WebPImagePlugin",
]

Image.preinit()  # otherwise the first use imports plugins
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a job uses one core
# Its limit is one of pixels alone; frame_headers and pictures check ours before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = None
