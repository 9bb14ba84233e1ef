"""The sound of network cameras, by FFmpeg in this process (PyAV, loaded when first needed).

What was measured and is relied on (PyAV 18): a mute server hangs for ever without the ``timeout`` of ``av.open``; a
container must not be closed from another thread; a read that was cut off by the timeout (``ExitError``) can be tried again
and the stream goes on, except under TLS, so short reads are what lets a source look whether to stop. FFmpeg's errors quote
the whole address with its password: none of them leaves this file, not even as a cause.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.convert import mono, to_float32
from claptrap.audio.frame import Frame
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import SourceError
from claptrap.core.spec import RtspInput
from claptrap.core.weburl import give_credentials, redact, scrubbed
from claptrap.sources.base import Sink
from claptrap.sources.pacing import Pacing
from claptrap.sources.rtsp_preflight import Deadline, Stopped, authorities, rtsp_preflight

OPEN_S = 8.0  # from the name to the first packet; while FFmpeg opens, a halt waits for half of it at worst
STALLED_S = 10.0
READ_S = 0.4  # a read waits no longer before it looks whether to stop
TLS_READ_S = (
    4.0  # a read under TLS that is cut off ends the connection; so it may last, and only a stalled one delays a halt
)
PROBE_S = 10.0
LISTEN_S = 1.0
FLOOR_DBFS = -120.0
ANALYSE_US = 500_000  # FFmpeg looks at 5 s of a stream with several tracks otherwise

# Which jump of the sender's timestamps is a loss. Over UDP a lost packet leaves a hole of its own length; inside TCP nothing
# is lost on the way, and cameras that stamp by their wall clock jitter.
LEAST_GAP_S = {"udp": 0.015, "tcp": 0.2}
MOST_GAP_S = 10.0  # beyond, the sender's clock was set


@dataclass(frozen=True, slots=True)
class Track:
    """One audio track of a stream.

    Attributes:
        number: from 1; ``RtspInput.track``.
        codec: FFmpeg's name: aac, opus, pcm_mulaw, …
        rate_hz, channels: as announced; 0 where it is not.
    """

    number: int
    codec: str
    rate_hz: int
    channels: int


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
            SourceError: ``rtsp.unauthorized``, ``rtsp.forbidden``, ``rtsp.not_found``, ``rtsp.no_audio``, ``rtsp.no_track``
                and ``source.no_av``, which a person must mend; what ``rtsp_preflight`` raises; ``rtsp.rejected``,
                ``rtsp.server_error``, ``rtsp.stalled``, ``rtsp.undecodable``, ``rtsp.ended``, ``rtsp.timeout``,
                ``rtsp.failed``.
        """
        try:
            with _opened(self._wanted, self._open_s, sink.stop) as opened:
                live_as: tuple[int, int] | None = None
                for frame in opened.frames(self._stalled_s, sink.stop, self._clock, sink.pacing):
                    if live_as is None:
                        live_as = (frame.rate_hz, frame.samples.shape[1])
                        sink.live(*live_as)
                    sink.frame(frame)
        except Stopped:
            return


def probe(wanted: RtspInput, *, within_s: float = PROBE_S, stop: threading.Event | None = None) -> ProbeResult:
    """Say what ``wanted`` gives, or why it gives nothing; it takes ``within_s`` + ``LISTEN_S`` at most.

    Raises:
        SourceError: as ``RtspSource.run``; ``rtsp.given_up`` soon after ``stop`` was set.
    """
    stop = stop or threading.Event()
    try:
        return _probe(wanted, within_s, stop)
    except Stopped as exc:
        raise SourceError("rtsp.given_up", retryable=True, where=redact(wanted.url)) from exc


def _probe(wanted: RtspInput, within_s: float, stop: threading.Event) -> ProbeResult:
    with _opened(wanted, within_s, stop) as opened:
        sound = _first_second(opened, within_s, stop)
        level = _level_dbfs(np.concatenate([frame.samples for frame in sound]))
        first = sound[0]
        is_silent = not any(frame.samples.any() for frame in sound)
        return ProbeResult(
            codec=opened.tracks[wanted.track - 1].codec,
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


class OpenStream:
    """A container that is open, and the audio track that is wanted of it. Not thread-safe: one owner.

    Args:
        av: the library.
        container: PyAV's.
        wanted: what was opened.
    """

    def __init__(self, av: Any, container: Any, wanted: RtspInput) -> None:  # av is loaded late: its types are not at hand
        self._av = av
        self._container = container
        self._wanted = wanted
        self._where = redact(wanted.url)
        streams = container.streams.audio
        self.tracks = tuple(_track(number, stream) for number, stream in enumerate(streams, 1))
        if not self.tracks:
            raise SourceError("rtsp.no_audio", where=self._where)
        if wanted.track > len(self.tracks):
            raise SourceError("rtsp.no_track", where=self._where, tracks=len(self.tracks), track=wanted.track)
        self._stream = streams[wanted.track - 1]
        self._timeline = Timeline(LEAST_GAP_S[wanted.transport])

    def frames(self, stalled_s: float, stop: threading.Event, clock: Clock, pacing: Pacing | None = None) -> Iterator[Frame]:
        """Yield the sound as it comes, in frames as long as ``pacing`` says, until ``stop`` is set.

        Raises:
            SourceError: ``rtsp.ended``, ``rtsp.stalled``, ``rtsp.undecodable``, ``rtsp.failed``.
        """
        heard_at, n_broken, batcher = clock.monotonic(), 0, FrameBatcher(pacing or Pacing())
        with _translated(self._av, self._where):
            for packet in self._packets(stop, clock):
                if stop.is_set():
                    return
                decoded = self._decode(packet)
                if decoded is None:
                    n_broken += 1
                for frame in decoded or ():
                    heard_at, n_broken = clock.monotonic(), 0
                    yield from batcher.add(frame)
                if packet is None:
                    yield from batcher.flush()
                if clock.monotonic() - heard_at >= stalled_s:
                    raise self._stalled(stalled_s, n_broken)
        raise SourceError("rtsp.ended", retryable=True, where=self._where)

    def _packets(self, stop: threading.Event, clock: Clock) -> Iterator[Any]:
        """Yield the track's packets, and None for any other and whenever there was none for ``READ_S``; end with the stream.

        All tracks are asked for: asked for one, PyAV would wait for it without bound as long as others go on.
        """
        error = self._av.error
        while not stop.is_set():
            asked_at = clock.monotonic()
            try:
                for packet in self._container.demux():
                    yield packet if packet.stream_index == self._stream.index else None
                    asked_at = clock.monotonic()
            except (error.ExitError, error.BlockingIOError):
                yield None
                continue
            except error.OSError:
                if not _is_tls(self._wanted) or clock.monotonic() - asked_at < 0.9 * TLS_READ_S:
                    raise
                raise self._stalled(TLS_READ_S, 0) from None
            return
        yield None

    def _decode(self, packet: Any) -> list[Frame] | None:
        """Return the sound in a packet; None where it is broken, as UDP's may be."""
        if packet is None:
            return []
        try:
            return [self._frame(decoded) for decoded in packet.decode()]
        except self._av.error.InvalidDataError:
            return None

    def _frame(self, decoded: Any) -> Frame:
        channels = decoded.layout.nb_channels
        values = decoded.to_ndarray()
        samples = to_float32(values.T if decoded.format.is_planar else values.reshape(-1, channels))
        return Frame(samples, decoded.sample_rate, self._timeline.lost(decoded.time, len(samples), decoded.sample_rate))

    def _stalled(self, stalled_s: float, n_broken: int) -> SourceError:
        if n_broken:
            codec = self.tracks[self._wanted.track - 1].codec
            return SourceError("rtsp.undecodable", retryable=True, where=self._where, codec=codec)
        return SourceError("rtsp.stalled", retryable=True, where=self._where, seconds=round(stalled_s))


class FrameBatcher:
    """Frames that wait for the next, until they are as long as ``pacing`` says or the next does not continue them."""

    def __init__(self, pacing: Pacing) -> None:
        self._pacing = pacing
        self._frames: list[Frame] = []
        self._lasts_s = 0.0

    def add(self, frame: Frame) -> Iterator[Frame]:
        """Take the frame that follows; yield what need not wait any longer."""
        if self._frames and (frame.lost_samples or _form(frame) != _form(self._frames[0])):
            yield from self.flush()
        self._frames.append(frame)
        self._lasts_s += len(frame.samples) / frame.rate_hz
        if self._pacing.is_due(self._lasts_s):
            yield from self.flush()

    def flush(self) -> Iterator[Frame]:
        """Yield what waits, as one frame."""
        frames, self._frames, self._lasts_s = self._frames, [], 0.0
        if len(frames) > 1:
            samples = np.concatenate([frame.samples for frame in frames])
            yield Frame(samples, frames[0].rate_hz, frames[0].lost_samples)
        else:
            yield from frames


def _form(frame: Frame) -> tuple[int, int]:
    return frame.rate_hz, frame.samples.shape[1]


class Timeline:
    """Finds the holes in a stream by its sender's timestamps. Pure.

    Args:
        least_gap_s: a shorter jump is jitter.
    """

    def __init__(self, least_gap_s: float) -> None:
        self._least_gap_s = least_gap_s
        self._expected_s: float | None = None

    def lost(self, at_s: float | None, n_samples: int, rate_hz: int) -> int:
        """Return the samples missing just before ``n_samples`` that are stamped ``at_s`` (None: not stamped)."""
        if at_s is None:
            return 0
        gap_s = 0.0 if self._expected_s is None else at_s - self._expected_s
        self._expected_s = at_s + n_samples / rate_hz
        return round(gap_s * rate_hz) if self._least_gap_s <= gap_s <= MOST_GAP_S else 0


def _track(number: int, stream: Any) -> Track:
    codec = stream.codec_context
    return Track(number, codec.name, codec.sample_rate or 0, codec.channels or 0)


# -- opening ----------------------------------------------------------------------------------------------------------------


def _load() -> Any:  # av is loaded late: its types are not at hand
    try:
        import av  # noqa: PLC0415  # a binary package that may be missing; nothing else needs it
    except ImportError as exc:
        raise SourceError("source.no_av") from exc
    return av


@contextmanager
def _opened(wanted: RtspInput, within_s: float, stop: threading.Event | None = None) -> Iterator[OpenStream]:
    """Open a stream; it is closed by the same thread when the context ends."""
    av = _load()
    deadline = Deadline(redact(wanted.url), within_s, stop)
    rtsp_preflight(wanted.url, verify_tls=wanted.verify_tls, deadline=deadline)
    with _translated(av, redact(wanted.url), deadline):
        container = _open_tolerantly(av, wanted, deadline)
    with container:
        yield OpenStream(av, container, wanted)


def _open_tolerantly(av: Any, wanted: RtspInput, deadline: Deadline) -> Any:
    """Open the sound only, or everything where that does not do.

    Some cameras refuse to send sound alone, and give the same answer where they have none. And of two audio tracks alone,
    FFmpeg was seen to get the first only (G.711 and AAC, from GStreamer).
    """
    if wanted.track > 1:
        return _open(av, wanted, deadline, {})
    try:
        return _open(av, wanted, deadline, {"allowed_media_types": "audio"})
    except (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError, av.error.HTTPNotFoundError):
        raise
    except (av.error.HTTPClientError, av.error.InvalidDataError):
        return _open(av, wanted, deadline, {})


def _open(av: Any, wanted: RtspInput, deadline: Deadline, media: dict[str, str]) -> Any:
    options = {
        "rtsp_transport": wanted.transport,
        "protocol_whitelist": "rtsp,rtsps,rtp,udp,tcp,tls",  # a redirection leads nowhere else
        "analyzeduration": str(ANALYSE_US),
        "tls_verify": str(int(wanted.verify_tls)),
        **media,
    }
    if wanted.verify_tls and (trusted := authorities()):
        options["ca_file"] = trusted
    address = give_credentials(wanted.url, wanted.username, wanted.password)
    # the first bound is granted twice by PyAV: for the dialogue and for the first packets
    read_s = TLS_READ_S if _is_tls(wanted) else READ_S
    return av.open(address, options=options, timeout=(deadline.remaining_s() / 2, read_s))


def _is_tls(wanted: RtspInput) -> bool:
    return urlsplit(wanted.url).scheme == "rtsps"


@contextmanager
def _translated(av: Any, where: str, deadline: Deadline | None = None) -> Iterator[None]:
    """Turn FFmpeg's exceptions into ours; ``from None``, because they quote the address with its password."""
    try:
        yield
    except av.error.FFmpegError as exc:
        fault = _fault(av.error, exc, where, deadline)
    else:
        return
    raise fault from None


def _fault(error: Any, exc: Any, where: str, deadline: Deadline | None) -> SourceError:
    """Return our error for one of FFmpeg's; while opening, with the patience for it."""
    for kind, code, retryable in (
        (error.HTTPUnauthorizedError, "rtsp.unauthorized", False),
        (error.HTTPForbiddenError, "rtsp.forbidden", False),
        (error.HTTPNotFoundError, "rtsp.not_found", False),
        (error.HTTPServerError, "rtsp.server_error", True),
        (error.ConnectionRefusedError, "rtsp.refused", True),
        ((error.EOFError, error.ConnectionResetError, error.BrokenPipeError), "rtsp.ended", True),
    ):
        if isinstance(exc, kind):
            return SourceError(code, retryable=retryable, where=where)
    reason = scrubbed(exc.strerror or type(exc).__name__)
    if isinstance(exc, error.HTTPClientError):
        return SourceError("rtsp.rejected", retryable=True, where=where, reason=reason)
    if deadline is not None and isinstance(exc, error.ExitError | error.TimeoutError | error.InvalidDataError):
        return deadline.timeout_error()  # InvalidDataError is what FFmpeg makes of a dialogue that was cut off
    return SourceError("rtsp.failed", retryable=True, where=where, reason=reason)
