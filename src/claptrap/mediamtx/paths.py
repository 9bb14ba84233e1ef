"""Which streams MediaMTX serves, by its API on this machine."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from claptrap.core.errors import ServiceError

API_HOST, API_PORT = "127.0.0.1", 9997
RTSP_PORT = 8554
ASK_S = 3.0
MOST_ANSWER_BYTES = 1_000_000
MOST_PATHS = 100
MOST_NAME = 200


@dataclass(frozen=True, slots=True)
class StreamPath:
    """One stream.

    Attributes:
        name: its path, e.g. ``mic``.
        url: what an RTSP source listens to.
        ready: whether somebody sends now; one that is started on demand is not, before somebody listens.
        tracks: the codecs that are sent.
    """

    name: str
    url: str
    ready: bool
    tracks: tuple[str, ...]


def list_paths(host: str = API_HOST, port: int = API_PORT) -> tuple[StreamPath, ...]:
    """Return MediaMTX's streams, by name; ``MOST_PATHS`` at most.

    Raises:
        ServiceError: ``mediamtx.unreachable``, where nobody answers; ``mediamtx.no_api``, where what answers is no MediaMTX,
            or does not let us in.
    """
    where = f"{host}:{port}"
    try:
        listed = _ask(host, port, f"/v3/paths/list?itemsPerPage={MOST_PATHS}")
        rtsp_port = _rtsp_port(_ask(host, port, "/v3/config/global/get"))
        return tuple(sorted(_paths(listed, host, rtsp_port), key=lambda path: path.name))
    except OSError as error:
        raise ServiceError("mediamtx.unreachable", retryable=True, where=where) from error
    except (http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ServiceError("mediamtx.no_api", where=where) from error


def _ask(host: str, port: int, path: str) -> Any:
    """Return the JSON that is answered. Raises OSError, HTTPException, ValueError."""
    connection = http.client.HTTPConnection(host, port, timeout=ASK_S)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read(MOST_ANSWER_BYTES + 1)
    finally:
        connection.close()
    if answer.status != http.client.OK or len(body) > MOST_ANSWER_BYTES:
        raise ValueError(answer.status)
    return json.loads(body)


def _paths(listed: Any, host: str, rtsp_port: int) -> Iterator[StreamPath]:
    for item in listed["items"][:MOST_PATHS]:
        name = item["name"]
        if not isinstance(name, str) or not 0 < len(name) <= MOST_NAME or not name.isprintable():
            continue
        tracks = item.get("tracks") or ()
        is_ready = item.get("online", item.get("ready", False)) is True
        codecs = tuple(track[:MOST_NAME] for track in tracks[:MOST_PATHS] if isinstance(track, str))
        yield StreamPath(name, f"rtsp://{host}:{rtsp_port}/{quote(name)}", is_ready, codecs)


def _rtsp_port(config: Mapping[str, Any]) -> int:
    port = str(config.get("rtspAddress", "")).rpartition(":")[2]
    return int(port) if port.isascii() and port.isdecimal() and 0 < int(port) < 65_536 else RTSP_PORT
