"""Helping a person whose ClapTrap does not do what it should: the examination from inside, and the support bundle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from claptrap.core.errors import ServiceError
from claptrap.doctor.log_tail import tail_of_log
from claptrap.models.catalogue import models_folder
from claptrap.service.probes import ProbeExecutor
from claptrap.service.settings_owner import SettingsOwner

AGAIN_IN_S = 10


class SupportBundles:
    """Makes support bundles, one at a time.

    Args:
        data_dir: the data folder.
        probes: whose threads may be left behind at the end.
        settings: the owner of what is in force.
        sources: gives each source with its status.
    """

    def __init__(
        self,
        data_dir: Path,
        probes: ProbeExecutor,
        settings: SettingsOwner,
        sources: Callable[[], Sequence[dict[str, Any]]],
    ) -> None:
        self._data_dir = data_dir
        self._probes = probes
        self._settings = settings
        self._sources = sources
        self._busy = threading.Lock()

    def create(self, metrics: str) -> bytes:
        """Return a support bundle (``doctor.bundle``); it takes some seconds.

        Args:
            metrics: what ``/metrics`` says.

        Raises:
            ServiceError: ``api.examining``, at once, while another is being made; ``service.ending``.
        """
        if not self._busy.acquire(blocking=False):
            raise ServiceError("api.examining", retryable=True, seconds=AGAIN_IN_S)

        def make() -> bytes:
            try:
                from claptrap.doctor.bundle import BundleContents, bundle  # noqa: PLC0415  # few ever ask for one
                from claptrap.doctor.examination import examine_from_inside  # noqa: PLC0415  # likewise
                from claptrap.doctor.processor import examine_processor  # noqa: PLC0415  # likewise

                settings = self._settings.current
                examined = examine_from_inside(self._data_dir, models_folder(), settings, stop=self._probes.ending)
                findings = [*examine_processor(None), *examined]
                return bundle(BundleContents(findings, settings.whole(), tail_of_log(), metrics, self._sources()))
            finally:
                self._busy.release()

        return self._probes.run("examination", make)
