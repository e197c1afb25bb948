"""From decoded sound of any form to what the AAC encoder takes, without gaps, from second 0."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import av
from av.audio.frame import AudioFrame
from av.filter import Graph

from services.media.worker.jail.decoding import Sound
from services.media.worker.jail.demuxing import corruption_refused
from services.media.worker.jail.filtering import Filter, chain

# Others are converted to the second.
_SAMPLE_RATES = (44_100, 48_000)
BIT_RATE = 128_000

# Timestamps may differ from the count of samples by this many seconds before silence is put in, or
# samples are left out.
_TOLERATED_DRIFT = 0.1


class _Form(NamedTuple):
    """What a filter graph is made for."""

    rate: int
    format: str
    layout: str
    channels: int


class SoundTrack:
    """Converts sound to stereo, or mono that was mono, at a rate that every player has."""

    def __init__(self, first: AudioFrame) -> None:
        """`first` decides the rate and the number of channels."""
        self.rate = first.sample_rate if first.sample_rate in _SAMPLE_RATES else _SAMPLE_RATES[1]
        self.layout = "mono" if first.layout.nb_channels == 1 else "stereo"
        self._form: _Form | None = None
        self._graph: Graph | None = None
        self._samples = 0

    @property
    def seconds(self) -> Fraction:
        """The duration so far."""
        return Fraction(self._samples, self.rate)

    def convert(self, sound: Sound) -> Iterator[AudioFrame]:
        """The next samples, as far as they are complete."""
        frame = sound.frame
        form = _Form(
            frame.sample_rate, frame.format.name, frame.layout.name, frame.layout.nb_channels
        )
        if form != self._form:
            yield from self.rest()
        frame.time_base = Fraction(1, frame.sample_rate)
        frame.pts = round(sound.time * frame.sample_rate)
        with corruption_refused():
            if self._graph is None:
                self._form, self._graph = form, self._configured(form)
            self._graph.push(frame)
        yield from self._pulled(self._graph)

    def rest(self) -> Iterator[AudioFrame]:
        """The last samples."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pulled(self._graph)
            self._graph = None

    def _pulled(self, graph: Graph) -> Iterator[AudioFrame]:
        while True:
            try:
                frame = graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            if isinstance(frame, AudioFrame):
                frame.time_base = Fraction(1, self.rate)
                frame.pts = self._samples
                self._samples += frame.samples
                yield frame

    def _configured(self, form: _Form) -> Graph:
        # Channels without a known place are not mixed: the first two are left and right.
        is_placed = form.channels == 1 or "channels" not in form.layout
        return chain(
            [
                Filter(
                    "abuffer",
                    f"time_base=1/{form.rate}:sample_rate={form.rate}:sample_fmt={form.format}"
                    f":channel_layout={form.layout}",
                ),
                *([] if is_placed else [Filter("pan", "stereo|c0=c0|c1=c1")]),
                # `first_pts` counts samples at the rate of the input.
                Filter(
                    "aresample",
                    f"{self.rate}:async=1:min_hard_comp={_TOLERATED_DRIFT}"
                    f":first_pts={round(self.seconds * form.rate)}",
                ),
                Filter("aformat", f"sample_fmts=fltp:channel_layouts={self.layout}"),
                Filter("abuffersink"),
            ]
        )
