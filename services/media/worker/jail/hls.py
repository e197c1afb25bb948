"""HTTP Live Streaming (RFC 8216) in one file: the segments of a playlist are ranges of it."""

from fractions import Fraction
from typing import NamedTuple

import av

from services.media.domain.processing import ProcessedFile
from services.media.worker.jail.boxes import file_boxes
from services.media.worker.jail.job import OutFolder

PLAYLIST = "playlist.m3u8"
SEGMENTS = "segments.mp4"

# Each key frame begins a fragment. Times stay as they are (frag_discont), so that pictures and
# sound are in time for players that ignore edit lists.
_FRAGMENTED = {
    "movflags": "+frag_keyframe+empty_moov+default_base_moof+frag_discont+skip_trailer",
    "use_editlist": "0",
    "avoid_negative_ts": "disabled",
    "fflags": "+bitexact",
}


class _Range(NamedTuple):
    """A range of bytes."""

    start: int
    size: int


def write(
    movie: str, out: OutFolder, *, codec: str, width: int, height: int
) -> list[ProcessedFile]:
    """Write the playlist and the segments of a movie of this process. Nothing is encoded again."""
    starts, end = _copy(movie)
    initialisation, segments = _ranges()
    if len(starts) != len(segments):
        raise FragmentsDiffer(f"{len(segments)} fragments for {len(starts)} key frames")
    durations = [later - start for start, later in zip(starts, [*starts[1:], end], strict=True)]
    playlist = _playlist(initialisation, segments, durations).encode()
    return [
        out.write(
            "hls",
            PLAYLIST,
            playlist,
            content_type="application/vnd.apple.mpegurl",
            codec=codec,
            width=width,
            height=height,
        ),
        out.describe(
            "hls_media",
            SEGMENTS,
            content_type="video/mp4",
            codec=codec,
            width=width,
            height=height,
        ),
    ]


class FragmentsDiffer(Exception):
    """The muxer did not begin a fragment at each key frame."""


def _copy(movie: str) -> tuple[list[Fraction], Fraction]:
    """Copy the packets into fragments. Returns the seconds of the key frames, and of the end."""
    starts: list[Fraction] = []
    end = Fraction(0)
    with (
        av.open(movie, format="mov") as source,
        av.open(SEGMENTS, "w", format="mp4", options=_FRAGMENTED) as target,
    ):
        picture = source.streams.video[0]
        tracks = {track.index: target.add_stream_from_template(track) for track in source.streams}
        # Decoding begins before the first picture is shown, if pictures refer to later ones. Both
        # tracks begin later by that.
        delay = next(
            (packet.pts - packet.dts) * packet.time_base
            for packet in source.demux(picture)
            if packet.pts is not None and packet.dts is not None
        )
        source.seek(0)
        for packet in source.demux():
            if packet.pts is None or packet.dts is None:  # the end
                continue
            time = packet.pts * packet.time_base
            if packet.stream is not picture and time < 0:
                continue  # the encoder's run-up, which is not heard
            if packet.stream is picture:
                end = max(end, time + (packet.duration or 0) * packet.time_base)
                if packet.is_keyframe:
                    starts.append(time)
            shift = round(delay / packet.time_base)
            packet.pts += shift
            packet.dts += shift
            packet.stream = tracks[packet.stream.index]
            target.mux(packet)
    return starts, end


def _ranges() -> tuple[_Range, list[_Range]]:
    """The bytes of the initialisation section, and of each segment."""
    fragments: list[_Range] = []
    initialisation_bytes = 0
    with open(SEGMENTS, "rb") as file:
        for box in file_boxes(file):
            if box.type == b"moof":
                fragments.append(_Range(box.start, box.size))
            elif fragments:
                fragments[-1] = _Range(fragments[-1].start, box.end - fragments[-1].start)
            else:
                initialisation_bytes = box.end
    return _Range(0, initialisation_bytes), fragments


def _playlist(initialisation: _Range, segments: list[_Range], durations: list[Fraction]) -> str:
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, *(round(duration) for duration in durations))}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{SEGMENTS}",BYTERANGE="{initialisation.size}@{initialisation.start}"',
    ]
    for segment, duration in zip(segments, durations, strict=True):
        lines += [
            f"#EXTINF:{float(duration):.6f},",
            f"#EXT-X-BYTERANGE:{segment.size}@{segment.start}",
            SEGMENTS,
        ]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])
