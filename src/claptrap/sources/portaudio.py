"""PortAudio, the microphone library: its list of devices, opening and closing, its errors in our words.

PortAudio is one per process: initialising, listing, opening and closing must not happen at the same time in two threads, and
its list of devices is frozen from initialisation on. Renewing the list means ending the library, which would kill every open
stream of the process. Whether one is open is therefore a fact about the process, and ``PORTAUDIO`` is the one guarded object
of the module level that says so; a second owner could not know. While one is open, another process with a PortAudio of its
own (``sources.recorder_process``) lists what there is today, and records what was plugged in
since. The library is loaded when first needed: where it is missing, everything else works.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar, cast

import numpy as np

from claptrap.core.errors import SourceError
from claptrap.sources import alsa, pulse, recorder_process
from claptrap.sources.device import CARD, Device, MicrophoneRecording, OpenMicrophone, Samples, find
from claptrap.sources.usb import usb_of_card

MAX_CHANNELS = 32
SERVER_CHANNELS = 2  # what a sound server or ALSA's plugins offer (up to 128) are copies and mixtures of few inputs
OPEN_S = 10.0  # a machine with many sound cards takes seconds to look at all of them
CLOSE_S = 1.0
PERIOD_S = 0.025  # as often as a card says how much it has recorded
SERVER_PERIOD_S = 0.04  # as often as a sound server hands sound over, which wakes this process each time
PERIODS = 16  # that it holds ready, as many as most cards can

DEVICE_UNAVAILABLE = -9985  # PaErrorCode paDeviceUnavailable
INVALID_DEVICE = -9996  # paInvalidDevice
INVALID_CHANNELS = -9998  # paInvalidChannelCount
EBUSY = 16  # the host's own word for it, under paUnanticipatedHostError
OUT_OF_DATE = frozenset(  # what may be the fault of a list that is older than today's devices
    {"source.no_device", "source.device_missing", "source.device_another", "source.device_ambiguous", "source.device_failed"}
)

T = TypeVar("T")


class PortAudio:
    """The process's PortAudio. Thread-safe.

    A sound system that hangs (a stopped PulseAudio, a driver in trouble) hangs its caller, for ever. Every call is
    therefore made in a thread of its own that can be left behind; it keeps the lock, so that the next caller gets an error
    instead of hanging too, and all goes on by itself once the sound system does.

    Args:
        may_end_us: whether the library may end this process, as it does where ALSA has no configuration; else it is tried in
            another one before, where that seems to be so.
    """

    def __init__(self, *, may_end_us: bool = False) -> None:
        self._is_sure = may_end_us
        self._lock = threading.Lock()
        self._n_open = 0  # streams of this process, which freeze the list
        self._heard: list[OpenMicrophone] = []  # here or apart; under the next one
        self._heard_lock = threading.Lock()
        self._listing = threading.Lock()

    def devices(self) -> tuple[Device, ...]:
        """Return what can be recorded from at this moment, and what is being recorded from, which no list may show (ALSA).

        Raises:
            SourceError: ``source.no_portaudio``, ``source.device_failed``, ``source.system_hangs``.
        """
        with self._listing:  # one process at a time, however many ask
            listed = recorder_process.devices() if self._n_open else Call(self._lock, self._list).result(OPEN_S)
        known = {device.id for device in listed}
        with self._heard_lock:
            recorded = {heard.device.id: heard.device for heard in self._heard if heard.device.id not in known}
        return (*listed, *recorded.values())

    @contextmanager
    def recording(self, wanted: str, channel: str = "auto") -> Iterator[MicrophoneRecording]:
        """Record from a microphone, at its own rate, until the context ends; yield what its sound is read from.

        Args:
            wanted: ``Device.id`` or a device's name; empty for the default.
            channel: which channel is going to be heard, as for ``audio.channels``; so many are recorded as that needs.

        Raises:
            SourceError: as ``find``, or ``source.no_portaudio``, ``source.device_busy``, ``source.device_busy_by``,
                ``source.device_busy_server``, ``source.device_twice``, ``source.device_failed``, ``source.system_hangs``.
        """
        try:
            recording, close = self._opened(wanted, channel)
        except SourceError as error:
            raise self._explain(error, wanted) from error
        with self._heard_lock:
            self._heard.append(recording.opened)
        try:
            yield recording
        finally:
            with self._heard_lock:
                self._heard.remove(recording.opened)
            close()

    def _opened(self, wanted: str, channel: str) -> tuple[MicrophoneRecording, Callable[[], None]]:
        """Open a microphone here or, where the list is too old for it, apart; return it, and what closes it."""
        opening = Call(self._lock, lambda: self._open(wanted, channel), undo=lambda made: self._close(made.stream))
        try:
            recording = opening.result(OPEN_S)
        except SourceError as error:
            if error.code not in OUT_OF_DATE or not self._n_open:
                raise
            apart = recorder_process.record(wanted, channel)
            return apart, apart.close

        def close() -> None:
            Call(self._lock, lambda: self._close(recording.stream), must=True).result(CLOSE_S)

        return recording, close

    def _explain(self, error: SourceError, wanted: str) -> SourceError:
        """Return who has the microphone, where that is why it cannot be had."""
        with self._heard_lock:
            heard = {name for one in self._heard for name in (one.device.id, one.device.label, one.device.name)}
        if error.code in ("source.device_busy", "source.device_missing") and {wanted, error.params["device"]} & heard:
            return SourceError("source.device_twice", retryable=True, device=error.params["device"])
        return alsa.explain(error, wanted)

    def _list(self) -> tuple[Device, ...]:
        with _translated(""):
            return tuple(self._inputs().values())

    def _open(self, wanted: str, channel: str) -> _LibraryRecording:
        with _translated(wanted):
            inputs = self._inputs()
            index, device = find(inputs, wanted)
            stream, channels = _input_stream(index, device, channel)
        self._n_open += 1
        try:
            with _translated(device.name):
                stream.start()
            opened = OpenMicrophone(device, device.rate_hz, channels, self._pulse_stream(device))
            return _LibraryRecording(stream, opened)
        except Exception:
            self._close(stream)
            raise

    def _pulse_stream(self, device: Device) -> pulse.PulseStream | None:
        """Return where the sound server has put the stream that was opened just now; None where none has it."""
        if _is_card(device):
            return None
        with self._heard_lock:
            others = {heard.pulse_stream.stream for heard in self._heard if heard.pulse_stream}
        return pulse.newest_stream(os.getpid(), others)

    def _close(self, stream: Any) -> None:  # sounddevice has no types
        self._n_open -= 1
        stream.close()  # aborts it first

    def _inputs(self) -> dict[int, Device]:
        """Return what can be recorded from, by its place in PortAudio's list: today's devices, unless a stream is open."""
        if not self._is_sure and not alsa.is_configured():
            recorder_process.devices()
        self._is_sure = True
        library = _load()
        if self._n_open:
            return {index: device for index, device in _inputs(library).items() if alsa.is_card_present(device.name)}
        if library._initialized:  # noqa: SLF001  # sounddevice offers no public way to see new devices
            library._terminate()  # noqa: SLF001  # as above
        library._initialize()  # noqa: SLF001  # as above
        return _inputs(library)


class Call(Generic[T]):
    """One call of the library, in a daemon thread that may be left behind.

    Args:
        lock: held during the call.
        work: the call.
        undo: what to do with its result if it comes too late.
        must: wait for the lock however long it takes: what was opened must be closed one day.
    """

    def __init__(
        self, lock: threading.Lock, work: Callable[[], T], *, undo: Callable[[T], None] | None = None, must: bool = False
    ) -> None:
        self._lock = lock
        self._work = work
        self._undo = undo
        self._must = must
        self._outcome: Future[T] = Future()

    def result(self, timeout_s: float) -> T:
        """Make the call, once; return what it returned, or raise what it raised.

        Raises:
            SourceError: ``source.system_hangs``, when it took longer than ``timeout_s``.
        """
        threading.Thread(target=self._run, name="portaudio:call", daemon=True).start()
        try:
            return self._outcome.result(timeout_s)
        except TimeoutError:
            if self._outcome.cancel():
                raise SourceError("source.system_hangs", retryable=True, seconds=timeout_s) from None
            return self._outcome.result()  # it came at the last moment

    def _run(self) -> None:
        if not self._lock.acquire(timeout=-1 if self._must else OPEN_S):
            return
        try:
            self._hand_over(*self._worked())
        finally:
            self._lock.release()

    def _worked(self) -> tuple[T | None, Exception | None]:
        try:
            return self._work(), None
        except Exception as error:  # noqa: BLE001  # it is raised again where the result is asked for
            return None, error

    def _hand_over(self, made: T | None, error: Exception | None) -> None:
        if not self._outcome.set_running_or_notify_cancel():
            if self._undo is not None and error is None:
                self._undo(cast("T", made))
        elif error is not None:
            self._outcome.set_exception(error)
        else:
            self._outcome.set_result(cast("T", made))


PORTAUDIO = PortAudio()


def channels_of(device: Device, channel: str) -> int:
    """Return how many channels of ``device`` to record, so that ``channel`` (as for ``audio.channels``) can be heard."""
    most = MAX_CHANNELS if _is_card(device) else SERVER_CHANNELS
    return min(device.channels, max(SERVER_CHANNELS, int(channel)) if channel.isdecimal() else most)


def _is_card(device: Device) -> bool:
    """Return whether a device is hardware, and no sound server or plugin of ALSA's."""
    return device.host_api != "ALSA" or CARD.search(device.name) is not None


def _input_stream(index: int, device: Device, channel: str) -> tuple[Any, int]:  # sounddevice has no types
    """Return a stream that is not started, and its channels: few where the device takes fewer than it says."""
    most, library = channels_of(device, channel), _load()
    for channels in dict.fromkeys((most, min(most, SERVER_CHANNELS))):
        try:
            return library.RawInputStream(  # the other one sets shapes in a way that NumPy 2.5 deprecates
                device=index,
                samplerate=device.rate_hz,
                channels=channels,
                dtype="float32",
                blocksize=0,
                latency=PERIODS * (PERIOD_S if _is_card(device) else SERVER_PERIOD_S),
            ), channels
        except Exception as exc:  # sounddevice's PortAudioError; the import alone would name it
            if exc.args[1:2] != (INVALID_CHANNELS,) or channels <= SERVER_CHANNELS:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


class _LibraryRecording:
    """A stream that PortAudio records. No thread of its own: what has come waits with the system until it is read.

    Args:
        stream: sounddevice's, started.
        opened: what it records.
    """

    def __init__(self, stream: Any, opened: OpenMicrophone) -> None:  # sounddevice has no types
        self.stream = stream
        self.opened = opened

    def read(self) -> tuple[Samples, bool]:
        """See ``MicrophoneRecording``."""
        try:
            n = self.stream.read_available
            raw, has_overflowed = self.stream.read(n) if n else (b"", False)
        except Exception as exc:  # sounddevice's PortAudioError; the import alone would name it
            raise SourceError("source.device_lost", retryable=True, device=self.opened.device.name) from exc
        return np.frombuffer(raw, np.float32).reshape(-1, self.opened.channels), bool(has_overflowed)


def _load() -> Any:  # sounddevice has no types
    try:
        import sounddevice  # noqa: PLC0415  # loads a system library that may be missing
    except (OSError, ImportError) as exc:
        raise SourceError("source.no_portaudio") from exc
    atexit.unregister(sounddevice._exit_handler)  # noqa: SLF001  # it would wait for a sound system that hangs; we close ourselves
    with suppress(AttributeError, OSError):  # a PortAudio without ALSA has no such function
        ctypes.CDLL(sounddevice._libname).PaAlsa_SetNumPeriods(PERIODS)  # noqa: SLF001  # sounddevice does not offer it
    return sounddevice


def _inputs(library: Any) -> dict[int, Device]:  # sounddevice has no types
    """Return what can be recorded from, by its place in PortAudio's list."""
    host_apis = [api["name"] for api in library.query_hostapis()]
    default = library.default.device[0]
    return {
        index: Device(
            name=entry["name"],
            host_api=host_apis[entry["hostapi"]],
            channels=entry["max_input_channels"],
            rate_hz=round(entry["default_samplerate"]),
            default=index == default,
            usb=usb_of_card(int(card[1])) if (card := CARD.search(entry["name"])) else None,
        )
        for index, entry in enumerate(library.query_devices())
        if entry["max_input_channels"] > 0
    }


@contextmanager
def _translated(wanted: str) -> Iterator[None]:
    """Turn the library's exceptions into ours, about the device ``wanted``."""
    try:
        yield
    except SourceError:
        raise
    except Exception as exc:  # sounddevice raises PortAudioError, ValueError, TypeError; the import alone would name them
        raise fault(exc.args, wanted or "default") from exc


def fault(args: tuple[Any, ...], device: str) -> SourceError:
    """Return our error for a foreign one.

    Args:
        args: of sounddevice's PortAudioError: text, PaErrorCode, (host API, the host's error code, its text); the last ones
            may be missing. Of any other exception: anything.
        device: which device it is about.
    """
    code = args[1] if len(args) > 1 else None
    host_code, host_text = args[2][1:] if len(args) > 2 else (None, "")
    if code == DEVICE_UNAVAILABLE or (host_code is not None and abs(host_code) == EBUSY):
        return SourceError("source.device_busy", retryable=True, device=device)
    if code == INVALID_DEVICE:
        return SourceError("source.device_missing", retryable=True, device=device)
    reason = host_text or (str(args[0]) if args else "unknown")
    return SourceError("source.device_failed", retryable=True, device=device, reason=reason)
