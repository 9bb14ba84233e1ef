"""One source's life: connect, run, fail, wait, retry.

A source is a blocking ``run`` that returns or raises; all retries are here, once for all kinds (after MediaMTX's
``staticsources/handler.go``). So is the watchdog: another thread calls ``watch`` every second, and a source that gives no
sound is stopped and reopened, whatever it is waiting for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from claptrap.audio.frame import Frame
from claptrap.audio.hopper import Hopper, Hops
from claptrap.core.backoff import Backoff
from claptrap.core.clock import Clock
from claptrap.core.errors import ClapTrapError, SourceError
from claptrap.core.events import SourceStatus, State, StatusSink
from claptrap.core.rate_limit import LogThrottle, RateLimitedCounter
from claptrap.core.spec import SourceSpec
from claptrap.runtime.channel_meter import ChannelMeter
from claptrap.runtime.liveness import Liveness, SoundFault
from claptrap.runtime.proof import Proof
from claptrap.runtime.quiet import QuietBuffer
from claptrap.runtime.stream import Stream
from claptrap.sources.base import Source, StopSignal
from claptrap.sources.pacing import Pacing

HEALTHY_S = 30.0  # a source that gave sound for this long starts from the shortest wait again
INTERRUPTED_S = 60.0  # sound this recent: whatever the reason, it is an interruption, and the source is tried again soon
PERMANENT_RETRY_S = 60.0  # what a person must mend is still tried now and then: they may have mended it
JOIN_S = 1.5
_ABANDONED = "it hung and was left behind"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunnerContext:
    """What all runners of a worker share.

    Attributes:
        build: makes the source of a spec.
        open_stream: announces a new stream to the onset thread.
        status: receives states.
        clock: the machine's.
        backoff: waits between runs.
    """

    build: Callable[[SourceSpec], Source]
    open_stream: Callable[[Stream], None]
    status: StatusSink
    clock: Clock
    backoff: Backoff = field(default_factory=Backoff)


class Runner:
    """Owns the thread ``capture:ID`` and the source's state. Start once, halt once.

    Attributes:
        spec: the source.
        slot: its index in the arrays of detection.
        stop: makes the source return from this run; the runner decides what comes next.
        pacing: how much sound the source gathers before each frame.
        channels: compares the channels, while a person calibrates.
    """

    def __init__(self, spec: SourceSpec, slot: int, context: RunnerContext) -> None:
        self.spec = spec
        self.slot = slot
        self.stop = StopSignal()
        self.pacing = Pacing()
        self.channels = ChannelMeter()
        self._halted = threading.Event()
        self._context = context
        self._lock = threading.Lock()  # of the next five, between the capture thread and the watchdog's
        self._status = SourceStatus(spec.id, State.IDLE)
        self._liveness = Liveness(context.clock.monotonic())
        self._fault: SoundFault | None = None
        self._reopens_for: SoundFault | None = None  # why the watchdog ended this run, whatever the source says meanwhile
        self._log_throttle = LogThrottle()
        self._stream: Stream | None = None
        self._hopper = Hopper(spec.input.heard_channel, self.channels)
        self._proof: Proof | None = None  # what is still to be mixed in
        self._updated_at = float("-inf")
        self._sound_at = float("-inf")  # monotonic seconds of the newest frame
        self._drops = RateLimitedCounter()
        self._n_missing = 0
        self._is_abandoned = False
        # a daemon: a device or a network that hangs must not keep the process from ending
        self._thread = threading.Thread(target=self._run, name=f"capture:{spec.id}", daemon=True)

    @property
    def status(self) -> SourceStatus:
        """The source's current status."""
        return self._status

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def halt(self) -> None:
        """Request the end, without waiting for it."""
        self._halted.set()
        self.stop.set()

    def join(self, timeout_s: float = JOIN_S) -> None:
        """Wait for the end, after ``halt``; a source that hangs is abandoned, and what it does has no effect any more."""
        self._thread.join(max(0.0, timeout_s))
        if self._thread.is_alive():
            self._is_abandoned = True
            if (stream := self._stream) is not None:
                stream.fail(_ABANDONED)  # else no other stream could use its slot for as long as it hangs
            _log.error("%s: the source hangs, it did not stop within %.1f s", self.spec.id, JOIN_S)

    def prove(self, proof: Proof) -> None:
        """Mix the claps of ``proof`` into the sound, from the next frame on."""
        self._proof = proof

    def watch(self) -> None:
        """Check the sound, publish what changed, and stop a source that gives none. For another thread to call."""
        with self._lock:
            if self._status.state not in (State.CONNECTING, State.LIVE) or self.stop.is_set():
                return
            found, before = self._liveness.check(self._context.clock.monotonic()), self._fault
            is_ours = self._status.code in ("", before.code if before else "")  # what the source itself says is more precise
            if found == before or (found and not found.reopen and not is_ours):
                return
            self._fault = found
            if found:
                self._change(code=found.code, params=found.params)
            elif is_ours:
                self._change(code="", params={})
            is_due = True
            if found and found.reopen:
                self._reopens_for = found
                self.stop.set()
                is_due = self._log_throttle.is_due(f"watch: {found.code}", self._context.clock.monotonic())
        if found:
            _log.log(logging.WARNING if is_due else logging.DEBUG, "%s: %s", self.spec.id, _as_error(found))
        else:
            _log.info("%s: the sound is well again", self.spec.id)

    # -- the sink that the source talks to ------------------------------------------------------------------------------

    def live(self, rate_hz: int, channels: int) -> None:
        """Begin a new stream: the source has opened, or its sound does not continue the sound before.

        Raises:
            SourceError: ``source.deaf``, where this runner was abandoned by ``join``.
        """
        self._end_stream()
        if self._is_abandoned:
            raise SourceError("source.deaf", reason=_ABANDONED)
        now = self._context.clock.monotonic()
        with self._lock:
            self._fault = None
            self._liveness.opened(now)
        self._hopper, self._quiet = Hopper(self.spec.input.heard_channel, self.channels), QuietBuffer()
        epoch = f"{self.spec.epoch_prefix}{int(self._context.clock.unix() * 1000):x}"
        self.pacing.set_urgent(False)
        self._stream = Stream(self.spec.id, self.slot, epoch, pacing=self.pacing, channels=self.channels)
        self._context.open_stream(self._stream)
        self._update(state=State.LIVE, code="", params={}, attempt=0, next_in_s=0.0, rate_hz=rate_hz, channels=channels)
        _log.info("%s: live, %d Hz, %d channel(s)", self.spec.id, rate_hz, channels)

    def frame(self, frame: Frame) -> None:
        """Resample the next frame and write its hops.

        Raises:
            RuntimeError: before the first ``live``.
            SourceError: ``source.deaf``, retryable, where detection on this stream failed; ``source.no_channel``, where the
                sound has not the channel that was chosen.
        """
        stream = self._stream
        if stream is None:
            raise RuntimeError("a source must say live() before its first frame")
        if stream.failure is not None:
            raise SourceError("source.deaf", retryable=True, reason=stream.failure)
        now = self._context.clock.monotonic()
        self._sound_at = now
        with self._lock:
            self._liveness.heard(frame, now)
        for piece in self._quiet.push(frame, is_patient=self.pacing.is_patient and self._proof is None):
            self._process(piece, stream, now)
        if now - self._updated_at >= 1.0:
            drops, missing = self._drops.total, self._n_missing
            self._update(last_heard=self._context.clock.unix(), dropped_hops=drops, missing_hops=missing)

    def _process(self, frame: Frame, stream: Stream, now: float) -> None:
        if (proof := self._proof) is not None:
            stream.proof = proof  # before the hops are there for detection
            frame = proof.mix(frame, self._hopper.time_of(frame))
            self._proof = None if proof.is_mixed else proof
        hops, lost = self._hops(frame)
        self._n_missing += int(lost.sum())
        self._count_drops(stream.write(hops, lost, now), now)

    def _hops(self, frame: Frame) -> Hops:
        try:
            return self._hopper.push(frame)
        except ValueError as error:
            channel, channels = self.spec.input.heard_channel, frame.samples.shape[1]
            raise SourceError("source.no_channel", channel=channel, channels=channels) from error

    def waiting(self, code: str, **params: str | float) -> None:
        """Publish that the source has no sound for now and goes on waiting by itself; the stream ends."""
        self._end_stream()
        if code != self._status.code:
            _log.warning("%s: %s", self.spec.id, SourceError(code, retryable=True, **params))
        with self._lock:
            self._liveness, self._fault = Liveness(self._context.clock.monotonic()), None
            self._change(state=State.RETRYING, code=code, params=params, attempt=0, next_in_s=0.0)

    # -- the life -------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        failures = 0
        while self._begin_run():
            error = self._listen()
            if self._halted.is_set():
                break
            error = error or self._fault_as_error()
            if error is None:
                self._update(state=State.ENDED, code="", params={}, next_in_s=0.0)
                return
            if self._was_healthy():
                failures = 0
                with self._lock:
                    self._log_throttle.reset()
            failures += 1
            self._wait(error, failures)
        self._update(state=State.IDLE, code="", params={}, attempt=0, next_in_s=0.0)

    def _begin_run(self) -> bool:
        """Prepare another run of the source; return False after ``halt``."""
        self.stop.clear()
        if self._halted.is_set():  # asked after clearing: ``halt`` sets this one first
            return False
        with self._lock:
            self._liveness = Liveness(self._context.clock.monotonic())
            self._fault = self._reopens_for = None
        self._update(state=State.CONNECTING)
        return True

    def _listen(self) -> ClapTrapError | None:
        """Run the source once; return the error that ended it, None at its natural end."""
        try:
            self._context.build(self.spec).run(self)
        except ClapTrapError as error:
            return error
        except Exception as error:  # noqa: BLE001  # the supervisor contains any fault of one source, and says so
            _log.exception("%s: unexpected fault", self.spec.id)
            return SourceError("source.crashed", retryable=True, reason=f"{type(error).__name__}: {error}")
        finally:
            self._end_stream()
        return None

    def _fault_as_error(self) -> SourceError | None:
        """Return the fault for which the watchdog ended the run, None where it did not."""
        with self._lock:
            found = self._reopens_for
        return _as_error(found) if found else None

    def _end_stream(self) -> None:
        if self._stream is not None:
            now = self._context.clock.monotonic()
            try:
                for piece in self._quiet.flush():
                    self._process(piece, self._stream, now)
                self._stream.write(*self._hopper.finish(), now)
            finally:
                self._stream.end()
                self._stream = None
        if (proof := self._proof) is not None:
            proof.interrupt()
            self._proof = None

    def _was_healthy(self) -> bool:
        with self._lock:
            return self._liveness.healthy_s >= HEALTHY_S

    def _wait(self, error: ClapTrapError, failures: int) -> None:
        is_interrupted = isinstance(error, SourceError) and self._context.clock.monotonic() - self._sound_at < INTERRUPTED_S
        may_return = error.retryable or is_interrupted  # a server that restarts does not know its streams for a moment
        wait_s = self._context.backoff.wait_s(failures) if may_return else PERMANENT_RETRY_S
        state = State.RETRYING if may_return else State.FAILED
        with self._lock:
            is_due = self._log_throttle.is_due(error.code, self._context.clock.monotonic())
        _log.log(logging.WARNING if is_due else logging.DEBUG, "%s: %s (again in %.1f s)", self.spec.id, error, wait_s)
        self._update(state=state, code=error.code, params=error.params, attempt=failures, next_in_s=round(wait_s, 1))
        self._halted.wait(wait_s)

    def _count_drops(self, dropped: int, now: float) -> None:
        if dropped and (unsaid := self._drops.add(now, dropped)):
            _log.warning(
                "%s: hearing fell behind, %d hops of 20 ms lost (%d in all)", self.spec.id, unsaid, self._drops.total
            )

    def _update(self, **changes: object) -> None:
        with self._lock:
            self._change(**changes)

    def _change(self, **changes: object) -> None:
        """Change the status and publish it; to be called under the lock, so that the order is kept."""
        self._updated_at = self._context.clock.monotonic()
        self._status = replace(self._status, **changes)  # type: ignore[arg-type]  # replace checks the names at run time
        if not self._is_abandoned:  # another runner may be in charge of the source by now
            self._context.status.offer(self._status)


def _as_error(found: SoundFault) -> SourceError:
    return SourceError(found.code, retryable=True, **found.params)
