"""Hostile video and audio are refused with the reason, and reach nobody."""

from __future__ import annotations

import io
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import av
import pytest

from services.media.domain.processing import Rejected
from services.media.worker.jail.display import MAX_FORMS, Display, view_of
from tests.unit.media.jail import clips
from tests.unit.media.jail.clips import RED, Clip, Tone, box, movie, plain, quarters, replaced
from tests.unit.media.jail.program import Outcome, run

TEN_HOURS_OF_FRAMES = 36_000


def refused(data: bytes, reason: str) -> Outcome:
    """Refused for the reason, within the limits of the process."""
    outcome = run(data)
    assert outcome.reason == reason
    assert outcome.layers
    return outcome


class TestHeaders:
    """What a header claims is checked before anything is decoded."""

    def test_ten_hours_in_a_kilobyte_are_too_long(self) -> None:
        data = movie(samples=TEN_HOURS_OF_FRAMES, sample_ticks=1000)

        assert len(data) < 1500
        outcome = refused(data, "MEDIA_TOO_LONG")

        rejected = outcome.lines[-1].rejected
        assert rejected is not None
        assert rejected.metadata == {"limit": "140000"}
        assert outcome.cpu_seconds < 5

    @pytest.mark.parametrize(("samples", "ticks"), [(2_000, 1), (8_401, 16), (140_000, 1)], ids=str)
    def test_too_many_frames_of_all_or_a_second_are_refused(self, samples: int, ticks: int) -> None:
        refused(movie(samples=samples, sample_ticks=ticks), "MEDIA_TOO_MANY_FRAMES")

    def test_more_pixels_than_4k_are_refused(self) -> None:
        refused(movie(samples=10, sample_ticks=100, width=4000, height=2200), "MEDIA_TOO_LARGE")

    def test_four_billion_samples_take_no_memory(self) -> None:
        data = movie(samples=0xFFFFFFFF, sample_ticks=1, timescale=0xFFFFFFFF, sample_bytes=0xFFFF)

        outcome = run(data)

        assert outcome.reason in {"MEDIA_TOO_MANY_FRAMES", "MEDIA_CORRUPT"}
        assert outcome.cpu_seconds < 5

    def test_codec_that_nobody_uses_is_refused(self) -> None:
        refused(movie(samples=10, sample_ticks=100, codec=b"cvid"), "MEDIA_TYPE_NOT_ALLOWED")
        refused(movie(samples=10, sample_ticks=100, codec=b"zzzz"), "MEDIA_TYPE_NOT_ALLOWED")

    def test_video_in_an_audio_container_is_refused(self) -> None:
        data = clips.video([quarters(64, 64)] * 5, container="ogg", codec="libvpx")

        refused(data, "MEDIA_TYPE_NOT_ALLOWED")


class TestLies:
    """What a header hides is found while it is decoded."""

    def test_long_video_that_claims_three_seconds_is_too_long(self) -> None:
        data = clips.video([plain(RED, 32, 32)] * 150, rate=1)

        def three_seconds(content: bytearray) -> None:
            timescale = int.from_bytes(content[12:16], "big")
            content[16:20] = (3 * timescale).to_bytes(4, "big")

        data = replaced(replaced(data, b"mvhd", three_seconds), b"mdhd", three_seconds)

        refused(data, "MEDIA_TOO_LONG")

    def test_large_frames_behind_a_small_size_are_refused(self) -> None:
        data = clips.video([plain(RED, 4000, 2200)] * 2)

        def small(content: bytearray) -> None:
            content[24:28] = struct.pack(">2H", 320, 240)

        refused(replaced(data, b"avc1", small), "MEDIA_TOO_LARGE")

    def test_many_frames_in_a_container_that_counts_none_are_refused(self) -> None:
        frames = [plain(RED, 32, 32)] * 200
        times = [n / 100 for n in range(200)]
        data = clips.video(frames, rate=100, times=times, container="matroska")

        refused(data, "MEDIA_TOO_MANY_FRAMES")


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A video with sound and its index in front."""
    options = {"moov_size": "10000"}
    return clips.video([quarters(160, 120)] * 20, tones=[Tone()], container_options=options)


class TestCuts:
    """A file that ends early is corrupt, wherever it ends."""

    @pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
    def test_video_with_its_index_in_front(self, whole: bytes, share: float) -> None:
        assert whole.find(b"moov") < whole.find(b"mdat")

        refused(whole[: int(len(whole) * share)], "MEDIA_CORRUPT")

    def test_video_with_its_index_at_the_end(self) -> None:
        whole = clips.video([quarters(160, 120)] * 20)

        refused(whole[:-100], "MEDIA_CORRUPT")

    def test_matroska(self) -> None:
        whole = clips.video([quarters(160, 120)] * 20, container="matroska")

        refused(whole[: len(whole) * 2 // 3], "MEDIA_CORRUPT")

    @pytest.mark.parametrize(
        ("container", "codec"), [("flac", "flac"), ("wav", "pcm_s16le"), ("ipod", "aac")]
    )
    def test_audio(self, container: str, codec: str) -> None:
        whole = clips.audio(Tone(codec=codec), 2.0, container=container)

        refused(whole[: len(whole) // 2], "MEDIA_CORRUPT")

    def test_packets_of_noise(self, whole: bytes) -> None:
        at = whole.find(b"mdat") + 4
        noise = bytes(n * 37 % 251 for n in range(len(whole) - at))

        refused(whole[:at] + noise, "MEDIA_CORRUPT")

    def test_nothing_but_the_type(self) -> None:
        refused(box(b"ftyp", b"isom", bytes(4)), "MEDIA_CORRUPT")
        refused(b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x0f" + b"webm" * 20, "MEDIA_CORRUPT")
        refused(b"OggS" + bytes(200), "MEDIA_CORRUPT")
        refused(b"ID3\x04\0\0\0\0\x0f\x76" + bytes(3000), "MEDIA_CORRUPT")


@dataclass
class Listener:
    """Counts who connects to it."""

    port: int
    connections: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/x"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        counted = Listener(server.getsockname()[1])

        def count() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                counted.connections += 1
                connection.close()

        thread = threading.Thread(target=count)
        thread.start()
        yield counted
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def hls(address: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}\n#EXT-X-ENDLIST\n".encode()


def dash(address: str) -> bytes:
    return f"""<?xml version="1.0"?>
    <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT10S">
    <Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">
    <BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>""".encode()


def sdp(address: str) -> bytes:
    session = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\n"
    return f"{session}u={address}\nm=video 9 RTP/AVP 96\n".encode()


def ffconcat(address: str) -> bytes:
    return f"ffconcat version 1.0\nfile {address}\nfile /etc/passwd\n".encode()


REACHING: dict[str, Callable[[str], bytes]] = {
    "a playlist": hls,
    "a DASH manifest": dash,
    "an SDP description": sdp,
    "an ffconcat script": ffconcat,
    "an ffconcat script behind blank lines": lambda address: b"\n\n" + ffconcat(address),
    "a playlist in UTF-16": lambda address: hls(address).decode().encode("utf-16"),
    "a data reference to an address": lambda address: movie(
        samples=10,
        sample_ticks=100,
        reference=box(b"url ", bytes(4), address.encode() + b"\0"),
    ),
    "a data reference to a file": lambda _: movie(
        samples=10, sample_ticks=100, reference=alias(b"/etc/passwd")
    ),
    "a reference movie": lambda address: (
        box(b"ftyp", b"qt  ", bytes(4), b"qt  ")
        + box(b"moov", box(b"rmra", box(b"rmda", rdrf(address))))
    ),
    "a movie that is also a reference movie": lambda address: movie(
        samples=10, sample_ticks=100, extra=box(b"rmra", box(b"rmda", rdrf(address)))
    ),
}


def rdrf(address: str) -> bytes:
    """Where a reference movie plays from."""
    url = address.encode() + b"\0"
    return box(b"rdrf", bytes(4), b"url ", struct.pack(">I", len(url)), url)


def alias(path: bytes) -> bytes:
    """An alias of Mac OS, with the path as FFmpeg reads it."""
    record = bytes(4) + bytes(6) + b"\0\x96" + b"\0\x02" + b"\0\0"
    record += b"\x06volume".ljust(28, b"\0") + bytes(4) + bytes(2) + bytes(2) + bytes(4)
    record += b"\x06passwd".ljust(64, b"\0") + bytes(16) + b"\0\x01\0\x01" + bytes(16)
    record += struct.pack(">2H", 2, len(path)) + path + b"\xff\xff\0\0"
    return box(b"alis", record)


class TestReachingOut:
    """A file that names another one, or an address, reaches nobody."""

    @pytest.mark.parametrize("name", REACHING)
    def test_is_refused(self, name: str, listener: Listener) -> None:
        outcome = run(REACHING[name](listener.address))

        assert outcome.reason == "MEDIA_TYPE_NOT_ALLOWED"
        assert not outcome.files
        assert listener.connections == 0

    @pytest.mark.parametrize("make", [hls, dash, sdp, ffconcat])
    @pytest.mark.parametrize(
        "disguise",
        [
            box(b"ftyp", b"isom", bytes(4), b"isomavc1"),
            b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm",
            b"ID3\x04\0\0\0\0\0\0",
        ],
        ids=["MP4", "WebM", "MP3"],
    )
    def test_is_not_read_behind_another_type(
        self, make: Callable[[str], bytes], disguise: bytes, listener: Listener
    ) -> None:
        refused(disguise + make(listener.address), "MEDIA_CORRUPT")

        assert listener.connections == 0

    def test_references_to_the_file_itself_are_accepted(self) -> None:
        # All that FFmpeg writes have one. QuickTime wrote it as an empty alias.
        data = clips.video([quarters(64, 64)] * 5, container="mov")
        at = data.find(b"dref")
        assert data[at + 16 : at + 20] in (b"url ", b"alis")
        data = data[: at + 16] + b"alis" + data[at + 20 :]

        assert run(data).processed.width == 64

    def test_the_listener_counts(self, listener: Listener) -> None:
        with socket.create_connection(("127.0.0.1", listener.port)) as connection:
            assert connection.recv(1) == b""

        assert listener.connections == 1


def test_trailing_script_is_in_no_output() -> None:
    marker = b"<script>alert(document.domain)</script><?php phpinfo();__HALT_COMPILER();?>"
    data = clips.video([quarters(64, 64)] * 5)

    outcome = run(data + box(b"free", marker) + marker)

    assert len(outcome.files) == 5
    assert all(marker not in file for file in outcome.files.values())
    assert len(Clip(outcome.variant("video")).pictures) == 5


def test_attached_files_are_in_no_output() -> None:
    marker = b"MZ attached program"

    def attach(target: av.container.OutputContainer) -> None:
        target.add_attachment("evil.exe", "application/octet-stream", marker)

    data = clips.video([quarters(64, 64)] * 5, container="matroska", finish=attach)
    assert marker in data

    outcome = run(data)

    assert Clip(outcome.variant("video")).streams == ["video"]
    assert all(marker not in file for file in outcome.files.values())


def test_size_that_changes_within_the_video_is_scaled_to_the_first() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as target:
        stream = target.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        packets = [*_packets(160, 120), *_packets(320, 240)]
        for number, packet in enumerate(packets):
            packet.pts = packet.dts = number * 100
            packet.time_base = stream.time_base or packet.time_base
            packet.stream = stream
            target.mux(packet)

    clip = Clip(run(out.getvalue()).variant("video"))

    assert {(frame.width, frame.height) for frame in clip.pictures} == {(160, 120)}


def _packets(width: int, height: int) -> list[av.Packet]:
    """Five pictures, whose headers state their size."""
    encoder = av.CodecContext.create("mpeg4", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = clips.Fraction(1, 10)
    packets = []
    for number in range(5):
        frame = quarters(width, height).reformat(format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    return packets + encoder.encode(None)


def test_size_that_changes_without_end_is_refused() -> None:
    display = Display(view_of(quarters(64, 64), None))

    for width in range(64, 64 + 2 * MAX_FORMS, 2):
        display.show(quarters(width, 64))

    with pytest.raises(Rejected, match="MEDIA_CORRUPT"):
        display.show(quarters(62, 64))


def test_4k_fits_into_its_memory() -> None:
    outcome = run(clips.video([plain(RED, 3840, 2160)] * 12))

    assert (outcome.processed.width, outcome.processed.height) == (3840, 2160)
    assert Clip(outcome.variant("video")).size == (1280, 720)
