"""The program comes out of a fetched archive whatever the network does, and nothing else whatever the archive holds."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tests.models.test_models import server
from tests.peers.shut_out import shut_out

from claptrap.core.errors import ServiceError
from claptrap.mediamtx import unpack as unpacking
from claptrap.mediamtx.config import ensure_configuration, microphone_input
from claptrap.mediamtx.program import PROGRAM, find_program, install, install_file
from claptrap.mediamtx.releases import VERSION, archive, archive_url, programs_folder, release_for
from claptrap.mediamtx.unpack import unpack
from claptrap.models.catalogue import ModelFile
from claptrap.text.catalogue import say

PROGRAM_BYTES = os.urandom(200_000)


def tar(*members: tuple[str, bytes], links: tuple[tuple[str, str], ...] = (), kind: bytes = tarfile.SYMTYPE) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as file:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            file.addfile(info)
    return packed.getvalue()


def zipped(*members: tuple[str, bytes], mode: int = 0) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            file.writestr(info, content)
    return packed.getvalue()


GOOD = tar(("LICENSE", b"MIT"), ("mediamtx.yml", b"a: b"), (PROGRAM, PROGRAM_BYTES))


def release(content: bytes = GOOD, name: str = "mediamtx.tar.gz") -> ModelFile:
    return archive(name, "http://unused", hashlib.sha256(content).hexdigest())


def serving(content: bytes, upto: int | None = None) -> Callable[[BaseHTTPRequestHandler, int], None]:
    """Serve ``content`` with ranges; hang up after ``upto`` bytes of it."""

    def answer(request: BaseHTTPRequestHandler, start: int) -> None:
        if start >= len(content):
            request.send_error(416)
            return
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(content) - start))
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.end_headers()
        request.wfile.write(content[start:upto])

    return answer


def test_a_release_becomes_a_program(tmp_path: Path) -> None:
    """Executable; the archive is gone; the steps were told."""
    steps: list[int] = []
    with server(serving(GOOD)) as (url, _):
        path = install(release(), url, tmp_path, lambda done: bool(steps.append(done)) or True)
    assert path.read_bytes() == PROGRAM_BYTES
    assert os.access(path, os.X_OK)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert list(tmp_path.iterdir()) == [path]
    assert steps[-1] == len(GOOD)


def test_a_cut_download_goes_on(tmp_path: Path) -> None:
    """From where it was, although its size is not known beforehand."""
    half = len(GOOD) // 2
    with server(serving(GOOD, half), serving(GOOD)) as (url, ranges):
        with pytest.raises(ServiceError) as caught:
            install(release(), url, tmp_path)
        assert (caught.value.code, caught.value.retryable) == ("mediamtx.network", True)
        assert install(release(), url, tmp_path).read_bytes() == PROGRAM_BYTES
    assert ranges == [0, half]


def test_a_download_that_was_complete_but_not_unpacked_is_used(tmp_path: Path) -> None:
    """The server says that there is no more."""
    (tmp_path / "mediamtx.tar.gz.part").write_bytes(GOOD)
    with server(serving(GOOD)) as (url, ranges):
        assert install(release(), url, tmp_path).read_bytes() == PROGRAM_BYTES
    assert ranges == [len(GOOD)]


@pytest.mark.parametrize(
    ("sent", "code"), [(GOOD[:-1] + b"x", "mediamtx.wrong"), (b"<html>sign in</html>", "mediamtx.wrong")]
)
def test_what_is_not_the_release_is_refused(tmp_path: Path, sent: bytes, code: str) -> None:
    """Before anything is unpacked, and nothing of it stays."""
    with server(serving(sent)) as (url, _), pytest.raises(ServiceError) as caught:
        install(release(), url, tmp_path)
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_release_that_is_not_there_is_told_with_another_way(tmp_path: Path) -> None:
    """And not with how to get YAMNet."""

    def gone(handler: BaseHTTPRequestHandler, _: int) -> None:
        handler.send_error(404)

    with server(gone) as (url, _), pytest.raises(ServiceError) as caught:
        install(release(), url, tmp_path)
    assert (caught.value.code, caught.value.params["status"]) == ("mediamtx.status", 404)
    assert "claptrap mediamtx install --archive" in say(caught.value.code, "en", **caught.value.params)


def test_a_server_that_never_ends_is_left(tmp_path: Path) -> None:
    """At the bound."""
    small = ModelFile("m.tar.gz", "M", "http://unused", 1000, "0" * 64, "MIT", is_exact=False)
    with server(serving(GOOD)) as (url, _), pytest.raises(ServiceError) as caught:
        install(small, url, tmp_path)
    assert caught.value.code == "model.too_large"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(tar((PROGRAM, b"x"), ("../evil", b"x")), id="up"),
        pytest.param(tar((PROGRAM, b"x"), ("/etc/evil", b"x")), id="absolute"),
        pytest.param(tar((PROGRAM, b"x"), ("a/../../evil", b"x")), id="up, inside"),
        pytest.param(tar(("LICENSE", b"x"), links=((PROGRAM, "/bin/sh"),)), id="link"),
        pytest.param(tar(("x", b"x"), links=((PROGRAM, "x"),), kind=tarfile.LNKTYPE), id="hard link"),
        pytest.param(tar((PROGRAM, b"x"), links=(("pipe", ""),), kind=tarfile.FIFOTYPE), id="pipe"),
        pytest.param(tar((PROGRAM, b"x"), links=(("disk", ""),), kind=tarfile.BLKTYPE), id="device"),
        pytest.param(tar(("other", b"x")), id="no program"),
        pytest.param(tar(*((f"f{n}", b"") for n in range(200)), (PROGRAM, b"x")), id="too many"),
        pytest.param(GOOD[: len(GOOD) // 2], id="torn"),
        pytest.param(b"", id="empty"),
        pytest.param(zipped((PROGRAM, b"x"), ("..\\evil.exe", b"x")), id="zip, up"),
        pytest.param(zipped((PROGRAM, b"x"), ("C:\\evil.exe", b"x")), id="zip, drive"),
        pytest.param(zipped((PROGRAM, b"/bin/sh"), mode=0o120777), id="zip, link"),
        pytest.param(zipped(("other", b"x")), id="zip, no program"),
        pytest.param(zipped((PROGRAM, PROGRAM_BYTES))[:-30], id="zip, torn"),
    ],
)
def test_an_archive_that_is_not_what_it_should_be_writes_nothing(tmp_path: Path, content: bytes) -> None:
    """Not inside the folder, and not elsewhere."""
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "in").mkdir()
    with pytest.raises(ServiceError) as caught:
        unpack(tmp_path / "a", PROGRAM, tmp_path / "in")
    assert caught.value.code == "mediamtx.archive"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "in"]


@pytest.mark.parametrize("content", [tar((PROGRAM, b"x" * 5000)), zipped((PROGRAM, b"x" * 5000))])
def test_a_program_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """A few bytes may unpack to very many."""
    monkeypatch.setattr(unpacking, "MOST_PROGRAM_BYTES", 4999)
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ServiceError) as caught:
        unpack(tmp_path / "a", PROGRAM, tmp_path / "in")
    assert caught.value.code == "mediamtx.archive"
    assert not (tmp_path / "in" / PROGRAM).exists()


def test_a_zip_and_a_file_given_by_hand_will_do(tmp_path: Path) -> None:
    """If it is the one that is expected; the person's file stays."""
    content = zipped((PROGRAM, PROGRAM_BYTES))
    (tmp_path / "m.zip").write_bytes(content)
    assert install_file(release(content), tmp_path / "m.zip", tmp_path / "in").read_bytes() == PROGRAM_BYTES
    assert (tmp_path / "m.zip").read_bytes() == content
    for given, code in ((tmp_path / "none", "mediamtx.unreadable"), (tmp_path / "m.zip", "mediamtx.wrong")):
        with pytest.raises(ServiceError) as caught:
            install_file(release(b"another"), given, tmp_path / "in")
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "linux_amd64.tar.gz"),
        ("Linux", "aarch64", "linux_arm64.tar.gz"),
        ("Darwin", "arm64", "darwin_arm64.tar.gz"),
        ("Darwin", "x86_64", "darwin_amd64.tar.gz"),
        ("Windows", "AMD64", "windows_amd64.zip"),
    ],
)
def test_each_platform_has_its_release(system: str, machine: str, name: str) -> None:
    """With a sum of its own; a mirror needs no trust."""
    found = release_for(system, machine)
    assert found is not None
    assert found.url == f"https://github.com/bluenviron/mediamtx/releases/download/{VERSION}/mediamtx_{VERSION}_{name}"
    assert len(bytes.fromhex(found.sha256)) == 32
    assert archive_url(found, {"CLAPTRAP_MEDIAMTX_URL": "http://mirror/m"}) == "http://mirror/m"
    assert archive_url(found, {}) == found.url
    assert release_for("Plan9", "mips") is None


def test_the_program_is_found_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given, on the PATH, installed, or told to be absent."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("CLAPTRAP_MEDIAMTX_DIR", str(tmp_path / "installed"))
    with pytest.raises(ServiceError) as caught:
        find_program()
    assert caught.value.code == "mediamtx.absent"
    for folder in ("installed", "path", "given"):
        (tmp_path / folder).mkdir()
        program = tmp_path / folder / PROGRAM
        program.write_bytes(b"#!/bin/sh\n")
        program.chmod(0o755)
        assert find_program(program if folder == "given" else None) == program
    assert programs_folder() == tmp_path / "installed"
    with pytest.raises(ServiceError) as caught:
        find_program(tmp_path / "none")
    assert caught.value.code == "mediamtx.not_executable"


def test_where_nobody_lets_us_look_there_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said in words, like all that is not there; nor can a configuration be made there."""
    monkeypatch.setenv("PATH", "")
    with shut_out() as closed:
        monkeypatch.setenv("CLAPTRAP_MEDIAMTX_DIR", str(closed / "programs"))
        for call, code in (
            (lambda: find_program(closed / "m"), "mediamtx.not_executable"),
            (find_program, "mediamtx.absent"),
            (lambda: ensure_configuration(closed / "data"), "mediamtx.unwritable"),
        ):
            with pytest.raises(ServiceError) as caught:
                call()
            assert caught.value.code == code
        assert microphone_input("linux", {"XDG_RUNTIME_DIR": str(closed)}) == "-f alsa -i default"


@pytest.mark.parametrize("pack", [tar, zipped])
def test_a_member_s_name_is_a_path(tmp_path: Path, pack: Callable[..., bytes]) -> None:
    """``tar -C folder .`` writes ./mediamtx."""
    (tmp_path / "m").write_bytes(pack((f"./{PROGRAM}", PROGRAM_BYTES)))
    assert unpack(tmp_path / "m", PROGRAM, tmp_path / "programs").read_bytes() == PROGRAM_BYTES
