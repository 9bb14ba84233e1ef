"""Odd cameras, as bug reports describe them: what can be heard is heard, and what cannot is told by its cause."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import md5

import numpy as np
import pytest
from tests.peers.raw_rtsp import AAC, PCMU, UNKNOWN, VIDEO, adts, camera, reply, rtp

from claptrap.audio.frame import Frame
from claptrap.core.errors import SourceError
from claptrap.core.spec import RtspInput
from claptrap.sources.base import StopSignal
from claptrap.sources.pacing import Pacing
from claptrap.sources.rtsp import RtspSource, probe
from claptrap.text.catalogue import MESSAGES

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cameras")]  # the camera sends in real time


class Sink:
    """Remembers the sound of a source, and stops it after ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.stop, self.pacing = StopSignal(), Pacing()
        self._seconds = seconds
        self.heard_s = self.lost_s = self.most_behind_s = 0.0
        self._began: float | None = None

    def live(self, rate_hz: int, channels: int) -> None:
        assert (rate_hz, channels) == (8_000, 1)

    def frame(self, frame: Frame) -> None:
        self._began = self._began or time.monotonic()
        self.most_behind_s = max(self.most_behind_s, time.monotonic() - self._began - self.heard_s)
        self.heard_s += len(frame.samples) / frame.rate_hz
        self.lost_s += frame.lost_samples / frame.rate_hz
        assert np.abs(frame.samples).max() > 0
        if self.heard_s >= self._seconds:
            self.stop.set()

    def waiting(self, code: str, **params: str | float) -> None:
        raise AssertionError((code, params))


def listen(wanted: RtspInput, seconds: float = 0.5) -> Sink:
    sink = Sink(seconds)
    RtspSource(wanted).run(sink)
    assert sink.heard_s >= seconds
    return sink


def cause(wanted: RtspInput) -> SourceError:
    """Return why nothing is heard, the same from the source and from the trial of the address, in a sentence that exists."""
    with pytest.raises(SourceError) as of_source:
        RtspSource(wanted, stalled_s=1.0).run(Sink(0.1))
    with pytest.raises(SourceError) as of_probe:
        probe(wanted)
    assert of_source.value.code == of_probe.value.code
    assert of_source.value.code in MESSAGES["fr"]
    return of_source.value


@pytest.mark.parametrize(
    ("sdp", "channel", "codecs"),
    [(PCMU + UNKNOWN, 0, ["pcm_mulaw", "unknown"]), (UNKNOWN + PCMU, 2, ["unknown", "pcm_mulaw"])],
    ids=["second", "first"],
)
def test_a_codec_that_nobody_knows_spoils_only_itself(sdp: str, channel: int, codecs: list[str]) -> None:
    """The good track beside it is heard, whichever comes first; "Try the address" lists the odd one as unknown."""
    with camera(sdp=sdp, channel=channel) as it:
        found = probe(RtspInput(it.url))
        assert found.codec == "pcm_mulaw"
        assert [track.codec for track in found.tracks] == codecs
        listen(RtspInput(it.url))


def test_only_an_unknown_codec_is_said_to_be_undecodable() -> None:
    """An unexpected fault and a 500 were the answer."""
    with camera(sdp=UNKNOWN) as it:
        assert cause(RtspInput(it.url)).code == "rtsp.undecodable"


def test_a_camera_that_needs_all_its_tracks_gets_them_after_silence() -> None:
    """Asked for its sound alone it accepts, and never sends."""
    with camera(sdp=PCMU + VIDEO, needs=2) as it:
        listen(RtspInput(it.url))
        assert probe(RtspInput(it.url)).codec == "pcm_mulaw"


def test_a_picture_without_sound_is_no_fault_of_the_server() -> None:
    """MediaMTX answers a request for sound with 5xx where there is a picture only."""

    def answer(method: str, _head: str, sequence: str) -> str | None:
        return reply("500 Internal Server Error", sequence) if method in ("SETUP", "PLAY") else None

    with camera(sdp=VIDEO, answer=answer) as it:
        assert cause(RtspInput(it.url)).code == "rtsp.no_audio"


def refusing(*, setup: str = "", status: str = "") -> Callable[[str, str, str], str | None]:
    def answer(method: str, _head: str, sequence: str) -> str | None:
        if method != "SETUP":
            return None
        return reply(status or "200 OK", sequence, *((f"Transport: {setup}", "Session: 1") if setup else ()))

    return answer


def test_another_transport_in_the_answer_is_said() -> None:
    """It was "did not answer within 8 s", after a fifth of a second."""
    answer = refusing(setup="RTP/AVP;unicast;client_port=1-2;server_port=3-4")
    with camera(answer=answer) as it:
        assert cause(RtspInput(it.url)).params["other"] == "UDP"
        assert cause(RtspInput(it.url)).code == "rtsp.transport_mismatch"


@pytest.mark.parametrize(("transport", "other"), [("tcp", "UDP"), ("udp", "TCP")])
def test_a_refused_transport_names_the_other_one(transport: str, other: str) -> None:
    """461 was "Protocol not supported", without a remedy."""
    with camera(answer=refusing(status="461 Unsupported Transport")) as it:
        error = cause(RtspInput(it.url, transport=transport))
        assert (error.code, error.params["transport"], error.params["other"]) == (
            "rtsp.transport_refused",
            transport.upper(),
            other,
        )


def asking_for(challenge: str) -> Callable[[str, str, str], str | None]:
    def answer(method: str, _head: str, sequence: str) -> str | None:
        return None if method == "OPTIONS" else reply("401 Unauthorized", sequence, f"WWW-Authenticate: {challenge}")

    return answer


def test_a_digest_that_ffmpeg_does_not_know_is_no_wrong_password() -> None:
    """The password is right; the algorithm is what stands in the way."""
    with camera(answer=asking_for('Digest realm="c", nonce="a", algorithm="SHA-256"')) as it:
        error = cause(RtspInput(it.url, username="u", password="p"))
        assert (error.code, error.params["algorithm"]) == ("rtsp.digest_unsupported", "SHA-256")


@pytest.mark.parametrize("challenge", ['Digest realm="c", nonce="a"', 'Basic realm="c"'])
def test_who_gave_no_user_name_is_asked_for_one(challenge: str) -> None:
    """Nothing was given, so nothing was refused; who gave one is told that it is wrong, after one try of FFmpeg's."""
    with camera(answer=asking_for(challenge)) as it:
        assert cause(RtspInput(it.url)).code == "rtsp.credentials_needed"
        assert cause(RtspInput(it.url, username="u", password="p")).code == "rtsp.unauthorized"


def test_a_picture_without_sound_behind_a_password() -> None:
    """The questions that follow a failure know the password too, and send it as Digest."""
    asked: list[str] = []

    def answer(method: str, head: str, sequence: str) -> str | None:
        if method == "OPTIONS":
            return None
        if "Authorization: Digest" not in head:
            return reply("401 Unauthorized", sequence, 'WWW-Authenticate: Digest realm="c", nonce="n"')
        fields = head.split("Authorization: Digest")[1].partition("\r\n")[0].split(",")
        given = dict(part.strip().partition("=")[::2] for part in fields)
        secret = md5(b"u:c:p", usedforsecurity=False).hexdigest()
        target = md5(f"{method}:{given['uri'].strip(chr(34))}".encode(), usedforsecurity=False).hexdigest()
        expected = md5(f"{secret}:n:{target}".encode(), usedforsecurity=False).hexdigest()
        assert given["response"].strip('"') == expected
        asked.append(method)
        return reply("500 Internal Server Error", sequence) if method == "SETUP" else None

    with camera(sdp=VIDEO, answer=answer) as it:
        assert cause(RtspInput(it.url, username="u", password="p")).code == "rtsp.no_audio"
    assert "DESCRIBE" in asked


def test_aac_with_adts_headers_is_named() -> None:
    """It was "Input/output error"."""
    with camera(sdp=AAC, payload=adts) as it:
        assert cause(RtspInput(it.url)).code == "rtsp.adts"


@pytest.mark.parametrize(
    "stamp",
    [lambda k: k * 320, lambda k: k * 1_800, lambda k: k * 160 + (k * 7919 % 321) - 160, lambda _: 0],
    ids=["twice too fast", "in 90 kHz", "jitter of 20 ms", "constant"],
)
def test_stamps_that_are_wrong_lose_no_sound(stamp: Callable[[int], int]) -> None:
    """Lost is what time passed without sound, never what a camera's clock says."""
    with camera(payload=lambda k: rtp(k, bytes([k % 200]) * 160, stamp=10**6 + stamp(k))) as it:
        sink = listen(RtspInput(it.url), seconds=3.0)
    assert sink.lost_s <= sink.most_behind_s + 0.05  # a loaded machine stands still, and then time has passed without sound


def test_no_connection_is_reset() -> None:
    """go2rtc and MediaMTX warned of "connection reset by peer" at every try."""
    with camera() as it:
        listen(RtspInput(it.url))
        assert probe(RtspInput(it.url)).codec == "pcm_mulaw"
        assert it.requests.count("OPTIONS") >= 2
    assert it.resets == 0
