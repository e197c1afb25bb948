"""Audio becomes AAC in M4A, with an outline of its loudness."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest

from services.media.domain.processing import Kind
from services.media.worker.jail.decoding import Sound
from services.media.worker.jail.sound import SoundTrack
from tests.unit.media.jail import clips
from tests.unit.media.jail.clips import Clip, Tone, quarters
from tests.unit.media.jail.drawings import encoded
from tests.unit.media.jail.drawings import plain as picture
from tests.unit.media.jail.program import run

MARKER = "Marker7Zq"


@pytest.mark.parametrize(
    ("container", "codec", "content_type"),
    [
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("ipod", "aac", "audio/mp4"),
        ("ogg", "libopus", "audio/ogg"),
        ("flac", "flac", "audio/flac"),
        ("wav", "pcm_s24le", "audio/wav"),
        ("adts", "aac", "audio/aac"),
        ("webm", "libopus", "audio/webm"),
        ("mp4", "aac", "audio/mp4"),
    ],
)
def test_audio_becomes_aac(container: str, codec: str, content_type: str) -> None:
    tone = Tone(codec=codec, begins=1.0)
    data = clips.audio(tone, 2.0, container=container, metadata={"title": MARKER})

    outcome = run(data)

    processed = outcome.processed
    assert processed.kind is Kind.AUDIO
    assert processed.content_type == content_type
    assert processed.duration_ms == pytest.approx(2000, abs=100)
    assert (processed.width, processed.height) == (0, 0)
    assert (processed.blurhash, processed.dominant_color) == ("", "")
    (file,) = processed.files
    assert (file.name, file.file, file.content_type) == ("audio", "audio.m4a", "audio/mp4")
    assert file.codec == "mp4a.40.2"
    data = outcome.variant("audio")
    assert data.find(b"moov") < data.find(b"mdat")
    assert MARKER.encode() not in data
    clip = Clip(data)
    assert (clip.streams, clip.codecs) == (["audio"], ["aac"])
    assert (clip.sample_rate, clip.channels) == (48_000, 2)
    assert clip.sound_begins() == pytest.approx(1, abs=0.06)


def test_waveform_shows_what_is_silent_and_what_is_loud() -> None:
    tone = Tone(codec="pcm_s16le", begins=1.0, volume=0.5)

    waveform = run(clips.audio(tone, 2.0, container="wav")).processed.waveform

    assert len(waveform) == 100
    assert max(waveform[:48]) <= 2
    assert all(value == pytest.approx(127, abs=8) for value in waveform[52:])


def test_waveform_of_a_moment_has_100_values() -> None:
    data = clips.audio(Tone(codec="pcm_s16le", volume=1.0), 0.1, container="wav")

    waveform = run(data).processed.waveform

    assert len(waveform) == 100
    assert min(waveform) > 200


def test_bit_rate_is_128_kilobits() -> None:
    # Noise, because a tone is too simple to take so many bits.
    samples = bytes(n * n * 31 // 7 % 256 for n in range(48_000 * 4 * 3))
    wav = _wav(samples, rate=48_000, channels=2)

    outcome = run(wav)

    bits = outcome.described("audio").size_bytes * 8 / 3
    assert 110_000 < bits < 140_000


@pytest.mark.parametrize(
    ("layout", "rate", "channels", "expected_rate"),
    [
        ("mono", 44_100, 1, 44_100),
        ("mono", 8_000, 1, 48_000),
        ("5.1", 48_000, 2, 48_000),
        ("stereo", 96_000, 2, 48_000),
    ],
)
def test_channels_and_rates_become_those_of_every_player(
    layout: str, rate: int, channels: int, expected_rate: int
) -> None:
    data = clips.audio(Tone(codec="pcm_s16le", layout=layout, rate=rate), 1.0, container="wav")

    clip = Clip(run(data).variant("audio"))

    assert (clip.channels, clip.sample_rate) == (channels, expected_rate)
    assert clip.loudness(0.3, 0.7) > 0.3
    assert clip.sound_end == pytest.approx(1, abs=0.05)


def test_channels_without_a_place_become_left_and_right() -> None:
    wav = _wav(b"\x00\x40\x00\xc0\x00\x00" * 48_000, rate=48_000, channels=3)

    clip = Clip(run(wav).variant("audio"))

    assert clip.channels == 2


@pytest.mark.parametrize(("container", "codec"), [("mp3", "libmp3lame"), ("flac", "flac")])
def test_cover_of_an_album_leaves_audio_audio(container: str, codec: str) -> None:
    data = _with_cover(container, codec)
    assert b"\xff\xd8\xff" in data

    outcome = run(data)

    assert outcome.processed.kind is Kind.AUDIO
    assert outcome.files.keys() == {"audio.m4a"}
    assert Clip(outcome.variant("audio")).streams == ["audio"]


def test_title_in_any_encoding_is_read() -> None:
    data = clips.audio(Tone(codec="flac"), 0.5, container="flac", metadata={"title": "Cafexx"})
    data = data.replace(b"Cafexx", b"Caf\xe9\xff\x80")

    assert run(data).processed.kind is Kind.AUDIO


def _with_cover(container: str, codec: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container) as target:
        sound = target.add_stream(codec, rate=48_000, layout="stereo")
        cover = target.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        packet = av.Packet(encoded(picture((255, 0, 0)), "JPEG"))
        packet.stream, packet.pts, packet.dts, packet.is_keyframe = cover, 0, 0, True
        target.mux(packet)
        for samples in Tone().samples(1.0):
            target.mux(sound.encode(samples))
        target.mux(sound.encode(None))
    return out.getvalue()


def test_eleven_minutes_are_too_long() -> None:
    wav = _wav(bytes(8_000 * 660), rate=8_000, channels=1, bits=8)

    outcome = run(wav)

    assert outcome.reason == "MEDIA_TOO_LONG"
    rejected = outcome.lines[-1].rejected
    assert rejected is not None
    assert rejected.metadata == {"limit": "600000"}


def test_eleven_minutes_without_a_stated_duration_are_too_long() -> None:
    # Silence in frames of the lowest bit rate: FFmpeg estimates the duration from the first ones.
    tone = Tone(codec="aac", volume=0.0, layout="mono", rate=8_000)
    second = clips.audio(tone, 8.0, container="adts")
    repeated = second * 83

    assert run(repeated).reason == "MEDIA_TOO_LONG"


def test_video_without_pictures_is_audio() -> None:
    data = clips.audio(Tone(), 1.0, container="mov")

    processed = run(data).processed

    assert processed.kind is Kind.AUDIO
    assert processed.content_type == "audio/quicktime" or processed.content_type == "audio/mp4"


def test_track_of_sound_without_sound_makes_a_silent_video() -> None:
    data = clips.video([quarters(64, 64)] * 5, tones=[Tone(offset=10.0)])

    outcome = run(data)

    assert not outcome.processed.has_sound
    assert Clip(outcome.variant("video")).streams == ["video"]


def _wav(samples: bytes, *, rate: int, channels: int, bits: int = 16) -> bytes:
    """PCM in a WAV file whose channels have no places if there are more than two."""
    block = channels * bits // 8
    form = (1).to_bytes(2, "little") + channels.to_bytes(2, "little")
    form += rate.to_bytes(4, "little") + (rate * block).to_bytes(4, "little")
    form += block.to_bytes(2, "little") + bits.to_bytes(2, "little")
    chunks = b"fmt " + len(form).to_bytes(4, "little") + form
    chunks += b"data" + len(samples).to_bytes(4, "little") + samples
    return b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WAVE" + chunks


def test_rate_that_changes_leaves_no_gap() -> None:
    seconds = [*Tone(rate=44_100).samples(1.0), *Tone(rate=48_000, layout="mono").samples(1.0)]
    track = SoundTrack(seconds[0])

    time = Fraction(0)
    converted = []
    for frame in seconds:
        end = time + Fraction(frame.samples, frame.sample_rate)
        converted += track.convert(Sound(frame, time, end))
        time = end
    converted += track.rest()

    assert {(frame.sample_rate, frame.layout.name) for frame in converted} == {(44_100, "stereo")}
    assert float(track.seconds) == pytest.approx(float(time), abs=0.01)
    starts = [frame.pts for frame in converted]
    ends = [frame.pts + frame.samples for frame in converted]
    assert starts == [0, *ends[:-1]]
