"""Each check finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.peers.ports import free_port
from tests.peers.receiver import Receiver, answer, dead_url
from tests.peers.shut_out import shut_out
from tests.peers.sound import SoundServer, sound_server
from tests.sources.test_rtsp_preflight import peer

from claptrap.core.errors import SourceError
from claptrap.doctor import examination, ports, sound
from claptrap.doctor.examination import ExaminationTarget, examine, examine_models, examine_settings
from claptrap.doctor.finding import Finding, Severity, is_well
from claptrap.doctor.machine import ClockReading, examine_clock, examine_folder, is_clock_kept, who_serves
from claptrap.doctor.network import examine_network
from claptrap.doctor.ports import examine_vban, examine_web_port
from claptrap.doctor.processor import examine_processor, processor_flags
from claptrap.doctor.sound import examine_sound
from claptrap.settings.schema import Settings
from claptrap.settings.store import Store
from claptrap.settings.validation import check
from claptrap.sources import alsa
from claptrap.sources.device import Device
from claptrap.sources.portaudio import PortAudio
from claptrap.text.catalogue import MESSAGES

SOUND = sound_server  # the fixture, under a name that is used


def settings_of(*sources: dict[str, Any]) -> Settings:
    return check({"version": 3, "sources": [{"id": f"s{i}", "name": f"Source {i}", **s} for i, s in enumerate(sources)]})


def with_webhook(url: str, **more: Any) -> dict[str, Any]:
    return {"kind": "microphone", "webhooks": [{"id": "w", "url": url, **more}]}


def only(findings: list[Finding], check_name: str) -> Finding:
    found = [one for one in findings if one.check == check_name]
    assert len(found) == 1, findings
    return found[0]


# -- processor --------------------------------------------------------------------------------------------------------------


def fake_litert(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    package = folder / "ai_edge_litert"
    package.mkdir()
    (package / "__init__.py").write_text(body)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)


@pytest.mark.skipif(os.name != "posix", reason="processes end by signals on POSIX only")
@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "doctor.illegal_instruction", "LiteRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "doctor.killed", "SIGKILL"),
        ("raise ImportError('no such symbol')", "doctor.library_failed", "no such symbol"),
    ],
)
def test_a_library_that_kills_the_process_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, code: str, said: str
) -> None:
    """It dies in a process of its own, and its name is known."""
    fake_litert(tmp_path, monkeypatch, body)
    found = only(examine_processor(None), "libraries")
    assert (found.code, found.grade) == (code, Severity.FAULT)
    assert said in found.words("en")


def test_libraries_that_work_are_said_to() -> None:
    """Here they do, or no test would run."""
    found = examine_processor(None)
    assert only(found, "libraries").code == "doctor.litert_loads"
    assert is_well(found)


def test_the_processor_is_read(tmp_path: Path) -> None:
    """Intel's and ARM's spelling; nothing where there is no such file."""
    (tmp_path / "x86").write_text("model name\t: x\nflags\t\t: fpu sse4_2\n\nflags : later\n")
    (tmp_path / "arm").write_text("Features\t: fp asimd\n")
    assert processor_flags(tmp_path / "x86") == {"fpu", "sse4_2"}
    assert processor_flags(tmp_path / "arm") == {"fp", "asimd"}
    assert processor_flags(tmp_path / "none") == frozenset()


# -- the data folder, the clock ---------------------------------------------------------------------------------------------


def test_a_folder_that_is_held_is_served_by_somebody(tmp_path: Path) -> None:
    """Only while it is; the name that a killed process left counts for nothing, and a free folder is not touched."""
    assert who_serves(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    store = Store(tmp_path)
    store.open()
    try:
        assert who_serves(tmp_path) == str(os.getpid())
    finally:
        store.close()
    (tmp_path / "settings.holder").write_text("4242")
    assert who_serves(tmp_path) is None


@pytest.mark.parametrize("name", ["there", "not/there/yet"])
def test_the_folder_is_left_as_it_was(tmp_path: Path, name: str) -> None:
    """The trial file is gone; a folder that is not there is not made."""
    (tmp_path / "there").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert is_well(examine_folder(tmp_path / name, None))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_into_which_nobody_lets_us_look_is_a_fault() -> None:
    """As one in the home of somebody else: the doctor says so, and does not end in it."""
    with shut_out() as closed:
        found = only(examine_folder(closed / "data", None), "data")
    assert (found.grade, found.params["path"]) == (Severity.FAULT, str(closed))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder in which even root cannot write")
def test_a_folder_in_which_nothing_can_be_written_is_a_fault() -> None:
    """And says how to mend that."""
    found = only(examine_folder(Path("/proc/claptrap"), None), "data")
    assert (found.grade, found.code) == (Severity.FAULT, "settings.unwritable")


@pytest.mark.parametrize(
    ("began", "ended", "code"),
    [
        (ClockReading(1.8e9, 5.0), ClockReading(1.8e9 + 2, 7.0), "doctor.clock"),
        (ClockReading(1.8e9, 5.0), ClockReading(1.8e9 + 9, 7.0), "doctor.clock_jumps"),
        (ClockReading(1.8e9, 5.0), ClockReading(1.8e9 - 9, 7.0), "doctor.clock_jumps"),
        (ClockReading(0.0, 5.0), ClockReading(2.0, 7.0), "doctor.clock_year"),
    ],
)
def test_the_clock_is_judged(began: ClockReading, ended: ClockReading, code: str) -> None:
    """A clock that was never set, and one that is set while we look."""
    assert examine_clock(began, ended).code == code


@pytest.mark.parametrize(("is_kept", "grade"), [(True, Severity.OK), (False, Severity.WARNING), (None, Severity.OK)])
def test_a_clock_that_nobody_keeps_is_told(is_kept: bool | None, grade: Severity) -> None:
    """As far as the system says so."""
    assert examine_clock(ClockReading(1.8e9, 5.0), ClockReading(1.8e9, 5.0), is_kept=is_kept).grade is grade


def test_the_system_says_whether_the_clock_is_kept() -> None:
    """Where it is Linux."""
    assert (is_clock_kept() is None) == (sys.platform != "linux")


# -- settings and models ----------------------------------------------------------------------------------------------------


def test_every_fault_of_the_settings_is_a_line_and_the_file_stays(tmp_path: Path) -> None:
    """The store would set it aside; the doctor only looks."""
    path = tmp_path / "settings.json"
    source = {"id": "a", "kind": "microphone", "name": "A", "threshold": 3, "delay_s": -1}
    path.write_text(json.dumps({"version": 3, "sources": [source]}))
    settings, found = examine_settings(tmp_path)
    assert [(one.grade, one.subject) for one in found] == [
        (Severity.FAULT, "sources.a.threshold"),
        (Severity.FAULT, "sources.a.delay_s"),
        (Severity.WARNING, ""),
    ]
    assert settings == Settings()
    assert list(tmp_path.iterdir()) == [path]
    path.write_text("{")
    assert [one.code for one in examine_settings(tmp_path)[1]] == ["settings.not_json", "doctor.settings_lost"]
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "settings-20260131T120000.000000Z.json").write_text('{"version": 3}')
    (tmp_path / "backups" / "settings-20260201T120000.000000Z.json").write_text("{")
    what_next = examine_settings(tmp_path)[1][1]
    assert what_next.params == {"backup": "settings-20260131T120000.000000Z.json"}
    path.write_text('{"version": 99}')
    assert [one.code for one in examine_settings(tmp_path)[1]] == ["settings.newer"]
    assert examine_settings(tmp_path / "none")[1][0].code == "doctor.settings_to_be"


def test_models_are_absent_or_wrong(tmp_path: Path) -> None:
    """Absent is a warning, for claps are heard; a wrong file is a fault."""
    assert examine_models(tmp_path)[0].grade is Severity.WARNING
    (tmp_path / "yamnet.tflite").write_bytes(b"no model")
    assert examine_models(tmp_path)[0].code == "model.wrong_size"


# -- network ----------------------------------------------------------------------------------------------------------------


def test_receivers_are_reached_without_a_post_and_without_a_secret() -> None:
    """Each says where it stands; a path or a password is never in it."""
    hook = "s3cr3t-t0ken-of-mine"
    with Receiver(answer()) as there:
        settings = settings_of(
            with_webhook(f"{there.url}/{hook}"),
            with_webhook(f"{dead_url()}/{hook}"),
            with_webhook(f"http://nowhere.invalid/{hook}"),
            with_webhook(there.url.replace("http:", "https:") + f"/{hook}"),
            with_webhook(f"https://localhost/{hook}", ca_file="/no/such/file"),
        )
        found = examine_network(settings)
        assert there.requests == []
    assert [one.code for one in found] == [
        "doctor.reached",
        "delivery.refused",
        "delivery.unresolved",
        "delivery.tls",
        "delivery.ca_file",
    ]
    assert hook not in json.dumps([one.to_json() for one in found])


@pytest.mark.slow
def test_the_broker_is_reached_too() -> None:
    """By name, connection and TLS; nobody logs in."""
    with socket.create_server(("127.0.0.1", 0)) as there:
        for tls, port, code in (
            (False, there.getsockname()[1], "doctor.reached"),
            (False, free_port(), "delivery.refused"),
            (True, there.getsockname()[1], "delivery.timeout"),
        ):
            broker = {"enabled": True, "host": "127.0.0.1", "port": port, "tls": tls, "password": "hunter22"}
            found = examine_network(check({"version": 3, "sources": [], "mqtt": broker}), within_s=1.0)
            assert [(one.check, one.code) for one in found] == [("mqtt", code)]
            assert found[0].subject == f"MQTT → mqtt{'s' if tls else ''}://127.0.0.1:{port}"


def test_a_receiver_that_never_shakes_hands_costs_its_time_only() -> None:
    """All at once, each within its bound."""
    with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts, and says nothing
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/"
        found = examine_network(settings_of(*(with_webhook(url) for _ in range(8))), within_s=0.5)
    assert {one.code for one in found} == {"delivery.timeout"}
    assert len(found) == 8


def test_cameras_are_reached_or_say_why_not() -> None:
    """With the reasons that a source of that kind would give; credentials stay out of it."""
    with peer(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n") as where:
        cameras = [
            {"kind": "rtsp", "input": {"url": f"rtsp://user:hunter22@{where}/x"}},
            {"kind": "rtsp", "input": {"url": f"rtsp://user:hunter22@127.0.0.1:{free_port()}/x"}},
            {"kind": "rtsp", "enabled": False, "input": {"url": "rtsp://off.invalid/"}},
        ]
        found = examine_network(settings_of(*cameras))
    assert [one.code for one in found] == ["doctor.reached", "rtsp.refused"]
    assert "hunter22" not in json.dumps([one.to_json() for one in found])


# -- ports ------------------------------------------------------------------------------------------------------------------

HOLD = """
import socket, sys
s = socket.socket(socket.AF_INET, getattr(socket, sys.argv[1]))
s.bind(("127.0.0.1", 0))
if sys.argv[1] == "SOCK_STREAM": s.listen()
print(s.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a port")
@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM"])
@pytest.mark.slow
def test_a_port_that_is_taken_says_by_whom(kind: str) -> None:
    """The program and its process."""
    command = [sys.executable, "-c", HOLD, kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        port = int(holder.stdout.readline())
        if kind == "SOCK_STREAM":
            found = examine_web_port("127.0.0.1", port)
        else:
            stream = {"kind": "vban", "input": {"host": "10.0.0.1", "stream": "Mic", "port": port}}
            found = only(examine_vban(settings_of(stream), is_served=False), "vban")
        holder.communicate("")
    assert (found.grade, found.code) == (Severity.FAULT, "doctor.port_taken_by")
    assert f", {holder.pid}" in str(found.params["program"])


def test_a_free_port_is_free_and_a_foreign_address_is_told() -> None:
    """The latter does not belong to this machine."""
    assert examine_web_port("127.0.0.1", free_port()).code == "doctor.port_free"
    assert examine_web_port("203.0.113.7", free_port()).code == "service.address_unknown"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_the_buffer_is_what_the_kernel_really_grants() -> None:
    """As much as everybody gets, or, with the right to it, all that is asked for."""
    everybody = int(Path("/proc/sys/net/core/rmem_max").read_text("ascii"))
    assert ports.granted_bytes() in {min(everybody, ports.BUFFER_BYTES), ports.BUFFER_BYTES}


def test_a_small_buffer_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judged by the number of streams; the remedy is the very command."""
    monkeypatch.setattr(ports, "granted_bytes", lambda: 212_992)
    streams = [{"kind": "vban", "input": {"host": "10.0.0.1", "stream": f"Mic{i}", "port": free_port()}} for i in range(4)]
    assert only(examine_vban(settings_of(streams[0]), is_served=False), "vban-buffer").grade is Severity.OK
    assert examine_vban(settings_of(), is_served=False) == []
    found = only(examine_vban(settings_of(*streams), is_served=False), "vban-buffer")
    assert found.grade is Severity.WARNING
    assert (
        f"echo net.core.rmem_max={ports.BUFFER_BYTES} | sudo tee /etc/sysctl.d/90-claptrap.conf; sudo sysctl"
        in found.words("fr")
    )


# -- sound ------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.xdist_group("sound")
def test_microphones_are_heard_and_a_missing_one_is_a_fault(
    sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live one has a level; one that hangs is told, as a fault only where it is wanted; one that is not there too."""
    monkeypatch.setattr(sound, "PATIENCE_S", 0.8)
    sound_server.kitchen.hang()
    settings = settings_of(
        {"kind": "microphone", "input": {"device": "kitchen"}}, {"kind": "microphone", "input": {"device": "attic"}}
    )
    found = [one for one in examine_sound(settings, is_served=False, portaudio=PortAudio()) if one.check == "microphone"]
    by_subject = {one.subject: one for one in found}
    assert by_subject["Source 1"].code == "source.device_missing"
    assert (by_subject["kitchen"].code, by_subject["kitchen"].grade) == ("doctor.microphone_mute", Severity.FAULT)
    live = by_subject["default"]
    assert live.code == "doctor.microphone"
    assert -90 < float(live.params["rms_dbfs"]) < -70  # the faint noise of the peer


@pytest.mark.parametrize(
    ("program", "is_served", "code"),
    [
        ("claptrap", True, "doctor.microphone_in_use"),
        ("claptrap", False, "source.device_busy_by"),
        ("audacity", True, "source.device_busy_by"),
    ],
)
def test_a_microphone_that_somebody_has_is_not_missing(
    monkeypatch: pytest.MonkeyPatch, program: str, is_served: bool, code: str
) -> None:
    """ALSA lists none that is recorded from: the service that runs has it, or another program, by name."""
    has_it = SourceError("source.device_busy_by", retryable=True, device="USB", program=program)
    monkeypatch.setattr(alsa, "explain", lambda *_: has_it)
    monkeypatch.setattr(sound, "may_hear", lambda: True)
    library = PortAudio()
    monkeypatch.setattr(library, "devices", lambda: (Device("PCH (hw:0,0)", "ALSA", 2, 44_100, default=True),))
    wanted = settings_of({"kind": "microphone", "input": {"device": "USB Mic: Audio (hw:1,0), ALSA"}})
    found = only(examine_sound(wanted, is_served=is_served, listen=False, portaudio=library), "microphone")
    assert (found.code, found.subject) == (code, "Source 0")
    assert found.grade is (Severity.OK if code == "doctor.microphone_in_use" else Severity.FAULT)


# -- the whole --------------------------------------------------------------------------------------------------------------


def test_the_whole_speaks_both_languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line has a sentence and a grade, and the clock comes last, for it watches the others."""
    monkeypatch.setattr(examination, "examine_sound", lambda *_, **__: [])
    found = examine(ExaminationTarget(tmp_path / "data", tmp_path / "models", "127.0.0.1", free_port()))
    assert found[-1].check == "clock"
    for one in found:
        assert one.code in MESSAGES["en"]
        assert one.words("fr")
        assert one.to_json()["message_en"] == one.words("en").removeprefix(f"{one.subject}: ")
    assert not (tmp_path / "data").exists()
