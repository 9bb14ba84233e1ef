"""The configuration is safe and fits the platform; its streams can be added as sources."""

from __future__ import annotations

import ipaddress
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripts.write_compose_configuration import composed
from tests.peers.mediamtx import api
from tests.peers.ports import free_port
from tests.web.conftest import Served, data_dir, quiet_models, served

from claptrap.core.errors import InputError, ServiceError
from claptrap.mediamtx import paths as mediamtx_paths
from claptrap.mediamtx.config import ApiAddress, configuration, ensure_configuration, microphone_input, starts_ffmpeg
from claptrap.mediamtx.paths import StreamPath, list_paths

__all__ = ["data_dir", "quiet_models", "served"]  # fixtures

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "src" / "claptrap" / "mediamtx" / "mediamtx.yml"
LISTED = {
    "items": [
        {"name": "mic", "ready": False, "online": False, "tracks": []},
        {"name": "garden/été", "online": True, "tracks": ["Opus", 5]},
        {"name": "", "online": True},
        {"name": "x" * 500},
        {"name": 7},
    ]
}
GLOBAL = {"rtspAddress": "127.0.0.1:18554"}


def answers(listed: Any = LISTED, config: Any = GLOBAL) -> dict[str, Any]:
    return {"/v3/paths/list": listed, "/v3/config/global/get": config}


# -- configuration ----------------------------------------------------------------------------------------------------------


def test_the_repository_and_the_package_have_the_same_file() -> None:
    """One is for who runs MediaMTX by hand."""
    assert SHIPPED.read_bytes() == (ROOT / "mediamtx" / "mediamtx.yml").read_bytes()


def test_nothing_is_open_to_the_network() -> None:
    """Every address is this machine's, every other server is off, and only this machine may do anything."""
    config = yaml.safe_load(SHIPPED.read_text("utf-8"))
    for name, value in config.items():
        if name.endswith("Address"):
            assert ipaddress.ip_address(value.rpartition(":")[0]).is_loopback, name
    assert (config["rtsp"], config["rtspTransports"], config["api"]) == (True, ["tcp"], True)
    others = ("metrics", "pprof", "playback", "rtmp", "hls", "webrtc", "srt", "moq")
    assert [config[name] for name in others] == [False] * len(others)
    for user in config["authInternalUsers"]:
        assert [ipaddress.ip_address(ip).is_loopback for ip in user["ips"]] == [True, True]
    assert set(config["paths"]) == {"mic", "all_others"}


@pytest.mark.parametrize(
    ("system", "environment", "expected"),
    [
        ("Linux", {}, "-f alsa -i default"),
        ("Linux", {"PULSE_SERVER": "unix:/x"}, "-f pulse -i default"),
        ("Linux", {"XDG_RUNTIME_DIR": "/no/such/folder"}, "-f alsa -i default"),
        ("Darwin", {}, '-f avfoundation -i ":default"'),
        ("Windows", {}, '-f dshow -i audio="Microphone"'),
    ],
)
def test_the_microphone_s_line_fits_the_platform(system: str, environment: dict[str, str], expected: str) -> None:
    """Only the command changes; the comments show all of them; it is YAML still."""
    microphone = microphone_input(system, environment)
    assert microphone == expected
    text = configuration(microphone)
    command = yaml.safe_load(text)["paths"]["mic"]["runOnDemand"]
    assert f" {expected} " in command
    assert command.endswith("rtsp://127.0.0.1:$RTSP_PORT/$MTX_PATH")
    pairs = zip(SHIPPED.read_text("utf-8").splitlines(), text.splitlines(), strict=True)
    differing = [new for old, new in pairs if old != new]
    assert len(differing) == (0 if expected == "-f alsa -i default" else 1)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg (apt install ffmpeg)")
def test_ffmpeg_takes_the_command(tmp_path: Path) -> None:
    """Every option of it; with a tone for a microphone, and a file for a server."""
    command = yaml.safe_load(configuration("-f lavfi -i sine=duration=0.2"))["paths"]["mic"]["runOnDemand"]
    to_a_file = command.replace("-f rtsp -rtsp_transport tcp rtsp://127.0.0.1:$RTSP_PORT/$MTX_PATH", "-f ogg mic.ogg")
    words = shlex.split(to_a_file)
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "mic.ogg").read_bytes().startswith(b"OggS")


def test_a_person_s_own_configuration_stays(tmp_path: Path) -> None:
    """It is made once."""
    path = ensure_configuration(tmp_path / "data")
    assert yaml.safe_load(path.read_text("utf-8"))["paths"]["mic"]
    path.write_text("mine: true\n")
    assert ensure_configuration(tmp_path / "data").read_text() == "mine: true\n"
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError) as caught:
        ensure_configuration(tmp_path / "file" / "data")
    assert caught.value.code == "mediamtx.unwritable"


# -- paths ------------------------------------------------------------------------------------------------------------------


def test_streams_are_listed_by_name_and_what_is_none_is_left_out() -> None:
    """With the address to listen to, on the port that MediaMTX says."""
    with api(answers()) as port:
        assert list_paths(ApiAddress(port=port)) == (
            StreamPath("garden/été", "rtsp://127.0.0.1:18554/garden/%C3%A9t%C3%A9", ready=True, tracks=("Opus",)),
            StreamPath("mic", "rtsp://127.0.0.1:18554/mic", ready=False, tracks=()),
        )


@pytest.mark.parametrize(
    "bad",
    [
        answers(listed=b"<html>"),
        answers(listed=[]),
        answers(listed={"items": 5}),
        answers(listed={"items": [5]}),
        answers(listed=b"[" * 100_000),
        answers(listed=b" " * 1_000_001),
        answers(config=[]),
        {},
    ],
)
def test_an_answer_that_is_none_is_told(bad: dict[str, Any]) -> None:
    """In words, and bounded."""
    with api(bad) as port, pytest.raises(ServiceError) as caught:
        list_paths(ApiAddress(port=port))
    assert caught.value.code == "mediamtx.no_api"


def test_nobody_answers() -> None:
    with pytest.raises(ServiceError) as caught:
        list_paths(ApiAddress(port=free_port()))
    assert (caught.value.code, caught.value.retryable) == ("mediamtx.unreachable", True)


def test_a_port_that_makes_no_sense_is_the_usual_one() -> None:
    with api(answers(config={"rtspAddress": "nonsense:99999"})) as port:
        assert list_paths(ApiAddress(port=port))[0].url.startswith(f"rtsp://127.0.0.1:{mediamtx_paths.RTSP_PORT}/")


def test_streams_become_sources_with_webhooks_of_their_own(served: Served, data_dir: Path) -> None:
    """The page sees which of them are heard already; without MediaMTX it is told what to start.

    The API is asked where the configuration says, which the person may have changed.
    """
    with api(answers()) as port:
        (data_dir / "mediamtx.yml").write_text(f"api: true\napiAddress: 127.0.0.1:{port} # mine\n")
        found = served.ask("GET", "/api/mediamtx/paths").json["paths"]
        assert [(path["name"], path["source_id"]) for path in found] == [("garden/été", None), ("mic", None)]
        for path in found:
            hook = {"id": "w", "url": f"http://127.0.0.1:1/{path['name']}"}
            source = {"kind": "rtsp", "name": path["name"], "enabled": False, "input": {"url": path["url"]}}
            assert served.ask("POST", "/api/sources", {**source, "webhooks": [hook]}).status == 201
        found = served.ask("GET", "/api/mediamtx/paths").json["paths"]
        assert [path["source_id"] for path in found] == ["garden-ete", "mic"]
        urls = {source["id"]: source["webhooks"][0]["url"] for source in served.ask("GET", "/api/sources").json}
        assert urls["garden-ete"] != urls["mic"]
    absent = served.ask("GET", "/api/mediamtx/paths")
    assert (absent.status, absent.json["paths"], absent.json["code"]) == (200, [], "mediamtx.unreachable")
    assert "claptrap serve --mediamtx" in absent.json["message_fr"]


OWN_USERS = """
apiAddress: :19997
authInternalUsers:
  - user: any
    pass:
    permissions:
      - action: read
  - user: 'asker'
    pass: "s#cret" # quoted
    permissions:
      - action: publish
      - action: api
  - user: hashed
    pass: sha256:abc
    permissions:
      - action: api
paths:
  all_others:
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SHIPPED.read_text("utf-8"), ApiAddress()),
        (OWN_USERS, ApiAddress("127.0.0.1", 19997, "asker", "s#cret")),
        ('apiAddress: "192.0.2.7:9000"\n', ApiAddress("192.0.2.7", 9000)),
        ("apiAddress: '[::]:9000'\n", ApiAddress("::1", 9000)),
        ("apiAddress: nonsense\n", ApiAddress()),
        ("# apiAddress: :1\n", ApiAddress()),
        ("", ApiAddress()),
    ],
)
def test_the_api_is_asked_where_and_as_whom_the_configuration_says(tmp_path: Path, text: str, found: ApiAddress) -> None:
    """The file is the person's to change, and what they changed is followed."""
    (tmp_path / "mediamtx.yml").write_text(text)
    assert ApiAddress.of_configuration(tmp_path / "mediamtx.yml") == found
    assert ApiAddress.of_configuration(tmp_path / "none") == ApiAddress()


def test_another_machine_s_mediamtx_can_be_named() -> None:
    """With its user and its password, which no text shows."""
    found = ApiAddress.of_url("http://u%40:p%3A@mtx.example:123")
    assert found == ApiAddress("mtx.example", 123, "u@", "p:")
    assert "p:" not in repr(found)
    assert ApiAddress.of_url("http://mediamtx") == ApiAddress("mediamtx")
    for bad in ("mediamtx:9997", "rtsp://mediamtx", "http://", "http://x:y", "http://x/path"):
        with pytest.raises(InputError) as caught:
            ApiAddress.of_url(bad)
        assert caught.value.code == "mediamtx.bad_api"


def test_an_api_with_a_password_is_asked_with_it() -> None:
    """Without it the person is told that one is wanted."""
    with api(answers(), login="u:p") as port:
        assert len(list_paths(ApiAddress(port=port, username="u", password="p"))) == 2
        for given in (ApiAddress(port=port), ApiAddress(port=port, username="u", password="q")):
            with pytest.raises(ServiceError) as caught:
                list_paths(given)
            assert caught.value.code == "mediamtx.api_login"


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        (SHIPPED.read_text("utf-8"), True),
        ("paths:\n  mic:\n    runOnDemand: >-\n      ffmpeg -i x\n", True),
        ("paths:\n  mic:\n    # runOnDemand: ffmpeg\n", False),
        ("", False),
    ],
)
def test_whether_ffmpeg_is_needed_is_read_from_the_configuration(tmp_path: Path, text: str, starts: bool) -> None:
    """Only what is not commented out counts."""
    (tmp_path / "mediamtx.yml").write_text(text)
    assert starts_ffmpeg(tmp_path / "mediamtx.yml") is starts


def test_the_container_s_configuration_is_made_of_the_shipped_one() -> None:
    """One file: what is off is off there too, and the page can list its streams."""
    text = (ROOT / "packaging" / "compose" / "mediamtx.yml").read_text("utf-8")
    assert text == composed(), "run python scripts/write_compose_configuration.py"
    there, shipped = yaml.safe_load(text), yaml.safe_load(SHIPPED.read_text("utf-8"))
    assert {name for name, value in there.items() if value != shipped[name]} == {
        "rtspAddress",
        "apiAddress",
        "authInternalUsers",
    }
    assert there["apiAddress"] == ":9997"
