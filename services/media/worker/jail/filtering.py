"""Chains of FFmpeg's filters, in the thread of the caller."""

from collections.abc import Iterable
from typing import NamedTuple

from av.filter import Graph
from av.video.frame import VideoFrame


class Filter(NamedTuple):
    """A filter, and its options as FFmpeg writes them."""

    name: str
    options: str | None = None


def chain(filters: Iterable[Filter]) -> Graph:
    """The filters one after the other, from a buffer to a sink."""
    graph = Graph()
    graph.threads = 1
    graph.link_nodes(*(graph.add(one.name, one.options) for one in filters)).configure()
    return graph


def source_of(frame: VideoFrame) -> Filter:
    """The source of a chain for pictures like this one. It takes no part in their times."""
    return Filter(
        "buffer",
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000"
        f":colorspace={frame.colorspace}:range={frame.color_range}",
    )


def scaled(frame: VideoFrame, width: int, height: int, format_: str, *options: str) -> VideoFrame:
    """The picture in another size and format; `options` are those of `scale`."""
    size = f"w={width}:h={height}"
    graph = chain(
        [
            source_of(frame),
            Filter("scale", ":".join([size, *options])),
            Filter("format", f"pix_fmts={format_}"),
            Filter("buffersink"),
        ]
    )
    graph.vpush(frame)
    return graph.vpull()
