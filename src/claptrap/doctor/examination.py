"""The whole examination: every check, in the order in which a person would ask."""

from __future__ import annotations

import importlib.util
import threading
from dataclasses import dataclass
from pathlib import Path

from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import ModelError, SettingsError
from claptrap.doctor.finding import Finding, Severity
from claptrap.doctor.machine import ClockReading, examine_clock, examine_folder, examine_programs, is_clock_kept, who_serves
from claptrap.doctor.network import examine_network
from claptrap.doctor.ports import examine_vban, examine_web_port
from claptrap.doctor.sound import examine_sound
from claptrap.models.catalogue import CATALOGUE, has_yamnet_runtime, no_yamnet_runtime
from claptrap.models.model_store import find
from claptrap.settings.backups import Backups
from claptrap.settings.document import read_settings
from claptrap.settings.os_errors import read_error
from claptrap.settings.schema import Settings
from claptrap.settings.validation import SettingsFaults


@dataclass(frozen=True, slots=True)
class ExaminationTarget:
    """What is examined.

    Attributes:
        data_dir: the data folder.
        models: the folder of model files.
        host, port: where the page is, or would be.
    """

    data_dir: Path
    models: Path
    host: str
    port: int


def examine(patient: ExaminationTarget, *, clock: Clock | None = None) -> list[Finding]:
    """Examine the machine from outside of the service, which may run or not; it takes some seconds."""
    clock = clock or SystemClock()
    began = ClockReading.read(clock)
    served_by = who_serves(patient.data_dir)
    settings, about_settings = examine_settings(patient.data_dir)
    found = [
        *examine_folder(patient.data_dir, served_by),
        *about_settings,
        *examine_models(patient.models),
        examine_web_port(patient.host, patient.port),
        *examine_sound(settings, is_served=served_by is not None),
        *_libraries(),
        *examine_network(settings),
        *examine_vban(settings, is_served=served_by is not None),
        *examine_programs(),
    ]
    return [*found, examine_clock(began, ClockReading.read(clock), is_kept=is_clock_kept())]


def examine_from_inside(
    data_dir: Path, models: Path, settings: Settings, *, stop: threading.Event, clock: Clock | None = None
) -> list[Finding]:
    """Examine the machine from inside of the service: it has the port and the microphones itself. ``stop`` cuts it short."""
    clock = clock or SystemClock()
    began = ClockReading.read(clock)
    found = [
        *examine_folder(data_dir, who_serves(data_dir)),
        *examine_models(models),
        *examine_sound(settings, is_served=True, listen=False),
        *_libraries(),
        *examine_network(settings, stop=stop),
        *examine_vban(settings, is_served=True),
        *examine_programs(),
    ]
    return [*found, examine_clock(began, ClockReading.read(clock), is_kept=is_clock_kept())]


def examine_settings(data_dir: Path) -> tuple[Settings, list[Finding]]:
    """Return the settings of a data folder, the defaults where they cannot be used, and what is wrong with them."""
    path = data_dir / "settings.json"
    try:
        settings = read_settings(path)
    except (FileNotFoundError, NotADirectoryError):
        return Settings(), [Finding("settings", Severity.OK, "doctor.settings_to_be")]
    except OSError as error:
        return Settings(), [Finding.of("settings", Severity.FAULT, read_error(path, error))]
    except SettingsFaults as error:
        faults = [Finding("settings", Severity.FAULT, fault.code, fault.params, fault.path) for fault in error.faults]
        return Settings(), [*faults, _to_be_set_aside(data_dir)]
    except SettingsError as error:
        told = Finding.of("settings", Severity.FAULT, error)
        return Settings(), [told] if error.code == "settings.newer" else [told, _to_be_set_aside(data_dir)]
    about: dict[str, str | float] = {"sources": len(settings.sources), "webhooks": len(settings.targets())}
    return settings, [Finding("settings", Severity.OK, "doctor.settings", about)]


def _to_be_set_aside(data_dir: Path) -> Finding:
    """Return what the next start does with a damaged file."""
    good = next((backup.name for backup in Backups(data_dir / "backups").all() if backup.fault is None), None)
    if good is None:
        return Finding("settings-next", Severity.WARNING, "doctor.settings_lost")
    return Finding("settings-next", Severity.WARNING, "doctor.settings_back", {"backup": good})


def examine_models(folder: Path) -> list[Finding]:
    """Look whether the model files are there, and the very ones."""
    if not has_yamnet_runtime():
        return [Finding.of("model", Severity.OK, no_yamnet_runtime())]
    found: list[Finding] = []
    for model in CATALOGUE:
        try:
            path = find(model, folder)
        except ModelError as error:
            found.append(Finding.of("model", Severity.FAULT, error, model.title))
            continue
        if path is None:
            found.append(Finding("model", Severity.WARNING, "doctor.model_absent", {"folder": str(folder)}, model.title))
        else:
            found.append(Finding("model", Severity.OK, "doctor.model", {"path": str(path)}, model.title))
    return found


def _libraries() -> list[Finding]:
    if importlib.util.find_spec("av") is None:
        return [Finding("av", Severity.WARNING, "source.no_av")]
    return []
