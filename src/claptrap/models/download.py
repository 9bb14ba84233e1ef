"""Fetch a model file: resumed if cut, bounded, verified before anything can load it, moved into place in one step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from claptrap.core.errors import ModelError
from claptrap.core.weburl import scrubbed
from claptrap.models.catalogue import ModelFile
from claptrap.models.model_store import verify

Progress = Callable[[int], bool]
"""Called with the number of bytes that are there; returns whether to go on."""

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_REDIRECTS = 5


def download(model: ModelFile, url: str, folder: Path, progress: Progress = lambda _: True) -> Path:
    """Fetch ``model`` from ``url`` into ``folder``; return its path.

    What a cut download left (``NAME.part``) is continued with a range request. A server that ignores the range is read from
    the start. A wrong file is deleted, so that the next try begins afresh.

    Raises:
        ModelError: ``model.stopped`` when ``progress`` said so (the part is kept); ``model.unreachable``, ``model.network``,
            ``model.status``, ``model.cut`` (retryable); ``model.too_large``, ``model.wrong``,
            ``model.wrong_size``, ``model.unwritable``.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole URLs, and a mirror's may hold a password
    part = folder / f"{model.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _fill(part, model, url, progress)
        _accept(part, model)
        return part.replace(folder / model.name)
    except OSError as error:
        raise ModelError("model.unwritable", path=str(folder), reason=error.strerror or str(error)) from error


def _fill(part: Path, model: ModelFile, url: str, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have >= model.size:
        return  # complete, or too much: the check that follows decides
    with _answer(url, have) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # there is no more than what is there: the check that follows decides
        resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT and _begins_at(answer, have)
        have = have if resumed else 0
        with part.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_bytes():
                have += len(chunk)
                if have > model.size:
                    break
                file.write(chunk)
                if not progress(have):
                    raise ModelError("model.stopped", retryable=True, name=model.name)
    if have > model.size:
        part.unlink()
        raise ModelError("model.too_large", host=_host(url), expected=model.size)
    if model.is_exact and have < model.size:
        raise ModelError("model.cut", retryable=True, size=have, expected=model.size)


def _accept(part: Path, model: ModelFile) -> None:
    try:
        verify(model, part)
    except ModelError:
        part.unlink()
        raise


@contextmanager
def _answer(url: str, have: int) -> Iterator[httpx.Response]:
    """Ask for the bytes from ``have`` on; translate the client's errors."""
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {"Accept-Encoding": "identity"}
    try:
        with (
            httpx.Client(timeout=_TIMEOUT, follow_redirects=True, max_redirects=_REDIRECTS) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            expected = (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT)
            is_whole = have and answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE
            if answer.status_code not in expected and not is_whole:
                raise ModelError("model.status", retryable=True, host=_host(url), status=answer.status_code)
            yield answer
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise ModelError("model.unreachable", retryable=True, host=_host(url)) from error
    except httpx.HTTPError as error:
        reason = scrubbed(str(error)) or type(error).__name__
        raise ModelError("model.network", retryable=True, host=_host(url), reason=reason) from error
    except httpx.InvalidURL as error:
        raise ModelError("model.network", host=_host(url), reason=scrubbed(str(error))) from error


def _host(url: str) -> str:
    """Return the part of an address that a person can check: its whole would fill four lines."""
    return urlsplit(url).hostname or scrubbed(url)


def _begins_at(answer: httpx.Response, have: int) -> bool:
    return str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")
