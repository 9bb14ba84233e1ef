"""Cameras and microphones, tried out for a person: few at once, for it takes seconds, and the end does not wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

from claptrap.core.errors import InputError, ServiceError
from claptrap.service.messages import with_messages
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.merge import camera_input
from claptrap.sources.microphone import Device, list_devices, measure
from claptrap.sources.rtsp import probe

MAX_CAMERAS = 2  # each holds one of the web's few threads
AGAIN_IN_S = 5  # trying a camera takes 1 to 11 s
MICROPHONE_AGAIN_IN_S = 1

T = TypeVar("T")


class ProbeExecutor:
    """Asks in daemon threads ``ask:WHAT``, for neither FFmpeg nor a sound system can be called off; they are left behind.

    Args:
        settings: have the secrets that stand behind masks.
    """

    def __init__(self, settings: SettingsOwner) -> None:
        self._settings = settings
        self._free = threading.Semaphore(MAX_CAMERAS)
        self._microphone = threading.Lock()
        self._ending = threading.Event()
        self._awaited: set[Future[Any]] = set()
        self._lock = threading.Lock()

    @property
    def ending(self) -> threading.Event:
        """Set by ``cancel``: probes that look at it end early."""
        return self._ending

    def cancel(self) -> None:
        """Answer all that wait with ``service.ending``, now and from now on."""
        with self._lock:
            self._ending.set()
            for answer in self._awaited:
                with suppress(InvalidStateError):  # it has just come
                    answer.set_exception(_ending())

    def camera(self, given: Mapping[str, Any], source_id: str = "") -> dict[str, Any]:
        """Return what a camera gives (``sources.rtsp.ProbeResult``), as JSON data in words; nothing is kept.

        It takes ``PROBE_S`` + 1 s at most, after ``cancel`` only until the camera is next looked at.

        Args:
            given: the ``input`` of an RTSP source, as in the settings.
            source_id: the source that it would change, whose secrets stand behind the masks in it; empty for a new one.

        Raises:
            SettingsFaults: ``given`` is not valid.
            ServiceError: ``api.too_many_probes``, at once: ``MAX_CAMERAS`` are being tried; one whose answer is no longer
                waited for counts until it ends. ``service.ending``.
            SourceError: why nothing can be heard.
        """
        wanted = camera_input(self._settings.current, given, source_id)
        if not self._free.acquire(blocking=False):
            raise ServiceError("api.too_many_probes", retryable=True, most=MAX_CAMERAS, seconds=AGAIN_IN_S)
        return self.run("camera", lambda: with_messages(asdict(probe(wanted, stop=self._ending))), self._free.release)

    def devices(self) -> Sequence[Device]:
        """Return the microphones of this machine.

        Raises:
            ServiceError: ``service.ending``.
            SourceError: ``source.no_portaudio``, ``source.device_failed``, ``source.system_hangs``.
        """
        return self.run("devices", list_devices)

    def microphone(self, device: object) -> dict[str, Any]:
        """Return how loud it is at a microphone (``sources.microphone.Measured``), as JSON data; nothing is kept.

        Args:
            device: its id or name; empty for the system's default.

        Raises:
            InputError: ``api.bad_parameter``.
            ServiceError: ``api.microphone_probed``, at once, while one is being tried; ``service.ending``.
            SourceError: why nothing can be heard.
        """
        if not isinstance(device, str):
            raise InputError("api.bad_parameter", name="device")
        if not self._microphone.acquire(blocking=False):
            raise ServiceError("api.microphone_probed", retryable=True, seconds=MICROPHONE_AGAIN_IN_S)
        return self.run("microphone", lambda: asdict(measure(device)), self._microphone.release)

    def run(self, about: str, ask: Callable[[], T], release: Callable[[], object] = bool) -> T:
        """Return or raise what ``ask`` does, in a thread ``ask:ABOUT``.

        Args:
            about: for the thread's name.
            ask: what takes its time.
            release: called once ``ask`` has ended, though its answer may not be waited for any more, or could not begin.

        Raises:
            ServiceError: ``service.ending``.
        """
        answer: Future[T] = Future()

        def work() -> None:
            outcome: Callable[[], None]
            try:
                outcome = partial(answer.set_result, ask())
            except Exception as error:  # noqa: BLE001  # it is raised again where the answer is waited for
                outcome = partial(answer.set_exception, error)
            release()  # before the answer, after which the same may be asked again
            with suppress(InvalidStateError):  # ``cancel`` has answered it
                outcome()

        try:
            self._begin(answer, threading.Thread(target=work, name=f"ask:{about}", daemon=True))
        except BaseException:
            release()
            raise
        try:
            return answer.result()
        finally:
            with self._lock:
                self._awaited.discard(answer)

    def _begin(self, answer: Future[Any], thread: threading.Thread) -> None:
        with self._lock:
            if self._ending.is_set():
                raise _ending()
            thread.start()
            self._awaited.add(answer)


def _ending() -> ServiceError:
    return ServiceError("service.ending", retryable=True)
