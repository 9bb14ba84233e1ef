"""MediaMTX's streams, as sources that could be added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from claptrap.mediamtx.paths import list_paths
from claptrap.settings.schema import RtspSource, Settings


class Streaming:
    """Says what MediaMTX of this machine serves.

    Args:
        settings: gives those in force.
    """

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings

    def paths(self) -> list[dict[str, Any]]:
        """Return each stream with the source that hears it, ``source_id``, None where there is none yet.

        Raises:
            ServiceError: ``mediamtx.unreachable``, ``mediamtx.no_api``.
        """
        heard = {source.input.url: source.id for source in self._settings().sources if isinstance(source, RtspSource)}
        return [{**asdict(path), "source_id": heard.get(path.url)} for path in list_paths()]
