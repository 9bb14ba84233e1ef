"""MediaMTX's streams, as sources that could be added."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from claptrap.core.errors import ServiceError
from claptrap.mediamtx.config import ApiAddress
from claptrap.mediamtx.paths import list_paths
from claptrap.service.messages import with_messages
from claptrap.service.settings_owner import SettingsOwner


class MediaMtxStreams:
    """Lists what MediaMTX of this machine serves.

    Args:
        settings: the owner of what is in force.
        config: the configuration of the MediaMTX that runs beside ClapTrap, which says where its API is.
        api: where another one is asked instead; None for that one.
    """

    def __init__(self, settings: SettingsOwner, config: Path, api: ApiAddress | None = None) -> None:
        self._settings = settings
        self._config = config
        self._api = api

    def paths(self) -> dict[str, Any]:
        """Return ``paths``, each with the source that hears it, ``source_id``, None where there is none yet.

        Beside it, in words, why there are none: ``mediamtx.unreachable``, ``mediamtx.api_login``, ``mediamtx.no_api``; that
        is no failure, for few people need MediaMTX.
        """
        try:
            found = list_paths(self._api or ApiAddress.of_configuration(self._config))
        except ServiceError as error:
            return with_messages({"paths": [], "code": error.code, "params": dict(error.params)})
        inputs = {source.id: source.to_input() for source in self._settings.current.sources}
        heard = {wanted.server: source_id for source_id, wanted in inputs.items() if wanted.server}
        paths = [{**asdict(path), "source_id": heard.get(path.url)} for path in found]
        return with_messages({"paths": paths, "code": "", "params": {}})
