"""Microphones: the library, what there is, what each gives at this moment."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from claptrap.core.errors import SourceError
from claptrap.doctor.finding import Finding, Severity
from claptrap.doctor.machine import may_hear
from claptrap.settings.schema import Settings
from claptrap.sources import alsa
from claptrap.sources.device import Device, find
from claptrap.sources.portaudio import PORTAUDIO, PortAudio

LISTEN_S = 0.4
PATIENCE_S = 3.0
LOOK_S = 0.02
MOST_DEVICES = 16
FLOOR_DBFS = -120.0


def examine_sound(
    settings: Settings, *, is_served: bool, listen: bool = True, portaudio: PortAudio = PORTAUDIO
) -> list[Finding]:
    """Look at the microphones, and listen to each for a moment.

    Args:
        settings: which ones are wanted.
        is_served: whether the service runs, which may have some of them open.
        listen: whether to open them; not from inside the service, which hears them already.
        portaudio: the process's library.
    """
    enabled = [(source.name, source.to_input().microphone) for source in settings.sources if source.enabled]
    wanted = [(name, device) for name, device in enabled if device is not None]
    grade = Severity.FAULT if wanted else Severity.WARNING
    if not may_hear():
        return [Finding("microphone", grade, "doctor.not_in_audio")]
    try:
        devices = portaudio.devices()
    except SourceError as error:
        return [Finding.of("portaudio", grade, error)]
    found = [Finding("portaudio", Severity.OK, "doctor.portaudio", {"devices": len(devices)})]
    if not devices:
        return [*found, Finding("microphone", grade, "source.no_device")]
    found += _missing(wanted, devices, is_served)
    if listen:
        chosen = {device.id for device in _chosen(wanted, devices)}
        found += [_listened(portaudio, device, device.id in chosen, is_served) for device in devices[:MOST_DEVICES]]
    return found


def _missing(wanted: Iterable[tuple[str, str]], devices: tuple[Device, ...], is_served: bool) -> Iterator[Finding]:
    """Yield a finding for each (source's name, device) whose device is not listed: it is absent, or in use."""
    for name, device in wanted:
        try:
            find(dict(enumerate(devices)), device)
        except SourceError as error:
            told = alsa.explain(error, device)
            if is_served and _is_ours(told):
                yield Finding("microphone", Severity.OK, "doctor.microphone_in_use", {}, name)
            else:
                yield Finding.of("microphone", Severity.FAULT, told, name)


def _chosen(wanted: Iterable[tuple[str, str]], devices: tuple[Device, ...]) -> Iterator[Device]:
    for _, device in wanted:
        try:
            yield find(dict(enumerate(devices)), device)[1]
        except SourceError:
            continue  # told by _missing


def _listened(portaudio: PortAudio, device: Device, is_wanted: bool, is_served: bool) -> Finding:
    try:
        heard = _record(portaudio, device)
    except SourceError as error:
        if is_served and _is_ours(error):
            return Finding("microphone", Severity.OK, "doctor.microphone_in_use", {}, device.name)
        return Finding.of("microphone", Severity.FAULT if is_wanted else Severity.WARNING, error, device.name)
    params = {"channels": device.channels, "rate_hz": device.rate_hz}
    if not heard.size:
        grade = Severity.FAULT if is_wanted else Severity.WARNING
        return Finding("microphone", grade, "doctor.microphone_mute", {"seconds": PATIENCE_S}, device.name)
    if not heard.any():
        return Finding("microphone", Severity.WARNING, "doctor.microphone_zeros", params, device.name)
    levels = {"peak_dbfs": _dbfs(float(np.abs(heard).max())), "rms_dbfs": _dbfs(float(np.sqrt(np.square(heard).mean())))}
    return Finding("microphone", Severity.OK, "doctor.microphone", {**params, **levels}, device.name)


def _is_ours(error: SourceError) -> bool:
    """Return whether the service that runs is likely to be the one that has the microphone."""
    by_python = str(error.params.get("program", "")).startswith(("claptrap", "python"))
    return error.code == "source.device_busy" or (error.code == "source.device_busy_by" and by_python)


def _record(portaudio: PortAudio, device: Device) -> NDArray[np.float32]:
    """Return (n,) samples of all channels, ``LISTEN_S`` of them or what came within ``PATIENCE_S``. Raises SourceError."""
    blocks: list[NDArray[np.float32]] = []
    until = time.monotonic() + PATIENCE_S
    with portaudio.recording(device.id) as recording:
        while sum(map(len, blocks)) < LISTEN_S * device.rate_hz and time.monotonic() < until:
            blocks.append(recording.read()[0])
            time.sleep(LOOK_S)
    return np.concatenate([block.reshape(-1) for block in blocks])


def _dbfs(amplitude: float) -> float:
    return round(max(FLOOR_DBFS, 20 * float(np.log10(max(amplitude, 1e-9)))), 1)
