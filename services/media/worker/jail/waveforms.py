"""The loudness of sound over its duration, for players that draw it."""

from array import array
from itertools import pairwise

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

PEAKS = 100

# Enough for the outline of loudness, at a sixth of the work.
_RATE = 8_000
# 10 ms.
_BLOCK = 80
_LOUDEST = 32_768


class Waveform:
    """Collects the peaks of blocks of 10 ms."""

    def __init__(self) -> None:
        self._resampler = AudioResampler(format="s16", layout="mono", rate=_RATE)
        self._blocks: list[int] = []

    def add(self, frame: AudioFrame | None) -> None:
        """Continue with these samples; end with None."""
        for mono in self._resampler.resample(frame):
            samples = array("h", bytes(mono.planes[0])[: mono.samples * 2])
            for start in range(0, len(samples), _BLOCK):
                block = samples[start : start + _BLOCK]
                self._blocks.append(max(*block, -min(block)))

    def peaks(self) -> bytes:
        """100 values: the peak of each hundredth of the duration, from 0 for silence to 255."""
        count = len(self._blocks)
        if not count:
            return bytes(PEAKS)
        bounds = [index * count // PEAKS for index in range(PEAKS + 1)]
        return bytes(
            max(self._blocks[start : max(end, start + 1)]) * 255 // _LOUDEST
            for start, end in pairwise(bounds)
        )
