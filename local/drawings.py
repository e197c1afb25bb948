"""Draws sample pictures, clips and sounds for seeded users and the demo; the same for one seed."""

from __future__ import annotations

import colorsys
import io
import math
import random
import struct
import wave
from fractions import Fraction

import av
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]

FRAMES_PER_SECOND = 24
SAMPLES_PER_SECOND = 44_100


def landscape(seed: int, *, width: int = 1200, height: int = 800) -> Image.Image:
    """Draws hills below a sky with a sun."""
    dice = random.Random(seed)  # noqa: S311  sample content, not a secret
    hue = dice.random()
    picture = Image.new("RGB", (1, height))
    for y in range(height):
        picture.putpixel((0, y), _colour(hue + 0.1 * y / height, 0.45, 0.95 - 0.25 * y / height))
    picture = picture.resize((width, height))
    brush = ImageDraw.Draw(picture)
    _draw_sun(brush, dice, width, height)
    for layer in range(4):
        colour = _colour(hue + 0.35, 0.5, 0.6 - 0.13 * layer)
        brush.polygon(_hills(dice, width, height, height * (0.55 + 0.12 * layer)), fill=colour)
    return picture


def jpeg(picture: Image.Image) -> bytes:
    """Encodes a picture as JPEG."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=88)
    return file.getvalue()


def gif(seed: int, *, side: int = 240, frames: int = 12) -> bytes:
    """Draws an animation: a ball that circles on a plain ground."""
    hue = random.Random(seed).random()  # noqa: S311  sample content, not a secret
    drawn = [_ball(hue, side, side, turn / frames) for turn in range(frames)]
    file = io.BytesIO()
    drawn[0].save(file, "GIF", save_all=True, append_images=drawn[1:], duration=80, loop=0)
    return file.getvalue()


def clip(seed: int, *, seconds: float = 2.0, width: int = 640, height: int = 360) -> bytes:
    """Draws a video as MP4: a ball that circles, with a tone."""
    hue = random.Random(seed).random()  # noqa: S311  sample content, not a secret
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        pictures = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        pictures.options = {"preset": "veryfast"}
        sounds = container.add_stream("aac", rate=SAMPLES_PER_SECOND)
        sounds.layout = "mono"
        for number in range(round(seconds * FRAMES_PER_SECOND)):
            turn = number / FRAMES_PER_SECOND / 2
            picture = _ball(hue, width, height, turn).convert("RGBA").tobytes()
            frame = av.VideoFrame.from_bytes(picture, width, height, format="rgba")
            container.mux(pictures.encode(frame))
        samples = _tone(220 * 2**hue, seconds)
        for start in range(0, len(samples), 1024):
            container.mux(sounds.encode(_audio_frame(samples[start : start + 1024], start)))
        container.mux(pictures.encode(None))
        container.mux(sounds.encode(None))
    return file.getvalue()


def sound(seed: int, *, seconds: float = 2.0) -> bytes:
    """Makes a tone as WAV."""
    pitch = 220 * 2 ** random.Random(seed).random()  # noqa: S311  sample content, not a secret
    samples = _tone(pitch, seconds)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLES_PER_SECOND)
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _draw_sun(brush: ImageDraw.ImageDraw, dice: random.Random, width: int, height: int) -> None:
    x, y, radius = dice.uniform(0.2, 0.8) * width, dice.uniform(0.15, 0.4) * height, height / 12
    brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 244, 214))


def _hills(dice: random.Random, width: int, height: int, base: float) -> list[tuple[float, float]]:
    waves = [(dice.uniform(1, 5), dice.uniform(0, math.tau), dice.uniform(10, 40)) for _ in "abc"]
    step = max(1, width // 120)
    line = [
        (
            x,
            base
            + sum(size * math.sin(times * math.tau * x / width + at) for times, at, size in waves),
        )
        for x in range(0, width + step, step)
    ]
    return [*line, (width, height), (0, height)]


def _ball(hue: float, width: int, height: int, turn: float) -> Image.Image:
    picture = Image.new("RGB", (width, height), _colour(hue, 0.35, 0.3))
    radius, away = min(width, height) / 8, min(width, height) / 3
    x = width / 2 + away * math.cos(turn * math.tau)
    y = height / 2 + away * math.sin(turn * math.tau)
    box = (x - radius, y - radius, x + radius, y + radius)
    ImageDraw.Draw(picture).ellipse(box, fill=_colour(hue + 0.5, 0.6, 0.95))
    return picture


def _tone(pitch: float, seconds: float) -> list[int]:
    count = round(seconds * SAMPLES_PER_SECOND)
    # The loudness rises and falls, so that a waveform has a shape.
    return [
        round(
            9000
            * math.sin(math.pi * number / count)
            * math.sin(math.tau * pitch * number / SAMPLES_PER_SECOND)
        )
        for number in range(count)
    ]


def _audio_frame(samples: list[int], start: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples))
    frame.planes[0].update(struct.pack(f"<{len(samples)}h", *samples))
    frame.sample_rate = SAMPLES_PER_SECOND
    frame.time_base = Fraction(1, SAMPLES_PER_SECOND)
    frame.pts = start
    return frame
