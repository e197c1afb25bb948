"""From decoded pictures of any size, orientation and colours to those that every player shows."""

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple, cast

from av.filter import Graph
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc

from services.media.domain.processing import Rejected
from services.media.worker.jail.demuxing import corruption_refused
from services.media.worker.jail.filtering import Filter, chain, source_of

# 720p, by the short side; and what level 4 of H.264 takes, by the long one.
MAX_SHORT_SIDE = 720
MAX_LONG_SIDE = 1920

# From libavutil/pixfmt.h, AVColorSpace.
_MATRIX_RGB = 0
_MATRIX_BT709 = 1
_MATRIX_UNSPECIFIED = 2
_MATRIX_SMPTE170M = 6

# Standard definition, whose colours are of ITU-R BT.601 if nothing else is stated.
_SD_HEIGHT = 576

# Colours that need a conversion to be seen rightly. Those of other standards are close to BT.709.
_WIDE_PRIMARIES = frozenset(
    {
        ColorPrimaries.BT2020,
        ColorPrimaries.SMPTE428,
        ColorPrimaries.SMPTE431,
        ColorPrimaries.SMPTE432,
    }
)
_HDR_TRANSFERS = frozenset({ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67})
_WIDE_TRANSFERS = _HDR_TRANSFERS | {ColorTrc.BT2020_10, ColorTrc.BT2020_12, ColorTrc.LINEAR}

# Calls change the size of their pictures a few times. A table for wide colours takes 5 s of CPU.
MAX_FORMS = 16

# Pixels are at most this often as wide as high, or the reverse; other values are mistakes.
_MAX_PIXEL_RATIO = 4

# What turns a picture upright, by the signs of a display matrix (a, b, c, d), which maps (x, y) to
# (ax + cy, bx + dy), y downwards.
_CLOCKWISE = (Filter("transpose", "clock"),)
_COUNTERCLOCKWISE = (Filter("transpose", "cclock"),)
_UPSIDE_DOWN = (Filter("hflip"), Filter("vflip"))
_TURNS: Mapping[tuple[int, int, int, int], tuple[Filter, ...]] = {
    (-1, 0, 0, 1): (Filter("hflip"),),
    (1, 0, 0, -1): (Filter("vflip"),),
    (-1, 0, 0, -1): _UPSIDE_DOWN,
    (0, 1, -1, 0): _CLOCKWISE,
    (0, -1, 1, 0): _COUNTERCLOCKWISE,
    (0, 1, 1, 0): (Filter("transpose", "cclock_flip"),),
    (0, -1, -1, 0): (Filter("transpose", "clock_flip"),),
}
# The same by quarters of a turn, counterclockwise.
_TURNS_BY_QUARTERS = {1: _COUNTERCLOCKWISE, 2: _UPSIDE_DOWN, 3: _CLOCKWISE}


class Size(NamedTuple):
    """Pixels."""

    width: int
    height: int


class _Form(NamedTuple):
    """What a filter graph is made for."""

    width: int
    height: int
    format: str
    matrix: int
    range: int
    primaries: int
    transfer: int
    interlaced: bool

    @property
    def is_wide(self) -> bool:
        """Whether its colours or brightness exceed those of BT.709."""
        return (self.primaries, self.transfer) != (ColorPrimaries.BT709, ColorTrc.BT709)


class View(NamedTuple):
    """How the pictures of a track are shown."""

    # Upright, with square pixels, before any reduction.
    size: Size
    # The filters that turn a picture upright.
    turn: tuple[Filter, ...]

    @property
    def lies(self) -> bool:
        """Whether width and height change places."""
        return any(filter_.name == "transpose" for filter_ in self.turn)


def view_of(first: VideoFrame, pixel_ratio: Fraction | None) -> View:
    """How the pictures of a track are shown, by its first one."""
    ratio = pixel_ratio or Fraction(1)
    if not Fraction(1, _MAX_PIXEL_RATIO) <= ratio <= _MAX_PIXEL_RATIO:
        ratio = Fraction(1)
    view = View(Size(round(first.width * ratio), first.height), _turn(first))
    return View(Size(view.size.height, view.size.width), view.turn) if view.lies else view


def reduced_size(shown: Size) -> Size:
    """The size of the video that is made: at most 720p, never larger than it is shown, and even."""
    scale = min(
        Fraction(1),
        Fraction(MAX_SHORT_SIDE, min(shown)),
        Fraction(MAX_LONG_SIDE, max(shown)),
    )
    return Size(*(max(2, int(side * scale) // 2 * 2) for side in shown))


class Display:
    """Turns, scales and converts pictures to 8-bit BT.709 of one size, without side data."""

    def __init__(self, view: View) -> None:
        """All pictures are turned as `view` says."""
        self.size = reduced_size(view.size)
        self._view = view
        self._graphs: dict[_Form, Graph] = {}

    def show(self, frame: VideoFrame) -> VideoFrame:
        """The converted picture. Raises Rejected if it is of a kind that cannot be converted."""
        form = _form(frame)
        frame.colorspace, frame.color_range = form.matrix, form.range
        frame.color_primaries, frame.color_trc = form.primaries, form.transfer
        with corruption_refused():
            graph = self._graphs.get(form)
            if graph is None:
                graph = self._graphs[form] = self._configured(form, frame)
            graph.vpush(frame)
            return graph.vpull()

    def _configured(self, form: _Form, frame: VideoFrame) -> Graph:
        if len(self._graphs) == MAX_FORMS:
            raise Rejected("MEDIA_CORRUPT")
        width, height = self.size
        if self._view.lies:
            width, height = height, width
        size = f"w={width}:h={height}:flags=bicubic"
        return chain(
            [
                source_of(frame),
                # One field of two: each second line of what moved is of another moment.
                *([Filter("field", "type=top")] if form.interlaced else []),
                # Wide colours are converted by a table: of few pixels rather than of many.
                *([Filter("scale", size)] if form.is_wide else []),
                Filter(
                    "scale",
                    f"{size}:intent=perceptual:out_color_matrix=bt709:out_range=tv"
                    ":out_primaries=bt709:out_transfer=bt709",
                ),
                Filter("format", "pix_fmts=yuv420p"),
                *self._view.turn,
                Filter("setsar", "1"),
                Filter("sidedata", "mode=delete"),
                Filter("buffersink"),
            ]
        )


def _form(frame: VideoFrame) -> _Form:
    """The properties of a picture, with what it leaves unspecified filled in."""
    is_rgb = frame.format.is_rgb
    if is_rgb:
        matrix = _MATRIX_RGB
    elif frame.colorspace in (_MATRIX_UNSPECIFIED, _MATRIX_RGB):
        is_sd = min(frame.width, frame.height) <= _SD_HEIGHT
        matrix = _MATRIX_SMPTE170M if is_sd else _MATRIX_BT709
    else:
        matrix = frame.colorspace
    is_full = is_rgb or frame.format.name.startswith("yuvj") or frame.color_range == ColorRange.JPEG
    is_wide = frame.color_primaries in _WIDE_PRIMARIES or frame.color_trc in _WIDE_TRANSFERS
    primaries, transfer = ColorPrimaries.BT709, ColorTrc.BT709
    if is_wide and frame.color_primaries != ColorPrimaries.UNSPECIFIED:
        primaries = ColorPrimaries(frame.color_primaries)
    elif frame.color_trc in _HDR_TRANSFERS:
        primaries = ColorPrimaries.BT2020
    if is_wide and frame.color_trc in _WIDE_TRANSFERS:
        transfer = ColorTrc(frame.color_trc)
    return _Form(
        width=frame.width,
        height=frame.height,
        format=frame.format.name,
        matrix=matrix,
        range=ColorRange.JPEG if is_full else ColorRange.MPEG,
        primaries=primaries,
        transfer=transfer,
        interlaced=frame.interlaced_frame,
    )


def _turn(frame: VideoFrame) -> tuple[Filter, ...]:
    """The filters that turn a picture upright.

    PyAV's list of side data refers to its frame, and the frame to the list: such frames stay in
    memory until the garbage collector runs, so this is for one frame.
    """
    try:
        matrix = cast("SideDataContainer", frame.side_data).get(Type.DISPLAYMATRIX)
    except ValueError:  # PyAV does not list data of a type that it has no name for
        return _TURNS_BY_QUARTERS.get(round(frame.rotation / 90) % 4, ())
    if matrix is None:
        return ()
    values = memoryview(bytes(matrix)).cast("i")
    a, b, c, d = values[0], values[1], values[3], values[4]
    # A matrix may scale as well. What counts is where the axes point.
    if abs(a) >= abs(b):
        return _TURNS.get((_sign(a), 0, 0, _sign(d)), ())
    return _TURNS.get((0, _sign(b), _sign(c), 0), ())


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
