"""MediaMTX's streams, as sources that could be added."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from claptrap.core.errors import ClapTrapError, ServiceError, SourceError
from claptrap.core.spec import SourceInput
from claptrap.mediamtx.config import ApiAddress, serves
from claptrap.mediamtx.paths import list_paths
from claptrap.service.messages import with_messages
from claptrap.service.settings_owner import SettingsOwner

# What a source says that listens to a MediaMTX which does not run, or has nothing to send.
EXPLAINED = {
    *("rtsp.refused", "rtsp.timeout", "rtsp.not_found", "rtsp.rejected", "rtsp.server_error", "rtsp.ended", "rtsp.stalled"),
    *("rtsp.unreachable", "rtsp.failed"),
}


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
        self._problems: Callable[[], Sequence[ClapTrapError]] = lambda: ()

    def supervise(self, problems: Callable[[], Sequence[ClapTrapError]]) -> None:
        """Explain failing sources by ``problems``, those of the MediaMTX that runs beside ClapTrap."""
        self._problems = problems

    def explain(self, wanted: SourceInput, error: SourceError) -> SourceError:
        """Return what that MediaMTX cannot do, where a source listens to it in vain; else ``error`` itself."""
        if error.code not in EXPLAINED or not serves(self._config, wanted.server):
            return error
        found = next(iter(self._problems()), None)
        return error if found is None else SourceError(found.code, retryable=True, **found.params)

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
