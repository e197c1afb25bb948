"""Video becomes what every player shows: H.264 and AAC in MP4, HLS, and a poster."""

from __future__ import annotations

import io
import re
from fractions import Fraction

import av
import pytest
from av.bitstream import BitStreamFilterContext
from PIL import Image

from services.media.domain.processing import Kind
from services.media.worker.jail.display import Size, reduced_size
from tests.unit.media.jail import clips
from tests.unit.media.jail.clips import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    RED,
    WHITE,
    Clip,
    Tone,
    near,
    pixel,
    plain,
    quarters,
    ramp,
)
from tests.unit.media.jail.program import Outcome, run


def boxes_of(data: bytes) -> list[tuple[bytes, int, int]]:
    """The outermost boxes: type, start, size."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], at, size))
        at += size
    return found


def poster_of(outcome: Outcome, name: str = "poster") -> Image.Image:
    return Image.open(io.BytesIO(outcome.variant(name))).convert("RGB")


def at(picture: Image.Image, x: float, y: float) -> tuple[int, int, int]:
    red, green, blue = picture.getpixel((int(x * picture.width), int(y * picture.height)))
    return red, green, blue


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    """Of a video of 5 s and 1280×960, with two tracks of sound."""
    frames = [quarters(1280, 960)] * 50
    return run(clips.video(frames, rate=10, tones=[Tone(), Tone(hertz=880, volume=0.0)]))


class TestVideoWithSound:
    def test_is_described(self, outcome: Outcome) -> None:
        processed = outcome.processed

        assert processed.kind is Kind.VIDEO
        assert processed.content_type == "video/mp4"
        assert (processed.width, processed.height) == (1280, 960)
        assert processed.duration_ms == pytest.approx(5000, abs=50)
        assert processed.frame_rate == pytest.approx(10, abs=0.2)
        assert processed.has_sound
        assert len(processed.blurhash) == 28
        assert re.fullmatch("#[0-9a-f]{6}", processed.dominant_color)
        assert processed.waveform == b""
        assert [(file.name, file.file, file.content_type) for file in processed.files] == [
            ("video", "video.mp4", "video/mp4"),
            ("hls", "playlist.m3u8", "application/vnd.apple.mpegurl"),
            ("hls_media", "segments.mp4", "video/mp4"),
            ("poster", "poster.webp", "image/webp"),
            ("compat", "compat.jpg", "image/jpeg"),
        ]
        assert {(file.width, file.height) for file in processed.files} == {(960, 720)}
        assert all(len(outcome.files[file.file]) == file.size_bytes for file in processed.files)

    def test_is_h264_high_and_aac_of_720_lines(self, outcome: Outcome) -> None:
        clip = Clip(outcome.variant("video"))

        assert clip.codecs == ["h264", "aac"]
        assert clip.profile == "High"
        assert clip.size == (960, 720)
        assert clip.pictures[0].format.name == "yuv420p"
        assert re.fullmatch(r"avc1\.6400[0-9a-f]{2},mp4a\.40\.2", outcome.described("video").codec)

    def test_has_its_index_in_front(self, outcome: Outcome) -> None:
        kinds = [kind for kind, _, _ in boxes_of(outcome.variant("video"))]

        assert kinds.index(b"moov") < kinds.index(b"mdat")

    def test_has_the_first_of_two_sounds(self, outcome: Outcome) -> None:
        clip = Clip(outcome.variant("video"))

        assert clip.streams == ["video", "audio"]
        assert clip.loudness(1, 2) > 0.3

    def test_reports_its_progress(self, outcome: Outcome) -> None:
        progress = [line.progress for line in outcome.lines if line.progress is not None]

        assert progress == sorted(set(progress))
        assert len(progress) > 10
        assert progress[-1] > 85

    def test_poster_shows_the_picture(self, outcome: Outcome) -> None:
        for name in ("poster", "compat"):
            poster = poster_of(outcome, name)

            assert poster.size == (960, 720)
            assert near(at(poster, 0.25, 0.25), RED)
            assert near(at(poster, 0.75, 0.25), GREEN)
            assert near(at(poster, 0.25, 0.75), BLUE)
            assert near(at(poster, 0.75, 0.75), WHITE)

    def test_each_segment_of_the_playlist_can_be_played(self, outcome: Outcome) -> None:
        playlist, media = outcome.variant("hls").decode(), outcome.variant("hls_media")
        whole = Clip(outcome.variant("video"))

        initialisation = re.search(
            r'#EXT-X-MAP:URI="segments.mp4",BYTERANGE="(\d+)@(\d+)"', playlist
        )
        segments = re.findall(
            r"#EXTINF:([\d.]+),\n#EXT-X-BYTERANGE:(\d+)@(\d+)\nsegments.mp4\n", playlist
        )
        assert initialisation is not None
        start = media[int(initialisation[2]) :][: int(initialisation[1])]
        played = [Clip(start + media[int(offset) :][: int(size)]) for _, size, offset in segments]

        assert playlist.startswith("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n")
        assert playlist.endswith("#EXT-X-ENDLIST\n")
        assert [float(seconds) for seconds, _, _ in segments] == pytest.approx([4, 1], abs=0.05)
        # The ranges are the whole file, without gaps.
        assert len(start) + sum(int(size) for _, size, _ in segments) == len(media)
        assert sum(len(clip.pictures) for clip in played) == len(whole.pictures)
        assert all(clip.pictures[0].key_frame for clip in played)
        assert played[1].picture_times[0] - played[0].picture_times[0] == pytest.approx(4, abs=0.05)
        # Pictures and sound begin at once.
        assert played[0].sound_start == pytest.approx(played[0].picture_times[0], abs=0.03)

    def test_playlist_is_a_stream_that_ffmpeg_plays(self, outcome: Outcome) -> None:
        files = dict(outcome.files)

        with av.open(
            "playlist.m3u8",
            format="hls",
            io_open=lambda url, _flags, _options: io.BytesIO(files[url.rsplit("/")[-1]]),
        ) as source:
            pictures = sum(1 for _ in source.decode(source.streams.video[0]))

        assert pictures == len(Clip(outcome.variant("video")).pictures)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((320, 180), (320, 180)),
        ((321, 181), (320, 180)),
        ((720, 1600), (720, 1600)),
        ((1600, 1200), (960, 720)),
        ((1200, 1600), (720, 960)),
        ((3000, 400), (1920, 256)),
        ((1, 200), (2, 200)),
    ],
)
def test_video_is_reduced_to_720_lines_and_never_enlarged(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert reduced_size(Size(*size)) == expected


@pytest.mark.parametrize(
    ("rotation", "hflip", "corners"),
    [
        # From the upper left, clockwise.
        (90, False, (GREEN, WHITE, BLUE, RED)),
        (-90, False, (BLUE, RED, GREEN, WHITE)),
        (180, False, (WHITE, BLUE, RED, GREEN)),
        (0, True, (GREEN, RED, BLUE, WHITE)),
    ],
)
def test_video_is_turned_as_its_container_says(
    rotation: int, hflip: bool, corners: tuple[clips.Colour, ...]
) -> None:
    frames = [quarters(160, 120)] * 3

    outcome = run(clips.video(frames, container="mov", rotation=rotation, hflip=hflip))

    lies = rotation in (90, -90)
    clip = Clip(outcome.variant("video"))
    assert clip.size == ((120, 160) if lies else (160, 120))
    assert (outcome.processed.width, outcome.processed.height) == clip.size
    assert clip.pictures[0].rotation == 0
    shown = [
        pixel(clip.pictures[0], x, y) for x, y in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
    ]
    assert all(near(one, other) for one, other in zip(shown, corners, strict=True)), shown


def test_silent_short_video_stays_a_video() -> None:
    outcome = run(clips.video([plain(RED, 64, 64), plain(BLUE, 64, 64)] * 4))

    assert outcome.processed.kind is Kind.VIDEO
    assert not outcome.processed.has_sound
    assert outcome.described("video").codec.startswith("avc1.")
    assert "," not in outcome.described("video").codec
    assert Clip(outcome.variant("video")).streams == ["video"]
    assert "#EXT-X-ENDLIST" in outcome.variant("hls").decode()


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
def test_hdr_becomes_sdr_of_plausible_brightness(transfer: int) -> None:
    data = clips.video(
        [ramp(320, 180, transfer=transfer)] * 3,
        codec="libx265",
        pixel_format="yuv420p10le",
        options={"preset": "ultrafast", "x265-params": "log-level=error"},
    )

    picture = Clip(run(data).variant("video")).pictures[0]

    assert picture.format.name == "yuv420p"
    assert (picture.color_primaries, picture.color_trc, picture.colorspace) == (1, 1, 1)
    row = bytes(picture.planes[0])[: picture.width]
    steps = [row[x] for x in range(4, picture.width, 24)]
    assert steps == sorted(steps)
    assert steps[0] < 24
    # The half of the signal is the brightness of a face; the brightest is not lost in white.
    assert 90 < row[len(row) // 2] < 160
    assert steps[-1] > 190
    assert len(set(steps[-4:])) == 4


@pytest.mark.parametrize(
    ("container", "codec", "sound", "content_type"),
    [
        ("webm", "libvpx-vp9", "libopus", "video/webm"),
        ("matroska", "libx264", "flac", "video/x-matroska"),
        ("mov", "mpeg4", "pcm_s16le", "video/quicktime"),
    ],
)
def test_containers_and_codecs_of_others_are_read(
    container: str, codec: str, sound: str, content_type: str
) -> None:
    data = clips.video(
        [quarters(160, 120)] * 10, container=container, codec=codec, tones=[Tone(codec=sound)]
    )

    outcome = run(data)

    clip = Clip(outcome.variant("video"))
    assert outcome.processed.content_type == content_type
    assert clip.codecs == ["h264", "aac"]
    assert near(pixel(clip.pictures[0], 0.25, 0.25), RED)
    assert clip.picture_end == pytest.approx(1, abs=0.1)
    assert clip.loudness(0.3, 0.8) > 0.3


def test_recording_of_a_browser_without_a_duration_is_read() -> None:
    data = clips.video(
        [quarters(160, 120)] * 10,
        container="webm",
        codec="libvpx",
        options={"cpu-used": "8"},
        tones=[Tone(codec="libopus")],
        container_options={"live": "1"},
    )

    processed = run(data).processed

    assert processed.duration_ms == pytest.approx(1000, abs=50)
    assert processed.has_sound


def test_fragmented_movie_is_read() -> None:
    data = clips.video(
        [quarters(160, 120)] * 10, container_options={"movflags": "+frag_keyframe+empty_moov"}
    )

    assert run(data).processed.duration_ms == pytest.approx(1000, abs=50)


def test_variable_frame_rate_keeps_pictures_and_sound_in_time() -> None:
    # 30, then 5, then 20 frames a second; light and tone begin at 1.3 s.
    times = [n / 30 for n in range(15)]
    times += [0.5 + n / 5 for n in range(4)] + [1.3 + n / 20 for n in range(14)]
    frames = [plain(BLACK if time < 1.3 else WHITE, 160, 120) for time in times]
    data = clips.video(frames, rate=30, times=times, tones=[Tone(begins=1.3)])

    outcome = run(data)

    clip = Clip(outcome.variant("video"))
    streamed = Clip(outcome.variant("hls_media"))
    assert abs(clip.picture_end - clip.sound_end) < 0.1
    assert clip.picture_brightens() == pytest.approx(1.3, abs=0.04)
    assert clip.sound_begins() == pytest.approx(1.3, abs=0.04)
    assert streamed.picture_brightens() == pytest.approx(streamed.sound_begins(), abs=0.04)


def test_sound_that_begins_later_stays_in_time() -> None:
    frames = [plain(BLACK if n < 10 else WHITE, 160, 120) for n in range(20)]
    data = clips.video(frames, tones=[Tone(offset=0.6, begins=0.4)])

    clip = Clip(run(data).variant("video"))

    assert clip.picture_brightens() == pytest.approx(1, abs=0.04)
    assert clip.sound_begins() == pytest.approx(1, abs=0.04)


def test_picture_that_begins_later_is_shown_from_the_start() -> None:
    data = clips.video(
        [plain(WHITE, 160, 120)] * 10, times=[0.5 + n / 10 for n in range(10)], tones=[Tone()]
    )

    clip = Clip(run(data).variant("video"))

    assert clip.picture_times[:2] == pytest.approx([0, 0.6], abs=0.02)
    assert clip.sound_begins() < 0.05


def test_poster_is_not_the_black_beginning() -> None:
    frames = [plain(BLACK, 160, 120)] * 15 + [quarters(160, 120)] * 20

    poster = poster_of(run(clips.video(frames)))

    assert near(at(poster, 0.25, 0.25), RED)


def test_pixels_that_are_not_square_are_made_square() -> None:
    data = clips.video([quarters(160, 120)] * 3, pixel_ratio=Fraction(4, 3))

    outcome = run(data)

    assert (outcome.processed.width, outcome.processed.height) == (213, 120)
    assert Clip(outcome.variant("video")).size == (212, 120)


def test_interlaced_picture_has_no_combs() -> None:
    def rows(y: int) -> bytes:
        return bytes(WHITE if y % 2 else BLACK) * 160

    frame = clips._drawn(160, 120, rows)
    frame = frame.reformat(format="yuv420p")
    data = clips.video(
        [frame] * 3, options={"preset": "ultrafast", "flags": "+ildct+ilme", "x264-params": "tff=1"}
    )

    picture = Clip(run(data).variant("video")).pictures[0]

    column = [pixel(picture, 0.5, y / 120)[0] for y in range(40, 80)]
    assert max(column) - min(column) < 40


def test_video_without_a_size_in_its_header_is_measured() -> None:
    data = clips.video([quarters(160, 120)] * 5)

    def no_size(content: bytearray) -> None:
        content[24:28] = bytes(4)

    def no_display_size(content: bytearray) -> None:
        content[76:84] = bytes(8)

    data = clips.replaced(data, b"avc1", no_size)
    data = clips.replaced(data, b"tkhd", no_display_size)

    outcome = run(data)

    assert (outcome.processed.width, outcome.processed.height) == (160, 120)
    assert Clip(outcome.variant("video")).size == (160, 120)


MARKER = "Marker7Zq"
PLACE = "+48.8584+002.2945/"


@pytest.fixture(scope="module")
def marked() -> bytes:
    """A movie that says a name and a place wherever it can."""

    def chapters(target: av.container.OutputContainer) -> None:
        chapter = {"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000)}
        target.set_chapters([{**chapter, "metadata": {"title": MARKER}}])

    metadata = {"title": MARKER, "comment": MARKER, "location": PLACE}
    data = clips.video(
        [quarters(160, 120)] * 10,
        container="mov",
        metadata=metadata,
        tones=[Tone(metadata={"title": MARKER})],
        finish=chapters,
    )
    return _with_message(data, MARKER)


class TestMetadata:
    """Nothing that the original says beside its pictures and sound is in any output."""

    def test_is_in_the_original(self, marked: bytes) -> None:
        assert marked.count(MARKER.encode()) >= 4
        assert b"48.8584" in marked

    def test_is_in_no_output(self, marked: bytes) -> None:
        outcome = run(marked)

        assert outcome.processed.kind is Kind.VIDEO
        assert len(outcome.files) == 5
        for name, data in outcome.files.items():
            assert MARKER.encode() not in data, name
            assert PLACE.encode() not in data, name
            assert b"48.8584" not in data, name
        clip = Clip(outcome.variant("video"))
        assert clip.streams == ["video", "audio"]
        assert not clip.metadata.keys() & {"title", "comment", "location", "encoder"}
        assert not any(one.get("title") for one in clip.stream_metadata)


def _with_message(data: bytes, message: str) -> bytes:
    """The same movie with a message in each of its pictures."""
    out = io.BytesIO()
    uuid = "086f3693b7b34f2c965321492feee5b8"
    with (
        av.open(io.BytesIO(data)) as source,
        av.open(out, "w", format="mov") as target,
    ):
        target.metadata.update(source.metadata)
        target.set_chapters(source.chapters())
        tracks = {}
        for stream in source.streams:
            if stream.type in ("video", "audio"):
                tracks[stream.index] = target.add_stream_from_template(stream)
                tracks[stream.index].metadata.update(stream.metadata)
        marked = BitStreamFilterContext(
            f"h264_metadata=sei_user_data={uuid}+{message}", source.streams.video[0]
        )
        for packet in source.demux(*[source.streams[index] for index in tracks]):
            if packet.dts is None:
                continue
            for one in marked.filter(packet) if packet.stream.type == "video" else [packet]:
                one.stream = tracks[packet.stream.index]
                target.mux(one)
    return out.getvalue()


def test_colour_of_standard_definition_stays() -> None:
    # Without a statement, colours of few lines are of BT.601.
    outcome = run(clips.video([plain(GREY, 64, 64), plain(RED, 64, 64)] * 3))

    assert near(pixel(Clip(outcome.variant("video")).pictures[1], 0.5, 0.5), RED)
