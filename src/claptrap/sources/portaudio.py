"""PortAudio, the microphone library: its list of devices, opening and closing, its errors in our words.

PortAudio is one per process: initialising, listing, opening and closing must not happen at the same time in two threads, and
its list of devices is frozen from initialisation on. Renewing the list means ending the library, which would kill every open
stream of the process. Whether one is open is therefore a fact about the process, and ``PORTAUDIO`` is the one guarded object
of the module level that says so; a second owner could not know. The library is loaded when first needed: where it is
missing, everything else works.
"""

from __future__ import annotations

import atexit
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from claptrap.core.errors import SourceError
from claptrap.sources.usb import Usb, split, usb_of_card

MAX_CHANNELS = 2  # a mean of more (a pulse device offers 32) says nothing more about a clap
BLOCK_S = 0.02
OPEN_S = 10.0  # a machine with many sound cards takes seconds to look at all of them
CLOSE_S = 1.0
LATENCY_S = 0.1  # what the system may hold ready, not what we wait: blocks come every 20 ms

DEVICE_UNAVAILABLE = -9985  # PaErrorCode paDeviceUnavailable
INVALID_DEVICE = -9996  # paInvalidDevice
EBUSY = 16  # the host's own word for it, under paUnanticipatedHostError
_CARD = re.compile(r"\(hw:(\d+),")  # ALSA numbers its cards in the order in which they were plugged in

T = TypeVar("T")
Receive = Callable[[NDArray[np.float32], bool], None]


@dataclass(frozen=True, slots=True)
class Device:
    """A microphone, or what else the system offers to record from.

    Attributes:
        name: as the system calls it.
        host_api: the system's sound interface that offers it: ALSA, Core Audio, …
        channels: most channels it can give.
        rate_hz: its own rate.
        default: whether it is what the system records from unless told otherwise.
        usb: which USB device it is; None where the system does not say, or it is none.
    """

    name: str
    host_api: str
    channels: int
    rate_hz: int
    default: bool
    usb: Usb | None = None

    @property
    def label(self) -> str:
        """Its name and who offers it."""
        return f"{self.name}, {self.host_api}"

    @property
    def id(self) -> str:
        """What to remember it by: the same after a restart or a replug, unlike its place in the list."""
        return f"{self.label}{self.usb or ''}"


@dataclass(frozen=True, slots=True)
class OpenMicrophone:
    """A microphone that is being recorded from.

    Attributes:
        device: which.
        rate_hz: samples per second and channel.
        channels: 1 or 2.
    """

    device: Device
    rate_hz: int
    channels: int


class PortAudio:
    """The process's PortAudio. Thread-safe.

    A sound system that hangs (a stopped PulseAudio, a driver in trouble) hangs whoever calls it, for ever. Every call is
    therefore made in a thread of its own that can be left behind; it keeps the lock, so that whoever comes after is told
    instead of hanging too, and all goes on by itself once the sound system does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_open = 0

    def devices(self) -> tuple[Device, ...]:
        """Return what can be recorded from. While a microphone is open, the list is that of when it was opened.

        Raises:
            SourceError: ``source.no_portaudio``, ``source.device_failed``, ``source.system_hangs``.
        """
        return Call(self._lock, self._list).result(OPEN_S)

    @contextmanager
    def recording(self, wanted: str, receive: Receive, ended: Callable[[], None]) -> Iterator[OpenMicrophone]:
        """Record from a microphone, at its own rate, until the context ends.

        Args:
            wanted: ``Device.id`` or a device's name; empty for the default.
            receive: gets each block: float32 samples (n, channels) that are valid during the call only, and whether some
                were lost just before it. It runs on PortAudio's own thread and must not wait.
            ended: told, on that thread, that no more will come.

        Raises:
            SourceError: as ``find``, or ``source.no_portaudio``, ``source.device_busy``, ``source.device_failed``,
                ``source.system_hangs``.
        """
        opening = Call(self._lock, lambda: self._open(wanted, receive, ended), undo=lambda made: self._close(made[0]))
        stream, opened = opening.result(OPEN_S)
        try:
            yield opened
        finally:
            Call(self._lock, lambda: self._close(stream), must=True).result(CLOSE_S)

    def _list(self) -> tuple[Device, ...]:
        with _translated(""):
            return tuple(_inputs(self._renewed()).values())

    def _open(self, wanted: str, receive: Receive, ended: Callable[[], None]) -> tuple[Any, OpenMicrophone]:
        with _translated(wanted):
            library = self._renewed()
            index, device = find(_inputs(library), wanted)
            opened = OpenMicrophone(device, device.rate_hz, min(MAX_CHANNELS, device.channels))
            stream = library.RawInputStream(  # the other one sets shapes in a way that NumPy 2.5 deprecates
                device=index,
                samplerate=opened.rate_hz,
                channels=opened.channels,
                dtype="float32",
                blocksize=round(BLOCK_S * opened.rate_hz),
                latency=LATENCY_S,
                callback=_passing_to(receive, opened.channels),
                finished_callback=ended,
            )
        self._n_open += 1
        try:
            with _translated(device.name):
                stream.start()
        except SourceError:
            self._close(stream)
            raise
        return stream, opened

    def _close(self, stream: Any) -> None:  # sounddevice has no types
        self._n_open -= 1
        stream.close()  # aborts it first

    def _renewed(self) -> Any:  # sounddevice has no types
        """Return the library, with today's devices unless a stream is open."""
        library = _load()
        if not self._n_open:
            if library._initialized:  # noqa: SLF001  # sounddevice offers no public way to see new devices
                library._terminate()  # noqa: SLF001  # as above
            library._initialize()  # noqa: SLF001  # as above
        return library


class Call(Generic[T]):
    """One call of the library, in a daemon thread that may be left behind.

    Args:
        lock: held during the call.
        work: the call.
        undo: what to do with its result if nobody waits for it any more.
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
        threading.Thread(target=self._run, name="portaudio:call", daemon=True).start()

    def result(self, timeout_s: float) -> T:
        """Return what the call returned, or raise what it raised.

        Raises:
            SourceError: ``source.system_hangs``, when it took longer than ``timeout_s``.
        """
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


def _passing_to(receive: Receive, channels: int) -> Callable[[Any, int, Any, Any], None]:
    """Return what sounddevice calls with each block: raw bytes, valid during the call only."""

    def callback(raw: Any, _n: int, _time: Any, status: Any) -> None:  # sounddevice has no types
        receive(np.frombuffer(raw, np.float32).reshape(-1, channels), bool(status.input_overflow))

    return callback


def _load() -> Any:  # sounddevice has no types
    try:
        import sounddevice  # noqa: PLC0415  # loads a system library that may be missing
    except (OSError, ImportError) as exc:
        raise SourceError("source.no_portaudio") from exc
    atexit.unregister(sounddevice._exit_handler)  # noqa: SLF001  # it would wait for a sound system that hangs; we close ourselves
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
            usb=usb_of_card(int(card[1])) if (card := _CARD.search(entry["name"])) else None,
        )
        for index, entry in enumerate(library.query_devices())
        if entry["max_input_channels"] > 0
    }


def find(inputs: dict[int, Device], wanted: str) -> tuple[int, Device]:
    """Choose the device that a person means.

    Args:
        inputs: what there is, by its place in the list.
        wanted: ``Device.id``; its beginning without the USB device, or a name, as older settings have them; any of them with
            another number of the ALSA card. Empty for the default, or the first where the system names none.

    Raises:
        SourceError: ``source.no_device`` where there is none at all, ``source.device_missing`` where there are only others;
            ``source.device_another`` where there is one of the same make and it is another one, or cannot be told to be the
            same; ``source.device_ambiguous`` where several are called the same and nothing tells them apart.
    """
    if not inputs:
        raise SourceError("source.no_device", retryable=True)
    if not wanted:
        return max(inputs.items(), key=lambda entry: entry[1].default)
    called, usb = split(wanted)
    alike = [e for e in inputs.items() if _any_card(called) in (_any_card(e[1].label), _any_card(e[1].name))]
    if not alike:
        raise SourceError("source.device_missing", retryable=True, device=called)
    if usb is not None and any(device.usb for _, device in alike):
        return _same_usb(alike, usb, called)
    found = [e for e in alike if called in (e[1].label, e[1].name)] or alike
    if found[0][1].label in {device.label for _, device in found[1:]} or (found is alike and len(alike) > 1):
        raise SourceError("source.device_ambiguous", retryable=True, device=called)
    return found[0]


def _same_usb(alike: list[tuple[int, Device]], usb: Usb, called: str) -> tuple[int, Device]:
    """Return the device that is plugged in where it was, or else has its serial number and is alone in that."""
    for entry in alike:
        if entry[1].usb == usb:
            return entry
    namesakes = [e for e in alike if e[1].usb and usb.serial and (e[1].usb.make, e[1].usb.serial) == (usb.make, usb.serial)]
    if len(namesakes) == 1:
        return namesakes[0]
    raise SourceError("source.device_another", retryable=True, device=called)


def _any_card(name: str) -> str:
    return _CARD.sub("(hw:*,", name)


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
