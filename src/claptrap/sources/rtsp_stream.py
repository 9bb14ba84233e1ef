"""One RTSP stream, opened by FFmpeg in this process (PyAV, loaded when first needed), and the sound of it.

What was measured and is relied on (PyAV 18): a mute server hangs for ever without the ``timeout`` of ``av.open``; a
container must not be closed from another thread; a read that was cut off by the timeout (``ExitError``) can be tried again
and the stream goes on, except under TLS, so short reads are what lets a source look whether to stop. FFmpeg's errors quote
the whole address with its password: none of them leaves this file, not even as a cause.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from claptrap.audio.convert import to_float32
from claptrap.audio.frame import Frame
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import SourceError
from claptrap.core.spec import RtspInput
from claptrap.core.weburl import give_credentials, redact, scrubbed
from claptrap.sources.pacing import LONG_S, Pacing
from claptrap.sources.rtsp_diagnosis import WITHIN_S as DIAGNOSE_S
from claptrap.sources.rtsp_diagnosis import diagnosed
from claptrap.sources.rtsp_frames import LEAST_GAP_S, FrameBatcher, Timeline
from claptrap.sources.rtsp_preflight import Deadline, authorities, rtsp_preflight

READ_S = 0.4  # a read waits no longer before it looks whether to stop
REST = 0.7  # of a frame's length after which packets are looked for again, which wait in the socket meanwhile …
WAITED_S = 0.002  # … where the last one had to be waited for: nothing is left behind there, however long a rest becomes
TLS_READ_S = (
    4.0  # a read under TLS that is cut off ends the connection; so it may last, and only a stalled one delays a halt
)
ALONE_S = 3.0  # a camera that was asked for its sound alone and sends nothing is asked for everything
ANALYSE_US = 500_000  # FFmpeg looks at 5 s of a stream with several tracks otherwise
NOT_ALONE = {"rtsp.rejected", "rtsp.ended", "rtsp.server_error"}  # what may be said to who asks for the sound alone
LOOKED_INTO = NOT_ALONE | {"rtsp.unauthorized", "rtsp.failed", "rtsp.timeout", "rtsp.stalled", "rtsp.undecodable"}
UNKNOWN = "unknown"  # a codec that FFmpeg does not know


@dataclass(frozen=True, slots=True)
class Track:
    """One audio track of a stream.

    Attributes:
        number: from 1; ``RtspInput.track``.
        codec: FFmpeg's name: aac, opus, pcm_mulaw, …; ``unknown`` for one that it does not know.
        rate_hz, channels: as announced; 0 where it is not.
    """

    number: int
    codec: str
    rate_hz: int
    channels: int


class OpenStream:
    """A container that is open, and the audio track that is wanted of it. Not thread-safe: one owner.

    Args:
        av: the library.
        container: PyAV's.
        wanted: what was opened.

    Attributes:
        tracks: all audio tracks.
        track: the one that is heard: the wanted one; the first that can be decoded, where the first one is wanted.
        was_heard: whether sound has been decoded.

    Raises:
        SourceError: ``rtsp.no_audio``, ``rtsp.no_track``, ``rtsp.undecodable``.
    """

    def __init__(self, av: Any, container: Any, wanted: RtspInput) -> None:  # av is loaded late: its types are not at hand
        self._av = av
        self._container = container
        self._wanted = wanted
        self._where = redact(wanted.url)
        self.tracks = tuple(_track(number, stream) for number, stream in enumerate(container.streams.audio, 1))
        self.track = _chosen(self.tracks, wanted.track, self._where)
        self.was_heard = False
        self._stream = container.streams.audio[self.track.number - 1]
        self._early: list[Any] = []  # packets that came while it was opened
        self._waited_s = 0.0  # for the newest packet
        self._timeline = Timeline(LEAST_GAP_S[wanted.transport])

    def wait_for_packet(self, within_s: float, deadline: Deadline, clock: Clock) -> bool:
        """Wait for the first packet of the track; return whether one came. Raises Stopped, SourceError."""
        until = clock.monotonic() + within_s
        with _translated(self._av, self._where):
            for packet in self._packets(threading.Event(), clock):
                if packet is not None:
                    self._early.append(packet)
                    return True
                if clock.monotonic() >= until:
                    return False
                deadline.check_stopped()
        return False

    def frames(self, stalled_s: float, stop: threading.Event, clock: Clock, pacing: Pacing | None = None) -> Iterator[Frame]:
        """Yield the sound as it comes, until ``stop`` is set.

        Raises:
            SourceError: ``rtsp.ended``, ``rtsp.stalled``, ``rtsp.undecodable``, ``rtsp.failed``.
        """
        pacing = pacing or Pacing()
        heard_at, n_broken, batcher = clock.monotonic(), 0, FrameBatcher(pacing)
        with _translated(self._av, self._where):
            for packet in self._packets(stop, clock):
                if stop.is_set():
                    return
                decoded = self._decode(packet, clock)
                if decoded is None:
                    n_broken += 1
                for frame in decoded or ():
                    heard_at, n_broken, self.was_heard = clock.monotonic(), 0, True
                    handed_on = list(batcher.add(frame))
                    yield from handed_on
                    if handed_on and self._waited_s >= WAITED_S and not pacing.is_urgent:
                        pacing.wait(REST * pacing.block_s)
                if packet is None and clock.monotonic() - heard_at >= LONG_S:  # no other track's, or a camera that pauses
                    yield from batcher.flush()
                if clock.monotonic() - heard_at >= stalled_s:
                    raise self._stalled(stalled_s, n_broken)
            if stop.is_set():
                return
            yield from batcher.flush()
        raise SourceError("rtsp.ended", retryable=True, where=self._where)

    def _packets(self, stop: threading.Event, clock: Clock) -> Iterator[Any]:
        """Yield the track's packets, and None for any other and whenever there was none for ``READ_S``; end with the stream.

        All tracks are asked for: asked for one, PyAV would wait for it without bound as long as others go on.
        """
        error = self._av.error
        early, self._early = self._early, []
        yield from early
        while not stop.is_set():
            asked_at = clock.monotonic()
            try:
                for packet in self._container.demux():
                    self._waited_s = clock.monotonic() - asked_at
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

    def _decode(self, packet: Any, clock: Clock) -> list[Frame] | None:
        """Return the sound in a packet; None where it is broken, as UDP's may be."""
        if packet is None:
            return []
        try:
            return [self._frame(decoded, clock.monotonic()) for decoded in packet.decode()]
        except self._av.error.InvalidDataError:
            return None

    def _frame(self, decoded: Any, now_s: float) -> Frame:
        channels = decoded.layout.nb_channels
        values = decoded.to_ndarray()
        samples = to_float32(values.T if decoded.format.is_planar else values.reshape(-1, channels))
        lost_samples = self._timeline.lost(decoded.time, len(samples), decoded.sample_rate, now_s)
        return Frame(samples, decoded.sample_rate, lost_samples)

    def _stalled(self, stalled_s: float, n_broken: int) -> SourceError:
        if n_broken:
            return SourceError("rtsp.undecodable", retryable=True, where=self._where, codec=self.track.codec)
        return SourceError("rtsp.stalled", retryable=True, where=self._where, seconds=round(stalled_s))


def _track(number: int, stream: Any) -> Track:
    codec = stream.codec_context
    return Track(number, codec.name, codec.sample_rate or 0, codec.channels or 0) if codec else Track(number, UNKNOWN, 0, 0)


def _chosen(tracks: tuple[Track, ...], wanted: int, where: str) -> Track:
    if not tracks:
        raise SourceError("rtsp.no_audio", where=where)
    if wanted > len(tracks):
        raise SourceError("rtsp.no_track", where=where, tracks=len(tracks), track=wanted)
    known = [track for track in tracks if track.codec != UNKNOWN and wanted in (1, track.number)]
    if not known:
        raise SourceError("rtsp.undecodable", retryable=True, where=where, codec=UNKNOWN)
    return known[0]


# -- opening ----------------------------------------------------------------------------------------------------------------


def _load() -> Any:  # av is loaded late: its types are not at hand
    try:
        import av  # noqa: PLC0415  # a binary package that may be missing; nothing else needs it
    except ImportError as exc:
        raise SourceError("source.no_av") from exc
    return av


@contextmanager
def open_stream(
    wanted: RtspInput, within_s: float, stop: threading.Event | None = None, *, alone_s: float = ALONE_S
) -> Iterator[OpenStream]:
    """Open a stream; it is closed by the same thread when the context ends.

    Args:
        wanted: which.
        within_s: bound on each opening; there are two at most, and then up to ``DIAGNOSE_S`` to find out why not.
        stop: set when it is no longer wanted.
        alone_s: how long the sound may not come when it is asked for alone.

    Raises:
        Stopped: ``stop`` was set.
        SourceError: as ``rtsp_preflight``, ``OpenStream`` and ``rtsp_diagnosis``.
    """
    av = _load()
    deadline = Deadline(redact(wanted.url), within_s, stop)
    rtsp_preflight(wanted.url, verify_tls=wanted.verify_tls, deadline=deadline)
    opened: OpenStream | None = None
    try:
        container, opened = _open_tolerantly(av, wanted, deadline, alone_s)
        with container:
            yield opened
    except SourceError as error:
        if error.code not in LOOKED_INTO or (opened is not None and opened.was_heard):
            raise
        cause = diagnosed(error, wanted, Deadline(redact(wanted.url), DIAGNOSE_S, stop))
    else:
        return
    raise cause


def _open_tolerantly(av: Any, wanted: RtspInput, deadline: Deadline, alone_s: float) -> tuple[Any, OpenStream]:
    """Open the sound only, or everything where that does not do.

    Some cameras refuse to send sound alone, and give the same answer where they have none; some accept, and send nothing
    until all their tracks are set up. And of two audio tracks alone, FFmpeg was seen to get the first only (G.711 and AAC,
    from GStreamer).
    """
    if wanted.track == 1 and (alone := _open_alone(av, wanted, deadline, alone_s)) is not None:
        return alone
    return _open(av, wanted, deadline.renewed(), {})


def _open_alone(av: Any, wanted: RtspInput, deadline: Deadline, alone_s: float) -> tuple[Any, OpenStream] | None:
    try:
        container, opened = _open(av, wanted, deadline, {"allowed_media_types": "audio"})
    except SourceError as error:
        if error.code in NOT_ALONE:
            return None
        raise
    is_heard = False
    try:
        is_heard = opened.wait_for_packet(alone_s, deadline, SystemClock())
    except SourceError as error:
        if error.code != "rtsp.stalled":  # so ends, under TLS, a read without sound
            raise
    finally:
        if not is_heard:
            container.close()
    return (container, opened) if is_heard else None


def _open(av: Any, wanted: RtspInput, deadline: Deadline, media: dict[str, str]) -> tuple[Any, OpenStream]:
    """Return PyAV's container, to be closed, and the stream in it. Raises Stopped, SourceError."""
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
    with _translated(av, redact(wanted.url), deadline):
        container = av.open(address, options=options, timeout=(deadline.remaining_s() / 2, read_s))
    try:
        return container, OpenStream(av, container, wanted)
    except SourceError:
        container.close()
        raise


def _is_tls(wanted: RtspInput) -> bool:
    return urlsplit(wanted.url).scheme == "rtsps"


@contextmanager
def _translated(av: Any, where: str, deadline: Deadline | None = None) -> Iterator[None]:
    """Turn FFmpeg's exceptions into ours; ``from None``, because they quote the address with its password."""
    bound_s = deadline.remaining_s() / 2 if deadline else 0.0
    began_s = time.monotonic()
    try:
        yield
    except av.error.FFmpegError as exc:
        is_late = deadline is not None and time.monotonic() - began_s >= 0.9 * bound_s
        fault = deadline.timeout_error() if deadline and is_late else _fault(av.error, exc, where)
    else:
        return
    raise fault from None


def _fault(error: Any, exc: Any, where: str) -> SourceError:
    """Return our error for one of FFmpeg's."""
    for kind, code, retryable in (
        (error.HTTPUnauthorizedError, "rtsp.unauthorized", False),
        (error.HTTPForbiddenError, "rtsp.forbidden", False),
        (error.HTTPNotFoundError, "rtsp.not_found", False),
        (error.HTTPServerError, "rtsp.server_error", True),
        (error.ConnectionRefusedError, "rtsp.refused", True),
        ((error.EOFError, error.ConnectionResetError, error.BrokenPipeError, error.InvalidDataError), "rtsp.ended", True),
    ):
        if isinstance(exc, kind):
            return SourceError(code, retryable=retryable, where=where)
    reason = scrubbed(exc.strerror or type(exc).__name__)
    code = "rtsp.rejected" if isinstance(exc, error.HTTPClientError) else "rtsp.failed"
    return SourceError(code, retryable=True, where=where, reason=reason)
