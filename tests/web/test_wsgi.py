"""Flask's threads at the end of the service."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from claptrap.web.wsgi import ThreadedWsgi

PATIENT_S = 20.0
SCOPE: Any = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "query_string": b"",
    "headers": [],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 2),
}


def test_nothing_more_is_made_for_somebody_who_has_gone() -> None:
    """A download that is broken off frees its thread; what it was made of is let go."""
    made, closed, told = [], threading.Event(), threading.Event()

    def app(_: object, start_response: Callable[..., object]) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            for number in range(1_000_000):
                made.append(number)
                yield b"part"
        finally:
            closed.set()

    async def ask() -> None:
        begun = asyncio.Event()

        async def receive() -> Any:
            if not told.is_set():
                told.set()
                return {"type": "http.request", "body": b"", "more_body": False}
            await begun.wait()
            return {"type": "http.disconnect"}

        async def send(_: object) -> None:
            begun.set()

        await threads(SCOPE, receive, send)

    threads = ThreadedWsgi(app, workers=1)
    asyncio.run(ask())
    threads.executor.shutdown()
    assert closed.is_set()
    assert len(made) < 100_000


def test_a_file_is_closed_though_whoever_asked_has_gone_before_the_answer_begins() -> None:
    """No part of it is ever read then: only closing lets it go."""
    gone, closed = threading.Event(), threading.Event()

    class File:
        def __iter__(self) -> Iterator[bytes]:
            yield b"part"

        def close(self) -> None:
            closed.set()

    def app(_: object, start_response: Callable[..., object]) -> File:
        file = File()
        assert gone.wait(PATIENT_S)
        start_response("200 OK", [])
        return file

    async def ask() -> None:
        news = iter([{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}])

        async def receive() -> Any:
            one = next(news)
            if one["type"] == "http.disconnect":
                asyncio.get_running_loop().call_soon(gone.set)  # once the middleware has taken it in
            return one

        async def send(_: object) -> None:
            pytest.fail("nobody listens")

        await threads(SCOPE, receive, send)

    threads = ThreadedWsgi(app, workers=1)
    asyncio.run(ask())
    threads.executor.shutdown()
    assert closed.is_set()


@pytest.mark.parametrize("is_closed_first", [True, False])
def test_a_part_of_an_answer_that_nobody_takes_any_more_holds_up_no_end(*, is_closed_first: bool) -> None:
    """The loop stops in the middle of a download, and is closed before or after the next part is handed over."""
    begun, go_on, handed_over = threading.Event(), threading.Event(), threading.Event()

    def app(_: object, start_response: Callable[..., object]) -> Iterator[bytes]:
        start_response("200 OK", [])
        begun.set()
        assert go_on.wait(PATIENT_S)
        yield b"part"

    class Loop(asyncio.SelectorEventLoop):
        def call_soon_threadsafe(self, *arguments: Any, **more: Any) -> Any:
            called = super().call_soon_threadsafe(*arguments, **more)
            if go_on.is_set():
                handed_over.set()
            return called

    told: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        return told.pop() if told else await asyncio.Event().wait()

    async def send(_: object) -> None:
        pass

    async def ask() -> None:
        asking = asyncio.create_task(threads(SCOPE, receive, send))
        await asyncio.to_thread(begun.wait, PATIENT_S)
        asking.cancel()

    threads, loop = ThreadedWsgi(app, workers=1), Loop()
    loop.run_until_complete(ask())
    if is_closed_first:
        loop.close()
    go_on.set()
    if not is_closed_first:
        assert handed_over.wait(PATIENT_S)
        loop.close()
    ending = threading.Thread(target=threads.executor.shutdown)
    ending.daemon = True  # so that a failure is told, and not waited for
    ending.start()
    ending.join(PATIENT_S)
    assert not ending.is_alive()
