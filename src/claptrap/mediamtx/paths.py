"""Which streams MediaMTX serves, by its API on this machine."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from claptrap.core.errors import ServiceError
from claptrap.mediamtx.config import RTSP_PORT, ApiAddress

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
        ready: whether it has a sender now; one that is started on demand has none until it is listened to.
        tracks: the codecs that are sent.
    """

    name: str
    url: str
    ready: bool
    tracks: tuple[str, ...]


def list_paths(api: ApiAddress | None = None) -> tuple[StreamPath, ...]:
    """Return MediaMTX's streams, by name; ``MOST_PATHS`` at most.

    Args:
        api: where it is asked; by default on this machine.

    Raises:
        ServiceError: ``mediamtx.unreachable``, where nothing answers; ``mediamtx.api_login``, where it wants another user;
            ``mediamtx.no_api``, where what answers is no MediaMTX.
    """
    api = api or ApiAddress()
    host = f"[{api.host}]" if ":" in api.host else api.host
    where = f"{host}:{api.port}"
    try:
        listed = _ask(api, f"/v3/paths/list?itemsPerPage={MOST_PATHS}")
        rtsp_port = _rtsp_port(_ask(api, "/v3/config/global/get"))
        return tuple(sorted(_paths(listed, host, rtsp_port), key=lambda path: path.name))
    except _LoginError as error:
        raise ServiceError("mediamtx.api_login", where=where) from error
    except OSError as error:
        raise ServiceError("mediamtx.unreachable", retryable=True, where=where) from error
    except (http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ServiceError("mediamtx.no_api", where=where) from error


class _LoginError(Exception):
    """The API wants another user, or one at all."""


def _ask(api: ApiAddress, path: str) -> Any:
    """Return the JSON that is answered. Raises OSError, HTTPException, ValueError, _LoginError."""
    connection = http.client.HTTPConnection(api.host, api.port, timeout=ASK_S)
    headers = {"Accept": "application/json"}
    if api.username:
        headers["Authorization"] = "Basic " + b64encode(f"{api.username}:{api.password}".encode()).decode()
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read(MOST_ANSWER_BYTES + 1)
    finally:
        connection.close()
    if answer.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        raise _LoginError
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
