"""Model files: fetched from a real server however it behaves, and never loaded unless they are the very file."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.peers.waiting import wait_until

from claptrap.core.backoff import Backoff
from claptrap.core.errors import ModelError
from claptrap.core.events import ModelProgress, Status
from claptrap.models.catalogue import YAMNET, ModelFile, download_url, models_folder
from claptrap.models.download import download
from claptrap.models.model_store import bring, find
from claptrap.runtime import model_fetcher as fetcher_module
from claptrap.runtime.model_fetcher import JOIN_S, ModelFetcher

CONTENT = bytes(range(256)) * 4000
MODEL = ModelFile("m.tflite", "M", "http://unused", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "MIT")
Answer = Callable[[BaseHTTPRequestHandler, int], None]


def whole(request: BaseHTTPRequestHandler, start: int) -> None:
    """Serve the file, or the range that was asked for."""
    body = CONTENT[start:]
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(body)))
    if start:
        request.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
    request.end_headers()
    request.wfile.write(body)


def without_ranges(request: BaseHTTPRequestHandler, _: int) -> None:
    whole(request, 0)


def cut(request: BaseHTTPRequestHandler, start: int) -> None:
    """Promise all, send half, hang up."""
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(CONTENT) - start))
    if start:
        request.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
    request.end_headers()
    request.wfile.write(CONTENT[start : start + (len(CONTENT) - start) // 2])


def wrong(request: BaseHTTPRequestHandler, _: int) -> None:
    request.send_response(200)
    request.end_headers()
    request.wfile.write(CONTENT[::-1])


def endless(request: BaseHTTPRequestHandler, _: int) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(20):
        request.wfile.write(CONTENT)


def redirect(request: BaseHTTPRequestHandler, start: int) -> None:
    if request.path == "/there":
        whole(request, start)
        return
    request.send_response(302)
    request.send_header("Location", "/there")
    request.send_header("Content-Length", "0")
    request.end_headers()


def absent(request: BaseHTTPRequestHandler, _: int) -> None:
    request.send_error(404)


def in_circles(request: BaseHTTPRequestHandler, _: int) -> None:
    request.send_response(302)
    request.send_header("Location", request.path)
    request.send_header("Content-Length", "0")
    request.end_headers()


def halting(go_on: threading.Event) -> Answer:
    """Return an answer whose second half waits for ``go_on``."""

    def slow(request: BaseHTTPRequestHandler, start: int) -> None:
        half = start + (len(CONTENT) - start) // 2
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(CONTENT) - start))
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        request.end_headers()
        request.wfile.write(CONTENT[start:half])
        go_on.wait(30)
        request.wfile.write(CONTENT[half:])

    return slow


@contextmanager
def server(*answers: Answer) -> Iterator[tuple[str, list[int]]]:
    """Serve one answer per request, the last one for ever; yield the address and the ranges that were asked for."""
    left, ranges = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = int(self.headers.get("Range", "bytes=0-")[6:-1])
            ranges.append(start)
            answer = left.pop(0) if len(left) > 1 else left[0]
            try:
                answer(self, start)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}/m", ranges
        finally:
            http.shutdown()
            thread.join()


def refusal(url: str, folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        download(MODEL, url, folder)
    return caught.value.code


@pytest.mark.parametrize("answer", [whole, redirect])
def test_a_download_gives_the_very_file_and_nothing_else(tmp_path: Path, answer: Answer) -> None:
    """The file appears in one step, with the bytes that were published; redirections are followed."""
    seen: list[int] = []
    with server(answer) as (url, _):
        path = download(MODEL, url, tmp_path, lambda done: seen.append(done) is None)
    assert path.read_bytes() == CONTENT
    assert [p.name for p in tmp_path.iterdir()] == [MODEL.name]
    assert seen == sorted(seen)
    assert seen[-1] == MODEL.size


def test_a_cut_download_is_continued_where_it_stopped(tmp_path: Path) -> None:
    """Bytes that have come are not fetched twice."""
    with server(cut, cut, whole) as (url, ranges):
        assert refusal(url, tmp_path) in ("model.cut", "model.network")
        assert refusal(url, tmp_path) in ("model.cut", "model.network")
        assert download(MODEL, url, tmp_path).read_bytes() == CONTENT
    assert ranges == [0, MODEL.size // 2, MODEL.size * 3 // 4]


def test_a_server_that_knows_no_ranges_is_read_anew(tmp_path: Path) -> None:
    """A whole answer to a range request replaces what was there."""
    (tmp_path / "m.tflite.part").write_bytes(b"other bytes")
    with server(without_ranges) as (url, _):
        assert download(MODEL, url, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("answer", "code"), [(wrong, "model.wrong"), (endless, "model.too_large"), (absent, "model.status")]
)
def test_a_wrong_file_is_refused_and_not_kept(tmp_path: Path, answer: Answer, code: str) -> None:
    """Nothing that is not the very file stays in the folder, and the next try begins anew."""
    with server(answer, whole) as (url, ranges):
        assert refusal(url, tmp_path) == code
        assert list(tmp_path.iterdir()) == []
        download(MODEL, url, tmp_path)
    assert ranges == [0, 0]


def test_a_damaged_part_is_found_out(tmp_path: Path) -> None:
    """A part with wrong bytes leads to a refusal, then to a good file."""
    (tmp_path / "m.tflite.part").write_bytes(b"x" * 100)
    with server(whole) as (url, _):
        assert refusal(url, tmp_path) == "model.wrong"
        assert download(MODEL, url, tmp_path).read_bytes() == CONTENT


def test_a_slow_download_tells_how_far_it_is(tmp_path: Path) -> None:
    """What has come is told, and is on disk, long before the rest is there; nothing can find it until it is whole."""
    go_on, seen = threading.Event(), []

    def progress(done: int) -> bool:
        seen.append(done)
        if done == MODEL.size // 2:
            assert find(MODEL, tmp_path) is None
            go_on.set()
        return True

    with server(halting(go_on)) as (url, ranges):
        assert download(MODEL, url, tmp_path, progress).read_bytes() == CONTENT
    assert MODEL.size // 2 in seen
    assert ranges == [0]


def test_an_unreachable_server_and_a_bad_address_are_told(tmp_path: Path) -> None:
    """No network is an expected failure; so is a server that sends its clients in circles."""
    with server(in_circles) as (url, ranges):
        assert refusal(url, tmp_path) == "model.network"
    assert 2 <= len(ranges) <= 10
    assert refusal("http://127.0.0.1:1/m", tmp_path) == "model.unreachable"
    assert refusal("nonsense", tmp_path) == "model.network"


@pytest.mark.parametrize("path", ["m", "m?token=hunter2", "absent"])
def test_the_password_of_a_mirror_is_told_to_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str) -> None:
    """Neither in an error, which a page shows, nor in the log, also of the client."""
    caplog.set_level(logging.INFO)
    with server(absent) as (url, _), pytest.raises(ModelError) as caught:
        download(MODEL, url.replace("//", "//u:hunter2@").replace("/m", f"/{path}"), tmp_path)
    assert caught.value.code == "model.status"
    with pytest.raises(ModelError) as unreached:
        download(MODEL, "http://u:hunter2@127.0.0.1:1/m", tmp_path)
    assert "hunter2" not in f"{caught.value} {unreached.value} {caplog.text}"


def test_a_download_can_be_stopped_and_keeps_its_part(tmp_path: Path) -> None:
    """Stopping is prompt and loses nothing."""
    with server(whole) as (url, _), pytest.raises(ModelError) as caught:
        download(MODEL, url, tmp_path, lambda _: False)
    assert caught.value.code == "model.stopped"
    assert (tmp_path / "m.tflite.part").stat().st_size > 0


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A full or forbidden disk has its own sentence."""
    (tmp_path / "file").write_text("")
    with server(whole) as (url, _):
        assert refusal(url, tmp_path / "file" / "x") == "model.unwritable"


def test_only_the_very_file_is_found(tmp_path: Path) -> None:
    """Absent is None; a truncated or altered file is an error, never a path."""
    assert find(MODEL, tmp_path) is None
    (tmp_path / MODEL.name).write_bytes(CONTENT)
    assert find(MODEL, tmp_path) == tmp_path / MODEL.name
    for content, code in [(CONTENT[:-1], "model.wrong_size"), (CONTENT[::-1], "model.wrong")]:
        (tmp_path / MODEL.name).write_bytes(content)
        with pytest.raises(ModelError) as caught:
            find(MODEL, tmp_path)
        assert caught.value.code == code


def test_a_file_got_elsewhere_is_checked_and_brought(tmp_path: Path) -> None:
    """Importing refuses a wrong file and leaves the folder as it was."""
    good, bad, folder = tmp_path / "good", tmp_path / "bad", tmp_path / "models"
    good.write_bytes(CONTENT)
    bad.write_bytes(CONTENT[::-1])
    assert bring(MODEL, good, folder).read_bytes() == CONTENT
    for path, code in [(bad, "model.wrong"), (tmp_path / "none", "model.unreadable")]:
        with pytest.raises(ModelError) as caught:
            bring(MODEL, path, folder)
        assert caught.value.code == code
    assert [p.name for p in folder.iterdir()] == [MODEL.name]


def test_folder_and_mirror_follow_the_environment(tmp_path: Path) -> None:
    """``CLAPTRAP_MODELS_DIR`` and ``CLAPTRAP_YAMNET_URL`` are honoured."""
    assert models_folder({"CLAPTRAP_MODELS_DIR": str(tmp_path)}) == tmp_path
    assert models_folder({}).name == "models"
    assert download_url(YAMNET, {"CLAPTRAP_YAMNET_URL": "http://mirror/y"}) == "http://mirror/y"
    assert download_url(YAMNET, {}) == YAMNET.url


class Told:
    """Collects progress."""

    def __init__(self) -> None:
        self.progress: list[ModelProgress] = []

    def offer(self, status: Status) -> None:
        assert isinstance(status, ModelProgress)
        self.progress.append(status)


def test_the_fetcher_tries_again_until_the_file_is_there(tmp_path: Path) -> None:
    """Without network hearing goes on; when the network is back the model comes by itself, and both are told."""
    told, ready = Told(), threading.Event()
    paths: list[Path] = []

    def arrived(path: Path) -> None:
        paths.append(path)
        ready.set()

    with server(absent, cut, whole) as (url, _):
        fetcher = ModelFetcher(MODEL, url, tmp_path, arrived, told, Backoff(first_s=0.001, max_s=0.002))
        fetcher.start()
        assert ready.wait(10)
        fetcher.stop()
    assert paths == [tmp_path / MODEL.name]
    assert told.progress[0].code == "model.status"
    assert told.progress[-1] == ModelProgress(MODEL.name, MODEL.size, MODEL.size)


def test_without_network_the_fetcher_says_so_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Pages are told of every try; the log of the reason, once."""
    told, ready = Told(), threading.Event()
    with server(*[absent] * 5, whole) as (url, ranges):
        fetcher = ModelFetcher(MODEL, url, tmp_path, lambda _: ready.set(), told, Backoff(first_s=0.001, max_s=0.002))
        fetcher.start()
        assert ready.wait(10)
        fetcher.stop()
    assert ranges == [0] * 6
    assert [p.code for p in told.progress[:5]] == ["model.status"] * 5
    assert [record.levelname for record in caplog.records if "404" in record.getMessage()] == ["WARNING"]


@pytest.mark.slow
def test_the_fetcher_stops_while_a_server_is_slow(tmp_path: Path) -> None:
    """What has come is kept, and goes on at the next start."""
    go_on, told, ready = threading.Event(), Told(), threading.Event()
    with server(halting(go_on), whole) as (url, ranges):
        fetcher = ModelFetcher(MODEL, url, tmp_path, lambda _: ready.set(), told)
        fetcher.start()
        while not told.progress:
            assert fetcher._thread.is_alive()
        begun = time.monotonic()
        fetcher.stop()
        took_s = time.monotonic() - begun
        go_on.set()
        fetcher._thread.join()
        assert not ready.is_set()
        again = ModelFetcher(MODEL, url, tmp_path, lambda _: ready.set(), told)
        again.start()
        assert ready.wait(10)
        again.stop()
    assert took_s < 2 * JOIN_S
    assert 0 < ranges[1] < MODEL.size
    assert (tmp_path / MODEL.name).read_bytes() == CONTENT


def test_the_fetcher_pauses_and_goes_on(tmp_path: Path) -> None:
    """In the middle of the file, and while it waits for its next try, which then comes at once."""
    go_on, told, ready = threading.Event(), Told(), threading.Event()
    with server(halting(go_on), absent, whole) as (url, ranges):
        fetcher = ModelFetcher(MODEL, url, tmp_path, lambda _: ready.set(), told, Backoff(3600, 3600))
        fetcher.start()
        wait_until(lambda: told.progress)
        fetcher.pause()
        go_on.set()
        wait_until(lambda: [one.code for one in told.progress].count("model.stopped") == 2)  # at once, and once it is true
        assert (len(ranges), told.progress[-1].retry_in_s) == (1, None)
        fetcher.resume()
        wait_until(lambda: told.progress[-1].code == "model.status")
        assert (told.progress[-1].retry_in_s or 0) >= 1800
        fetcher.pause()
        wait_until(lambda: told.progress[-1].code == "model.stopped")
        fetcher.resume()
        assert ready.wait(10)
        fetcher.resume()
        fetcher.stop()
    assert 0 < ranges[1] == ranges[2] < MODEL.size
    assert (tmp_path / MODEL.name).read_bytes() == CONTENT


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_file_that_a_person_brings_is_taken_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_paused: bool
) -> None:
    """Without a network, or with the download stopped, ``claptrap models import`` ends the waiting; half a file does not."""
    monkeypatch.setattr(fetcher_module, "LOOK_S", 0.01)
    told, ready, paths = Told(), threading.Event(), list[Path]()

    def arrived(path: Path) -> None:
        paths.append(path)
        ready.set()

    folder = tmp_path / "models"
    folder.mkdir()
    fetcher = ModelFetcher(MODEL, "http://127.0.0.1:1/", folder, arrived, told, Backoff(3600, 3600))
    fetcher.start()
    wait_until(lambda: told.progress and told.progress[-1].code == "model.unreachable")
    if is_paused:
        fetcher.pause()
        wait_until(lambda: told.progress[-1].code == "model.stopped")
    (folder / MODEL.name).write_bytes(CONTENT[:1000])
    assert not ready.wait(0.1)
    (tmp_path / "elsewhere").write_bytes(CONTENT)
    bring(MODEL, tmp_path / "elsewhere", folder)
    assert ready.wait(10)
    fetcher.stop()
    assert paths == [folder / MODEL.name]
    assert told.progress[-1] == ModelProgress(MODEL.name, MODEL.size, MODEL.size)


def test_the_fetcher_stops_while_it_waits(tmp_path: Path) -> None:
    """An hour of back-off does not delay the end of the service."""
    told = Told()
    fetcher = ModelFetcher(MODEL, "http://127.0.0.1:1/", tmp_path, lambda _: None, told, Backoff(3600, 3600))
    fetcher.start()
    while not told.progress:
        assert fetcher._thread.is_alive()
    fetcher.stop()
    assert not fetcher._thread.is_alive()
