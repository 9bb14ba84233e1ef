"""Microphones: what is said of them, and recording from virtual ones through PortAudio, ALSA and PulseAudio."""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.peers.shut_out import shut_out
from tests.peers.sound import ALSA_CONFIG, RATE_HZ, PipeWire, SoundServer, pipewire, sound_server
from tests.peers.waiting import wait_until

from claptrap.audio.frame import Frame
from claptrap.core.backoff import Backoff
from claptrap.core.clock import SystemClock
from claptrap.core.errors import SourceError
from claptrap.core.events import SourceStatus, State, Status
from claptrap.core.spec import MicrophoneInput, SourceSpec
from claptrap.runtime.runner import Runner, RunnerContext
from claptrap.runtime.stream import Stream
from claptrap.sources import pulse
from claptrap.sources.alsa import busy_errors, explain, is_card_present
from claptrap.sources.base import StopSignal
from claptrap.sources.device import Device, OpenMicrophone, find
from claptrap.sources.microphone import SILENT_S, MicrophoneSource, list_devices, measure
from claptrap.sources.pacing import Pacing
from claptrap.sources.portaudio import Call, PortAudio, _LibraryRecording, channels_of, fault
from claptrap.sources.recorder_process import BLOCK, RecorderProcess
from claptrap.sources.registry import Sources
from claptrap.sources.usb import Usb, split, usb_of_card
from claptrap.text.catalogue import say

__all__ = ["pipewire", "sound_server"]  # fixtures
pytestmark = pytest.mark.xdist_group("sound")

PATIENT_S = 30.0
USB = Device("USB Mic: Audio (hw:1,0)", "ALSA", 1, 48_000, default=False)
BUILT_IN = Device("PCH: ALC (hw:0,0)", "ALSA", 2, 44_100, default=False)
DEFAULT = Device("default", "ALSA", 32, 44_100, default=True)


# -- which device is meant, and what its faults are called (no device needed) -----------------------------------------------


def test_the_default_is_what_the_system_calls_so() -> None:
    """Without a choice the default is taken; without a default, the first."""
    assert find({0: USB, 4: DEFAULT}, "") == (4, DEFAULT)
    assert find({2: USB, 3: BUILT_IN}, "") == (2, USB)


@pytest.mark.parametrize("wanted", [USB.id, USB.name, "USB Mic: Audio (hw:3,0)", "USB Mic: Audio (hw:3,0), ALSA"])
def test_a_device_is_known_by_name_wherever_it_is_plugged_in(wanted: str) -> None:
    """ALSA numbers its cards in the order of plugging; a remembered microphone is found all the same."""
    assert find({0: BUILT_IN, 5: USB}, wanted) == (5, USB)


def test_the_exact_device_wins_over_one_with_another_number() -> None:
    """Two microphones of the same make are told apart while both keep their numbers."""
    twin = Device("USB Mic: Audio (hw:2,0)", "ALSA", 1, 48_000, default=False)
    assert find({0: USB, 1: twin}, twin.id) == (1, twin)


def usb_mic(card: int, port: str, serial: str = "", make: str = "0d8c:0014") -> Device:
    return Device(f"USB Mic: Audio (hw:{card},0)", "ALSA", 1, 48_000, default=False, usb=Usb(make, serial, port))


@pytest.mark.parametrize("serial", ["", "A1"])
def test_twins_keep_their_places_however_alsa_numbers_them(serial: str) -> None:
    """Plugged in the other way round they swap their cards' numbers; the USB socket tells which is which."""
    left, right = usb_mic(1, "1-1", serial), usb_mic(2, "1-2", serial)
    left_again, right_again = usb_mic(2, "1-1", serial), usb_mic(1, "1-2", serial)
    assert find({0: right_again, 1: left_again}, left.id) == (1, left_again)
    assert find({0: right_again, 1: left_again}, right.id) == (0, right_again)


def test_a_serial_number_is_known_in_any_socket() -> None:
    moved = usb_mic(3, "2-1.4", "B2")
    assert find({0: usb_mic(1, "1-1", "A1"), 1: moved}, usb_mic(1, "1-1", "B2").id) == (1, moved)


@pytest.mark.parametrize(
    "there",
    [
        [usb_mic(1, "1-2")],  # a twin, or the same in another socket: without a serial number nobody knows
        [usb_mic(1, "1-2", "B2")],
        [usb_mic(1, "1-1", "B2")],
        [usb_mic(1, "1-2", "A1"), usb_mic(2, "1-3", "A1")],  # serial numbers that are all the same exist
        [usb_mic(1, "1-1", make="046d:0825")],
    ],
)
def test_a_twin_is_never_taken_for_the_one_that_was_chosen(there: list[Device]) -> None:
    """It is said that it is another one, and what to do."""
    chosen = usb_mic(1, "1-1", "A1" if there[0].usb and there[0].usb.serial else "")
    with pytest.raises(SourceError) as caught:
        find(dict(enumerate([BUILT_IN, *there])), chosen.id)
    assert (caught.value.code, caught.value.retryable) == ("source.device_another", True)


def test_what_cannot_be_told_apart_is_not_guessed() -> None:
    """Two of the same name, remembered without their USB device, or on a system that does not tell it."""
    remembered = "USB Mic: Audio (hw:7,0), ALSA"
    unknown = Device("USB Mic", "Core Audio", 1, 48_000, default=False)
    for there, wanted in (([usb_mic(1, "1-1"), usb_mic(2, "1-2")], remembered), ([unknown, unknown], unknown.id)):
        with pytest.raises(SourceError) as caught:
            find(dict(enumerate(there)), wanted)
        assert caught.value.code == "source.device_ambiguous"
    assert find({0: usb_mic(1, "1-1"), 4: DEFAULT}, remembered) == (0, usb_mic(1, "1-1"))
    assert find({0: USB}, usb_mic(1, "1-1").id) == (0, USB)  # the system does not tell any more, as in a container


@pytest.mark.parametrize("serial", ["", "A1", "Serial No 5 [x]"])
def test_the_usb_device_of_a_card_is_read_where_linux_tells_it(tmp_path: Path, serial: str) -> None:
    """The card is in an interface of the device, whose folder is its socket's; what is not USB has none."""
    device = tmp_path / "devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.3"
    card, built_in = device / "1-1.3:1.0/sound/card1", tmp_path / "devices/pci0000:00/0000:00:1f.3/sound/card0"
    for made in (card, built_in):
        made.mkdir(parents=True)
        (made / "device").symlink_to("../..")
    files = {"idVendor": "0D8C", "idProduct": "0014", **({"serial": serial} if serial else {})}
    for name, content in files.items():
        (device / name).write_text(f"{content}\n")
    classes = tmp_path / "class/sound"
    classes.mkdir(parents=True)
    (classes / "card1").symlink_to(card)
    (classes / "card0").symlink_to(built_in)
    found = usb_of_card(1, tmp_path)
    assert found == Usb("0d8c:0014", serial.replace(" [", "_").replace(" ", "_").replace("]", "_"), "1-1.3")
    assert usb_of_card(0, tmp_path) is None
    assert usb_of_card(5, tmp_path) is None
    assert split(f"USB Mic (hw:1,0), ALSA{found}") == ("USB Mic (hw:1,0), ALSA", found)


def test_no_device_and_another_device_are_told_apart() -> None:
    """Plug one in, or choose another: both come back by themselves."""
    for inputs, code in (({}, "source.no_device"), ({0: BUILT_IN}, "source.device_missing")):
        with pytest.raises(SourceError) as caught:
            find(inputs, "USB Mic")
        assert (caught.value.code, caught.value.retryable) == (code, True)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("Error opening InputStream: Device unavailable", -9985), "source.device_busy"),
        (("Error opening", -9999, (8, -16, "Device or resource busy")), "source.device_busy"),
        (("Invalid device", -9996), "source.device_missing"),
        (("Error opening", -9999, (8, -5, "Input/output error")), "source.device_failed"),
        (("Invalid sample rate", -9997), "source.device_failed"),
        ((), "source.device_failed"),
        (("some ValueError",), "source.device_failed"),
    ],
)
def test_the_library_s_faults_have_our_words(args: tuple[object, ...], code: str) -> None:
    """Busy, gone, or broken with the system's own reason; all of them are tried again."""
    error = fault(args, "USB")
    assert (error.code, error.retryable, error.params["device"]) == (code, True, "USB")
    assert "{" not in say(error.code, "en", **error.params)


CARDS = """ 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0xf7f10000 irq 33
 2 [Device         ]: USB-Audio - USB Mic
                      C-Media Electronics Inc. USB Mic at usb-0000:00:14.0-2, full speed
"""


def proc_with(folder: Path, program: str, *, is_closed: bool = False) -> Path:
    """Return what the kernel tells of two cards, the second of which a thread of ``program`` records from."""
    files = {
        "asound/cards": CARDS,
        "asound/card0/pcm0c/sub0/status": "closed\n",
        "asound/card0/pcm0p/sub0/status": "state: RUNNING\nowner_pid   : 77\n",
        "asound/card2/pcm0c/sub0/status": "closed\n" if is_closed else "state: RUNNING\nowner_pid   : 4243\n",
        "4243/status": f"Name:\t{program}-worker\nTgid:\t4242\nPid:\t4243\n",
        "4243/comm": f"{program}-worker\n",
        "4242/comm": f"{program}\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("audacity", "source.device_busy_by"),
        ("pipewire", "source.device_busy_server"),
        ("pulseaudio", "source.device_busy_server"),
    ],
)
def test_who_has_a_microphone_is_said(tmp_path: Path, program: str, code: str) -> None:
    """ALSA lists no card that somebody records from, whatever its number is by now; to people it is not "absent"."""
    proc = proc_with(tmp_path, program)
    for error, wanted in (
        (SourceError("source.device_missing", retryable=True, device="x"), "USB Mic: Audio (hw:1,0), ALSA"),
        (SourceError("source.device_busy", retryable=True, device="x"), "USB Mic: Audio (hw:2,0)"),
        (SourceError("source.no_device", retryable=True), ""),
    ):
        told = explain(error, wanted, proc, tmp_path / "sys")
        assert (told.code, told.retryable, told.params["program"]) == (code, True, program)
        assert "USB Mic" in str(told)
        assert program in str(told)
    found = [(one.code, one.params) for one in busy_errors(proc)]
    assert found == [(code, {"device": "USB Mic (hw:2,0)", "program": program})]


def test_a_microphone_that_another_source_hears_is_said_to_be_so() -> None:
    """Nobody shall look for a foreign program: a card gives its sound to one only, and that one is ours."""
    library = PortAudio()
    library._heard.append(OpenMicrophone(USB, 48_000, 1))
    for code, wanted in (("source.device_busy", USB.id), ("source.device_missing", USB.label), ("source.device_busy", "")):
        told = library._explain(SourceError(code, retryable=True, device=USB.name), wanted)
        assert (told.code, told.params) == ("source.device_twice", {"device": USB.name})
    other = SourceError("source.device_missing", retryable=True, device="cellar")
    assert library._explain(other, "cellar") is other


def test_the_sound_server_of_somebody_else_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever becomes another user with ``su`` keeps the way to a session into which they may not look."""
    for name in ("PULSE_SERVER", "PULSE_RUNTIME_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pulse.shutil, "which", lambda _: "pactl")
    with shut_out() as closed:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(closed))
        assert pulse.newest_stream(os.getpid(), ()) is None


def test_whatever_goes_wrong_while_a_microphone_opens_leaves_none_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would be busy, by us, until the next start, and the list of microphones that of today for ever."""
    done: list[str] = []

    class Stream:
        def __init__(self, **_: object) -> None:
            done.append("open")

        def start(self) -> None:
            done.append("start")

        def close(self) -> None:
            done.append("close")

    def breaks(_: Device) -> None:
        raise PermissionError("a fault of ours")

    library = PortAudio()
    monkeypatch.setattr(library, "_inputs", lambda: {0: USB})
    monkeypatch.setattr(library, "_pulse_stream", breaks)
    monkeypatch.setattr("claptrap.sources.portaudio._load", lambda: SimpleNamespace(RawInputStream=Stream))
    with pytest.raises(PermissionError), library.recording(USB.id):
        pass
    assert (done, library._n_open) == (["open", "start", "close"], 0)


INTERFACE = Device("Eight: USB (hw:1,0)", "ALSA", 8, 48_000, default=False)


@pytest.mark.parametrize(
    ("device", "channel", "recorded"),
    [
        (INTERFACE, "auto", 8),
        (INTERFACE, "loudest", 8),
        (INTERFACE, "3", 3),
        (INTERFACE, "1", 2),
        (replace(INTERFACE, channels=1), "auto", 1),
        (replace(INTERFACE, name="pulse", channels=32), "auto", 2),
        (replace(INTERFACE, name="pulse", channels=32), "5", 5),
        (replace(INTERFACE, host_api="Core Audio", name="Eight"), "mean", 8),
    ],
)
def test_as_many_channels_are_recorded_as_the_choice_needs(device: Device, channel: str, recorded: int) -> None:
    """A microphone on input 3 of an interface was never heard: two channels were all that was recorded."""
    assert channels_of(device, channel) == recorded


def test_a_device_that_takes_fewer_channels_than_it_says_is_opened_with_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they all were before there was a choice."""
    asked: list[int] = []

    class Stream:
        def __init__(self, *, channels: int, **_: object) -> None:
            asked.append(channels)
            if channels > 2:
                raise OSError("Error opening RawInputStream", -9998)

        def start(self) -> None: ...

        def close(self) -> None: ...

    library = PortAudio()
    monkeypatch.setattr(library, "_inputs", lambda: {0: INTERFACE})
    monkeypatch.setattr("claptrap.sources.portaudio._load", lambda: SimpleNamespace(RawInputStream=Stream))
    with library.recording(INTERFACE.id) as recording:
        assert recording.opened.channels == 2
    assert asked == [8, 2]


def test_nobody_is_blamed_for_a_microphone_that_is_not_there(tmp_path: Path) -> None:
    """Another card, another device of the card, a fault of another kind, a card that nobody has, no such system."""
    proc = proc_with(tmp_path / "busy", "audacity")
    absent = SourceError("source.device_missing", retryable=True, device="x")
    for wanted in ("HDA Intel PCH: ALC (hw:0,0), ALSA", "USB Mic: Audio (hw:2,1)", "kitchen, ALSA", "USB Mic"):
        assert explain(absent, wanted, proc) is absent
    broken = SourceError("source.device_failed", retryable=True, device="x", reason="y")
    assert explain(broken, "USB Mic: Audio (hw:2,0)", proc) is broken
    assert explain(absent, "USB Mic: Audio (hw:2,0)", proc_with(tmp_path / "free", "x", is_closed=True)) is absent
    assert explain(absent, "USB Mic: Audio (hw:2,0)", tmp_path / "none") is absent


def test_a_card_that_went_away_is_not_taken_for_what_has_its_number_now(tmp_path: Path) -> None:
    """PortAudio's frozen list would open the other one by its number."""
    proc = proc_with(tmp_path, "x")
    assert is_card_present("USB Mic: Audio (hw:2,0)", proc)
    assert not is_card_present("USB Mic: Audio (hw:0,0)", proc)
    assert not is_card_present("USB Mic: Audio (hw:1,0)", proc)
    assert is_card_present("default", proc)
    assert is_card_present("USB Mic: Audio (hw:1,0)", tmp_path / "none")


class HandClock(SystemClock):
    """Time that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Given:
    """A stream of PortAudio's, or what it raises; and a library that records it."""

    def __init__(self, *blocks: NDArray[np.float32] | Exception, has_overflowed: bool = False) -> None:
        self._blocks = list(blocks)
        self._has_overflowed = has_overflowed
        self.recorded = OpenMicrophone(USB, 16_000, 1)

    @property
    def read_available(self) -> int:
        if self._blocks and isinstance(error := self._blocks[0], Exception):
            raise error
        return len(self._blocks[0]) if self._blocks else 0

    def read(self, n: int) -> tuple[bytes, bool]:
        block = self._blocks.pop(0)
        assert isinstance(block, np.ndarray)
        assert n == len(block)
        return block.tobytes(), self._has_overflowed

    @contextmanager
    def recording(self, _wanted: str, _channel: str = "auto") -> Iterator[_LibraryRecording]:
        yield _LibraryRecording(self, self.recorded)


def test_what_has_come_is_read_at_once_and_a_lost_microphone_is_said() -> None:
    """Nothing is waited for; that the system had no room is passed on; whatever PortAudio raises is the end."""
    recording = _LibraryRecording(Given(BURST[:5], OSError("gone"), has_overflowed=True), OpenMicrophone(USB, 16_000, 1))
    sound, has_lost = recording.read()
    assert (sound[:, 0].tolist(), has_lost) == (BURST[:5].tolist(), True)
    with pytest.raises(SourceError) as caught:
        recording.read()
    assert (caught.value.code, caught.value.params) == ("source.device_lost", {"device": USB.name})
    sound, has_lost = _LibraryRecording(Given(), OpenMicrophone(USB, 16_000, 2)).read()
    assert (sound.shape, has_lost) == ((0, 2), False)


def test_a_microphone_is_read_as_seldom_as_its_listener_wishes() -> None:
    """Each wake-up costs: it is read every 100 ms, unless a candidate waits for more; losses are passed on."""
    listener, clock, waits = Listener(), HandClock(), list[float]()

    def wait(seconds: float) -> bool:
        waits.append(round(seconds, 3))
        clock.now += seconds
        listener.pacing.set_urgent(len(waits) == 1)
        return False

    listener.pacing.wait = wait  # type: ignore[method-assign]  # time is an argument
    library = Given(BURST[:10], BURST[10:12], BURST[12:20], OSError("gone"), has_overflowed=True)
    with pytest.raises(SourceError) as caught:
        MicrophoneSource(portaudio=cast("PortAudio", library), clock=clock).run(listener)
    assert caught.value.code == "source.device_lost"
    assert listener.sound().tolist() == BURST[:20].tolist()
    assert [frame.lost_samples for frame in listener._frames] == [1, 1, 1]
    assert waits == [0.1, 0.02, 0.1]


def test_a_microphone_without_sound_is_given_up() -> None:
    listener, clock = Listener(), HandClock()

    def wait(seconds: float) -> bool:
        clock.now += seconds
        return False

    listener.pacing.wait = wait  # type: ignore[method-assign]  # time is an argument
    with pytest.raises(SourceError) as caught:
        MicrophoneSource(portaudio=cast("PortAudio", Given()), clock=clock).run(listener)
    assert (caught.value.code, listener.form) == ("source.silent", None)
    assert SILENT_S <= clock.monotonic() < SILENT_S + 0.2


@pytest.mark.usefixtures("many_descriptors")
def test_a_recording_process_is_read_whatever_the_pipe_cuts() -> None:
    """What follows a loss begins another block; the end is told after all that came before it; garbage is the end."""
    opened = {**asdict(OpenMicrophone(USB, 16_000, 1)), "pulse_stream": None}
    blocks = [BLOCK.pack(8, 0) + BURST[:2].tobytes(), BLOCK.pack(4, 0) + BURST[2:3].tobytes()]
    blocks += [BLOCK.pack(4, 1) + BURST[3:4].tobytes(), BLOCK.pack(1 << 31, 0)]
    written = b"".join(blocks)
    program = (
        "import sys; [sys.stdout.buffer.write(bytes.fromhex(sys.stdin.readline())) and sys.stdout.flush() for _ in range(2)]"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write((json.dumps(opened).encode() + b"\n" + written[:20]).hex().encode() + b"\n")
        recording = RecorderProcess(process, "default")
        heard = list[tuple[list[float], bool]]()

        def read() -> bool:
            sound, has_lost = recording.read()
            if len(sound):
                heard.append((sound[:, 0].tolist(), has_lost))
            return len(heard) > 0

        wait_until(read, lambda: str(heard), timeout_s=PATIENT_S)
        process.stdin.write(written[20:].hex().encode() + b"\n")
        with pytest.raises(SourceError) as caught:
            wait_until(lambda: read() and False, lambda: str(heard), timeout_s=PATIENT_S)
        recording.close()
    assert caught.value.code == "source.device_lost"
    assert recording.opened == OpenMicrophone(USB, 16_000, 1)
    assert [sample for sound, _ in heard for sample in sound] == BURST[:4].tolist()
    assert heard[-1] == (BURST[3:4].tolist(), True)


def test_a_call_that_hangs_is_given_up_and_what_it_makes_too_late_is_undone() -> None:
    """A microphone that opens after nobody waits for it any more is closed again, and the next call has its turn."""
    lock, gate, undone = threading.Lock(), threading.Event(), queue.Queue[str]()

    def slow() -> str:
        gate.wait(PATIENT_S)
        return "a stream"

    with pytest.raises(SourceError) as caught:
        Call(lock, slow, undo=undone.put).result(0.05)
    assert (caught.value.code, caught.value.retryable, caught.value.params) == (
        "source.system_hangs",
        True,
        {"seconds": 0.05},
    )
    following = Call(lock, lambda: "next", must=True)
    gate.set()
    assert undone.get(timeout=PATIENT_S) == "a stream"
    assert following.result(PATIENT_S) == "next"


def test_a_call_that_fails_fails_where_it_was_asked_for() -> None:
    """Its error crosses the thread; the lock is free again."""
    lock = threading.Lock()
    with pytest.raises(ZeroDivisionError):
        Call(lock, lambda: 1 // 0).result(PATIENT_S)
    assert Call(lock, lambda: 5).result(PATIENT_S) == 5


def test_without_portaudio_there_are_words_and_everything_else_works() -> None:
    """Importing, listing and building need no library; only opening says what to install."""
    program = """
import sys
sys.modules["sounddevice"] = None
from types import SimpleNamespace
from typing import cast
from claptrap.core.errors import SourceError
from claptrap.sources.microphone import MicrophoneSource, list_devices
from claptrap.text.catalogue import say
for use in (list_devices, lambda: MicrophoneSource().run(SimpleNamespace(pacing=None))):
    try:
        use()
    except SourceError as error:
        print(error.code, error.retryable, say(error.code, "en", **error.params))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    said = done.stdout.splitlines()
    assert len(said) == 2
    assert all(line.startswith("source.no_portaudio False ") and "libportaudio2" in line for line in said)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ALSA is Linux's")
def test_a_machine_without_alsa_s_configuration_does_not_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """PortAudio aborts there: it is tried in a process of its own, and no camera ends with the microphone."""
    monkeypatch.setenv("ALSA_CONFIG_PATH", "/nowhere/alsa.conf")
    library = PortAudio()
    for _ in range(2):
        with pytest.raises(SourceError) as caught:
            library.devices()
        assert (caught.value.code, caught.value.retryable) == ("source.sound_breaks", True)


# -- recording --------------------------------------------------------------------------------------------------------------


class Listener:
    """A sink that keeps what it hears and can wait for it."""

    def __init__(self) -> None:
        self.stop = StopSignal()
        self.pacing = Pacing()
        self.form: tuple[int, int] | None = None
        self._frames: list[Frame] = []
        self._grown = threading.Condition()

    def live(self, rate_hz: int, channels: int) -> None:
        assert self.form is None
        self.form = (rate_hz, channels)

    def frame(self, frame: Frame) -> None:
        assert self.form is not None
        with self._grown:
            self._frames.append(frame)
            self._grown.notify_all()

    def sound(self) -> NDArray[np.float32]:
        """Return the first channel of all that was heard."""
        with self._grown:
            return np.concatenate([np.zeros(0, np.float32), *(f.samples[:, 0] for f in self._frames)])

    def wait_until(self, is_enough: Callable[[NDArray[np.float32]], bool]) -> NDArray[np.float32]:
        with self._grown:
            assert self._grown.wait_for(lambda: is_enough(self.sound()), PATIENT_S)
            return self.sound()


@contextmanager
def listening(device: str = "") -> Iterator[tuple[Listener, queue.Queue[SourceError]]]:
    """Run a microphone in a thread; give its sink, and the error that it ends with."""
    listener, errors = Listener(), queue.Queue[SourceError]()

    def run() -> None:
        try:
            MicrophoneSource(device).run(listener)
        except SourceError as error:
            errors.put(error)

    thread = threading.Thread(target=run, name="test:microphone-source")
    thread.start()
    try:
        yield listener, errors
    finally:
        listener.stop.set()
        thread.join(PATIENT_S)


def something(sound: NDArray[np.float32]) -> bool:
    return len(sound) >= RATE_HZ // 10


def loud(sound: NDArray[np.float32]) -> bool:
    return bool(np.abs(sound).max(initial=0) > 0.05)


BURST = np.random.default_rng(7).uniform(-0.5, 0.5, RATE_HZ).astype(np.float32)


@pytest.mark.slow
@pytest.mark.usefixtures("sound_server")
def test_devices_are_listed() -> None:
    """Each with its name, its sound interface, its format; one of them is the default."""
    devices = {device.name: device for device in list_devices()}
    assert {"default", "kitchen"} <= set(devices)
    assert [d.name for d in devices.values() if d.default] == ["default"]
    assert devices["kitchen"].id == "kitchen, ALSA"
    assert devices["kitchen"].rate_hz > 0


@pytest.mark.slow
@pytest.mark.parametrize(("device", "other"), [("", "kitchen"), ("kitchen", "default"), ("kitchen, ALSA", "default")])
def test_the_chosen_microphone_is_heard_whole_and_no_other(sound_server: SoundServer, device: str, other: str) -> None:
    """What is played into a microphone arrives sample for sample; the other one hears nothing of it."""
    chosen = sound_server.kitchen if device else sound_server.microphone
    with listening(device) as (listener, errors), listening(other) as (deaf, _):
        listener.wait_until(something)
        deaf.wait_until(something)
        chosen.play(BURST)
        heard = listener.wait_until(lambda sound: loud(sound) and len(sound) - np.argmax(np.abs(sound) > 0.05) >= len(BURST))
    assert errors.empty()
    assert listener.form == (RATE_HZ, 2)
    begin = int(np.argmax(np.abs(heard) > 0.01)) - int(np.argmax(np.abs(BURST) > 0.01))
    assert np.abs(heard[begin : begin + len(BURST)] - BURST).max() < 1e-3
    assert not loud(deaf.sound())


@pytest.mark.slow
def test_how_loud_it_is_is_measured_at_each_microphone(sound_server: SoundServer) -> None:
    """Beside a source that records from the same; the quiet one stays quiet."""
    playing = threading.Thread(target=sound_server.kitchen.play, args=(np.tile(BURST, 10),))
    with listening("kitchen") as (listener, _):
        listener.wait_until(something)
        playing.start()
        listener.wait_until(loud)
        at_kitchen, elsewhere = measure("kitchen, ALSA"), measure("")
    playing.join(PATIENT_S)
    assert -8 < at_kitchen.peak_dbfs < -5  # 0.5
    assert elsewhere.peak_dbfs < -60
    assert (at_kitchen.rate_hz, at_kitchen.channels) == (RATE_HZ, 2)
    with pytest.raises(SourceError) as caught:
        measure("cellar")
    assert caught.value.code == "source.device_missing"
    sound_server.microphone.hang()
    try:
        with pytest.raises(SourceError) as caught:
            measure("")
        assert caught.value.code == "source.silent"
    finally:
        sound_server.microphone.recover()


@pytest.mark.slow
@pytest.mark.usefixtures("sound_server")
@pytest.mark.parametrize(("device", "code"), [("cellar", "source.device_missing"), ("nowhere", "source.device_failed")])
def test_a_microphone_that_cannot_be_opened_says_why(device: str, code: str) -> None:
    """Unknown to the system, or known and out of order."""
    with pytest.raises(SourceError) as caught:
        MicrophoneSource(device).run(Listener())
    assert (caught.value.code, caught.value.retryable, caught.value.params["device"]) == (code, True, device)


@pytest.mark.slow
def test_a_microphone_that_hangs_is_given_up_after_two_seconds(sound_server: SoundServer) -> None:
    """Some devices neither give sound nor report an end; without this rule they would look alive for ever."""
    with listening() as (listener, errors):
        listener.wait_until(something)
        sound_server.microphone.hang()
        error = errors.get(timeout=PATIENT_S)
    assert (error.code, error.retryable, error.params) == ("source.silent", True, {"seconds": SILENT_S})


@pytest.mark.slow
def test_a_sound_server_that_dies_is_noticed_at_once(sound_server: SoundServer) -> None:
    """The recording ends with a reason; while there is no server there is no microphone."""
    with listening() as (listener, errors):
        listener.wait_until(something)
        sound_server.kill()
        error = errors.get(timeout=PATIENT_S)
    assert error.code == "source.device_lost"
    with pytest.raises(SourceError) as caught:
        MicrophoneSource().run(Listener())
    assert caught.value.retryable
    sound_server.start()
    with listening() as (listener, _):
        listener.wait_until(something)


class Life:
    """The surroundings of a runner: its states, and its streams, which it reads as hearing would."""

    def __init__(self, device: str = "") -> None:
        self._told: list[SourceStatus] = []
        self._streams: list[Stream] = []
        self._grown = threading.Condition()
        backoff = Backoff(first_s=0.05, max_s=0.2, rng=random.Random(1))
        around = RunnerContext(Sources().build, self._opened, self, SystemClock(), backoff)
        self.runner = Runner(SourceSpec("mic", "Salon", MicrophoneInput(device)), 0, around)

    def offer(self, status: Status) -> None:
        assert isinstance(status, SourceStatus)
        with self._grown:
            self._told.append(status)
            self._grown.notify_all()

    def _opened(self, stream: Stream) -> None:
        with self._grown:
            self._streams.append(stream)

    def wait_for(self, wanted: Callable[[SourceStatus], bool], after: int = 0) -> int:
        """Wait for a status that is ``wanted``; return its place in the row of all."""
        with self._grown:
            found: list[int] = []

            def is_there() -> bool:
                found[:] = [i for i, s in enumerate(self._told) if i >= after and wanted(s)]
                return bool(found)

            assert self._grown.wait_for(is_there, PATIENT_S), self._told[-5:]
            return found[0]

    def epochs(self) -> list[str]:
        return [stream.epoch for stream in self._streams]

    def is_loud(self) -> bool:
        """Whether the newest stream has brought something loud since the last call."""
        return bool(np.abs(self._streams[-1].ring.read(250)[0]).max(initial=0) > 0.05)


@contextmanager
def living(device: str = "") -> Iterator[Life]:
    life = Life(device)
    life.runner.start()
    try:
        yield life
    finally:
        life.runner.halt()
        life.runner.join()


def is_live(status: SourceStatus) -> bool:
    return status.state is State.LIVE


def is_heard(status: SourceStatus) -> bool:
    return status.state is State.LIVE and status.last_heard is not None


@pytest.mark.slow
def test_a_sound_server_that_was_restarted_is_heard_again_without_help(sound_server: SoundServer) -> None:
    """Nobody touches anything: the microphone is lost, tried again, live under a new epoch, and really heard."""
    with living() as life:
        live = life.wait_for(is_live)
        sound_server.kill()
        lost = life.wait_for(lambda s: s.state is State.RETRYING, live)
        sound_server.start()
        life.wait_for(is_live, lost)
        sound_server.microphone.play(BURST)
        life.wait_for(lambda _: life.is_loud(), lost)
        assert len(set(life.epochs())) == len(life.epochs()) == 2


@pytest.mark.slow
def test_a_microphone_that_was_missing_at_the_start_is_heard_once_it_is_there(sound_server: SoundServer) -> None:
    """The list of devices is looked at anew on each attempt: plugging in later is enough."""
    sound_server.kill()
    with living("kitchen") as life:
        missing = life.wait_for(lambda s: s.state is State.RETRYING)
        assert life._told[missing].code in ("source.no_device", "source.device_missing", "source.device_failed")
        sound_server.start()
        life.wait_for(is_live, missing)
        sound_server.kitchen.play(BURST)
        life.wait_for(lambda _: life.is_loud())


@pytest.mark.slow
def test_a_microphone_that_hung_is_reopened(sound_server: SoundServer) -> None:
    """The two-second rule and the runner together: sound comes back when the device does."""
    with living() as life:
        live = life.wait_for(is_live)
        sound_server.microphone.hang()
        silent = life.wait_for(lambda s: s.code == "source.silent", live)
        sound_server.microphone.recover()
        life.wait_for(is_live, silent)


@pytest.fixture
def plug_in(sound_server: SoundServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let ALSA know the default microphone only; return what makes it know the kitchen's too."""
    del sound_server  # whose ALSA this is
    config = tmp_path / "alsa.conf"
    lines = ALSA_CONFIG.read_text("utf-8").splitlines(keepends=True)
    config.write_text("".join(line for line in lines if "kitchen" not in line))
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
    return lambda: config.write_text("".join(lines)) and None


@pytest.mark.slow
def test_a_microphone_that_is_plugged_in_while_another_is_heard_is_heard_too(
    sound_server: SoundServer, plug_in: Callable[[], None]
) -> None:
    """PortAudio's list is frozen while it records; a process of its own sees the new one. The other loses nothing of it."""
    with listening() as (first, errors), living("kitchen") as life:
        first.wait_until(something)
        life.wait_for(lambda s: s.code == "source.device_missing")
        assert "kitchen" not in {device.name for device in list_devices()}
        plug_in()
        assert {"default", "kitchen"} <= {device.name for device in list_devices()}
        live = life.wait_for(is_live)
        assert (life._told[live].rate_hz, life._told[live].channels) == (RATE_HZ, 2)
        sound_server.kitchen.play(BURST)
        life.wait_for(lambda _: life.is_loud())
        begin = len(first.sound())
        sound_server.microphone.play(BURST)
        heard = first.wait_until(lambda sound: loud(sound[begin:]) and len(sound) > begin + 2 * len(BURST))[begin:]
        at = int(np.argmax(np.abs(heard) > 0.01)) - int(np.argmax(np.abs(BURST) > 0.01))
        assert np.abs(heard[at : at + len(BURST)] - BURST).max() < 1e-3
        assert errors.empty()
    assert not [child for child in children() if "recorder" in child]


def children() -> list[str]:
    """Return what this process's children were begun with (Linux)."""
    numbers = " ".join(task.read_text("ascii") for task in Path("/proc/self/task").glob("*/children")).split()
    return [Path("/proc", number, "cmdline").read_text("utf-8").replace("\0", " ") for number in numbers]


@pytest.mark.slow
@pytest.mark.usefixtures("sound_server")
def test_the_process_that_records_a_new_microphone_may_be_killed(plug_in: Callable[[], None]) -> None:
    """Its microphone is lost and found again; the others do not notice."""
    with listening() as (first, errors), living("kitchen") as life:
        first.wait_until(something)
        plug_in()
        live = life.wait_for(is_live)
        numbers = " ".join(task.read_text("ascii") for task in Path("/proc/self/task").glob("*/children")).split()
        (recorder,) = [n for n in numbers if b"recorder" in Path("/proc", n, "cmdline").read_bytes()]
        os.kill(int(recorder), signal.SIGKILL)
        lost = life.wait_for(lambda s: s.code == "source.device_lost", live)
        life.wait_for(is_heard, lost)
        assert errors.empty()


@pytest.mark.slow
def test_the_sound_server_does_not_pass_another_microphone_off_as_the_one_that_was_unplugged(
    sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PulseAudio moves the recording and tells nobody: that is said, and the chosen one is heard again once it is back."""
    monkeypatch.setattr(pulse, "LOOK_S", 0.5)
    with living("kitchen") as life:
        live = life.wait_for(is_heard)
        sound_server.unplug("kitchen")
        moved = life.wait_for(lambda s: s.code == "source.device_moved", live)
        assert "kitchen" in str(life._told[moved].params["before"])
        assert "microphone" in str(life._told[moved].params["now"])
        gone = life.wait_for(lambda s: s.code == "source.device_failed", moved)
        sound_server.plug_in("kitchen")
        back = life.wait_for(is_live, gone)
        life.wait_for(is_heard, back)
        sound_server.kitchen.play(BURST)
        life.wait_for(lambda _: life.is_loud(), back)


@pytest.mark.slow
def test_the_default_microphone_may_become_another_one(sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody chose a certain one: what the system gives now is heard, in a new epoch, and said."""
    monkeypatch.setattr(pulse, "LOOK_S", 0.5)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(unnamed(sound_server)))
    with living() as life:
        live = life.wait_for(is_heard)
        sound_server.unplug("microphone")
        moved = life.wait_for(lambda s: s.code == "source.device_moved", live)
        life.wait_for(is_heard, life.wait_for(is_live, moved))
        sound_server.kitchen.play(BURST)
        life.wait_for(lambda _: life.is_loud(), moved)
        assert len(set(life.epochs())) == 2


def unnamed(server: SoundServer) -> Path:
    """Return an ALSA configuration whose default names no microphone of the sound server."""
    path = Path(server.environment["PULSE_SERVER"].removeprefix("unix:")).with_name("unnamed.conf")
    path.write_text("pcm.default { type pulse }\n")
    return path


@pytest.mark.slow
def test_under_pipewire_the_chosen_microphone_is_heard_and_no_other(pipewire: PipeWire) -> None:
    """As on most desktops of today: through ALSA's pulse plugin, or PipeWire's."""
    with listening("kitchen") as (listener, errors), listening() as (deaf, _):
        listener.wait_until(something)
        deaf.wait_until(something)
        pipewire.kitchen.play(BURST)
        listener.wait_until(loud)
        assert not loud(deaf.sound())
        assert errors.empty()


@pytest.mark.slow
def test_under_pipewire_an_unplugged_microphone_is_told_and_heard_again(
    pipewire: PipeWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever PipeWire does with the recording meanwhile, nobody takes it for the one that was chosen."""
    monkeypatch.setattr(pulse, "LOOK_S", 0.5)
    with living("kitchen") as life:
        live = life.wait_for(is_heard)
        pipewire.unplug("kitchen")
        gone = life.wait_for(lambda s: s.state is State.RETRYING, live)
        assert life._told[gone].code == "source.device_moved"
        pipewire.plug_in("kitchen")
        back = life.wait_for(is_live, gone)
        life.wait_for(is_heard, back)
        pipewire.kitchen.play(BURST)
        life.wait_for(lambda _: life.is_loud(), back)


@pytest.mark.slow
def test_pipewire_that_was_restarted_is_heard_again_without_help(pipewire: PipeWire) -> None:
    with living() as life:
        live = life.wait_for(is_live)
        pipewire.kill()
        lost = life.wait_for(lambda s: s.state is State.RETRYING, live)
        pipewire.start()
        life.wait_for(is_heard, life.wait_for(is_live, lost))
        pipewire.microphone.play(BURST)
        life.wait_for(lambda _: life.is_loud(), lost)


@pytest.mark.slow
@pytest.mark.usefixtures("sound_server")
def test_opening_again_and_again_leaves_nothing_behind() -> None:
    """Neither descriptors nor threads grow with the number of times that a microphone was opened."""

    def count(what: str) -> int:
        return len(list(Path("/proc/self", what).iterdir()))

    def open_once() -> None:
        with listening() as (listener, errors):
            listener.wait_until(something)
        assert errors.empty()

    open_once()
    before = count("fd"), count("task")
    for _ in range(10):
        open_once()
    wait_until(  # a thread that has ended is counted until the system has tidied it up
        lambda: all(count(what) < n + 5 for what, n in zip(("fd", "task"), before, strict=True)),
        lambda: f"descriptors and threads: {before} before, {count('fd'), count('task')} after",
        timeout_s=5,
    )
