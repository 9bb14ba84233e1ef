"""The sound of network cameras: the source, and the trial of an address."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.convert import mono
from claptrap.audio.frame import Frame
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import SourceError
from claptrap.core.spec import RtspInput
from claptrap.core.weburl import redact
from claptrap.sources.base import Sink
from claptrap.sources.rtsp_preflight import Stopped
from claptrap.sources.rtsp_stream import ALONE_S, OpenStream, Track, open_stream

OPEN_S = 8.0  # from the name to the first packet; while FFmpeg opens, a halt waits for half of it at worst
STALLED_S = 10.0
PROBE_S = 10.0
LISTEN_S = 1.0
FLOOR_DBFS = -120.0


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What an address gives.

    Attributes:
        codec, rate_hz, channels: of the wanted track.
        level_dbfs: root mean square over the first second, dB relative to full scale; −120 for exact silence.
        tracks: all audio tracks.
        code: ``source.zeros`` where the sound is exactly nothing; else empty.
        params: values for that sentence.
    """

    codec: str
    rate_hz: int
    channels: int
    level_dbfs: float
    tracks: tuple[Track, ...]
    code: str
    params: dict[str, str | float]


class RtspSource:
    """One audio track of an RTSP stream.

    Args:
        wanted: which.
        open_s: bound on opening.
        stalled_s: after how long without sound it is given up.
        clock: measures that.
    """

    def __init__(
        self, wanted: RtspInput, *, open_s: float = OPEN_S, stalled_s: float = STALLED_S, clock: Clock | None = None
    ) -> None:
        self._wanted = wanted
        self._open_s = open_s
        self._stalled_s = stalled_s
        self._clock = clock or SystemClock()

    def run(self, sink: Sink) -> None:
        """Listen until stopped.

        Raises:
            SourceError: what a person must mend: ``rtsp.unauthorized``, ``rtsp.credentials_needed``,
                ``rtsp.digest_unsupported``, ``rtsp.forbidden``, ``rtsp.not_found``, ``rtsp.no_audio``, ``rtsp.no_track``,
                ``rtsp.transport_refused``, ``rtsp.transport_mismatch``, ``rtsp.adts``, ``source.no_av``; what
                ``rtsp_preflight`` raises; ``rtsp.rejected``, ``rtsp.server_error``, ``rtsp.stalled``, ``rtsp.undecodable``,
                ``rtsp.ended``, ``rtsp.timeout``, ``rtsp.failed``.
        """
        try:
            alone_s = min(ALONE_S, self._stalled_s)
            with (
                sink.stop.waking(sink.pacing.wake),
                open_stream(self._wanted, self._open_s, sink.stop, alone_s=alone_s) as opened,
            ):
                live_as: tuple[int, int] | None = None
                for frame in opened.frames(self._stalled_s, sink.stop, self._clock, sink.pacing):
                    if live_as is None:
                        live_as = (frame.rate_hz, frame.samples.shape[1])
                        sink.live(*live_as)
                    sink.frame(frame)
        except Stopped:
            return


def probe(wanted: RtspInput, *, within_s: float = PROBE_S, stop: threading.Event | None = None) -> ProbeResult:
    """Say what ``wanted`` gives, or why it gives nothing.

    It takes ``within_s`` + ``LISTEN_S``; where a camera wants to be asked in another way ``within_s`` more, and where it
    fails up to ``DIAGNOSE_S`` more.

    Raises:
        SourceError: as ``RtspSource.run``; ``rtsp.given_up`` soon after ``stop`` was set.
    """
    stop = stop or threading.Event()
    try:
        return _probe(wanted, within_s, stop)
    except Stopped as exc:
        raise SourceError("rtsp.given_up", retryable=True, where=redact(wanted.url)) from exc


def _probe(wanted: RtspInput, within_s: float, stop: threading.Event) -> ProbeResult:
    with open_stream(wanted, within_s, stop) as opened:
        sound = _first_second(opened, within_s, stop)
        level = _level_dbfs(np.concatenate([frame.samples for frame in sound]))
        first = sound[0]
        is_silent = not any(frame.samples.any() for frame in sound)
        return ProbeResult(
            codec=opened.track.codec,
            rate_hz=first.rate_hz,
            channels=first.samples.shape[1],
            level_dbfs=level,
            tracks=opened.tracks,
            code="source.zeros" if is_silent else "",
            params={"seconds": LISTEN_S} if is_silent else {},
        )


def _first_second(opened: OpenStream, within_s: float, stop: threading.Event) -> list[Frame]:
    """Return the frames of the first second, or of what comes of it; at least one, all of one form. Raises Stopped."""
    sound: list[Frame] = []
    for frame in opened.frames(min(LISTEN_S, within_s), stop, SystemClock()):
        if sound and frame.samples.shape[1] != sound[0].samples.shape[1]:
            break
        sound.append(frame)
        if sum(len(f.samples) for f in sound) >= LISTEN_S * frame.rate_hz:
            break
    if not sound:
        raise Stopped
    return sound


def _level_dbfs(samples: NDArray[np.float32]) -> float:
    power = float(np.square(mono(samples), dtype=np.float64).mean()) if len(samples) else 0.0
    return round(max(FLOOR_DBFS, 10 * float(np.log10(max(power, 1e-18)))), 1)
