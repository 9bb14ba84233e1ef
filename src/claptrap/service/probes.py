"""What a face asks of cameras and of the sound system, which may take seconds: few at once, and nobody waits at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from typing import Any, TypeVar

from claptrap.core.errors import ServiceError
from claptrap.core.spec import RtspInput
from claptrap.service.messages import with_messages
from claptrap.sources.microphone import Device, list_devices, measure
from claptrap.sources.rtsp import probe

MOST_CAMERAS = 2  # each holds one of the web's few threads
AGAIN_IN_S = 5  # trying a camera takes 1 to 11 s
MICROPHONE_AGAIN_IN_S = 1
LOOK_S = 0.25  # how often whoever waits looks whether it is still of use

T = TypeVar("T")


class ProbeExecutor:
    """Asks in daemon threads ``ask:WHAT``, for neither FFmpeg nor a sound system can be called off; they are left behind."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(MOST_CAMERAS)
        self._microphone = threading.Lock()
        self._ending = threading.Event()

    @property
    def ending(self) -> threading.Event:
        """Set once nobody waits for answers any more."""
        return self._ending

    def give_up(self) -> None:
        """Wait for no answer any more."""
        self._ending.set()

    def camera(self, wanted: RtspInput) -> dict[str, Any]:
        """Return what a camera gives (``sources.rtsp.ProbeResult``), as JSON data in words.

        Raises:
            ServiceError: ``api.too_many_probes``, at once: as many cameras as may be tried are being tried; those of which
                nobody waits for the answer any more are among them until they end. ``service.ending``.
            SourceError: why nothing can be heard.
        """
        if not self._free.acquire(blocking=False):
            raise ServiceError("api.too_many_probes", retryable=True, most=MOST_CAMERAS, seconds=AGAIN_IN_S)

        def ask() -> dict[str, Any]:
            try:
                return with_messages(asdict(probe(wanted, stop=self._ending)))
            finally:
                self._free.release()

        return self.answer("camera", ask)

    def devices(self) -> Sequence[Device]:
        """Return the microphones of this machine.

        Raises:
            ServiceError: ``service.ending``.
            SourceError: ``source.no_portaudio``, ``source.device_failed``, ``source.system_hangs``.
        """
        return self.answer("devices", list_devices)

    def microphone(self, device: str) -> dict[str, Any]:
        """Return how loud it is at a microphone (``sources.microphone.Measured``), as JSON data.

        Raises:
            ServiceError: ``api.microphone_probed``, at once, while one is being tried; ``service.ending``.
            SourceError: why nothing can be heard.
        """
        if not self._microphone.acquire(blocking=False):
            raise ServiceError("api.microphone_probed", retryable=True, seconds=MICROPHONE_AGAIN_IN_S)

        def ask() -> dict[str, Any]:
            try:
                return asdict(measure(device))
            finally:
                self._microphone.release()

        return self.answer("microphone", ask)

    def answer(self, about: str, ask: Callable[[], T]) -> T:
        """Return or raise what ``ask`` does, in a thread ``ask:ABOUT``.

        Raises:
            ServiceError: ``service.ending``.
        """
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(ask())
            except Exception as error:  # noqa: BLE001  # it is raised again where the answer is waited for
                answer.set_exception(error)

        threading.Thread(target=run, name=f"ask:{about}", daemon=True).start()
        while not self._ending.is_set():
            try:
                return answer.result(LOOK_S)
            except TimeoutError:
                if answer.done():  # it came at the last moment, or is itself that something took too long
                    return answer.result()
        raise ServiceError("service.ending", retryable=True)
