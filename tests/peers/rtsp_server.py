"""GStreamer's RTSP server in a process of its own: an independent peer that can be asked, stopped, frozen and killed.

Run under the system's Python, for PyGObject lives there. Every mount has H.264 video beside its sound, as a camera has.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any, Self

SYSTEM_PYTHON = "/usr/bin/python3"
USER, PASSWORD = "camera", "s3cr3t-w0rd/:@"  # with what must be quoted in a URL
SINE_HZ = 1000
SECOND_SINE_HZ = 440  # of the second track
AMPLITUDE = 0.5
# A listener who did not ask for the video makes GStreamer 1.22 halt with "not-linked" as it begins to play: mostly too late
# to matter, but in one of 1,000 openings before the first packet of sound, and then none ever comes. The tee keeps it going.
UNASKED = "tee allow-not-linked=true"
VIDEO = (
    "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=5/1 ! x264enc tune=zerolatency speed-preset=1"
)
VIDEO_PAY = f"{VIDEO} key-int-max=5 ! {UNASKED} ! rtph264pay pt=96 name=pay0"


def sound(rate_hz: int, channels: int = 1, wave: str = "sine", sine_hz: int = SINE_HZ) -> str:
    """Return the part of a pipeline that makes sound in real time, 20 ms at once."""
    return (
        f"audiotestsrc is-live=true wave={wave} freq={sine_hz} volume={AMPLITUDE} samplesperbuffer={rate_hz // 50} ! "
        f"audio/x-raw,format=S16LE,rate={rate_hz},channels={channels},layout=interleaved ! audioconvert ! {UNASKED}"
    )


MOUNTS = {
    "aac": f"{sound(48000)} ! voaacenc ! rtpmp4gpay pt=97 name=pay1",
    "aac-stereo": f"{sound(44100, 2)} ! voaacenc ! rtpmp4gpay pt=97 name=pay1",
    "opus": f"{sound(48000)} ! opusenc ! rtpopuspay pt=97 name=pay1",
    "pcmu": f"{sound(8000)} ! mulawenc ! rtppcmupay pt=0 name=pay1",
    "pcma": f"{sound(8000)} ! alawenc ! rtppcmapay pt=8 name=pay1",
    "l16": f"{sound(16000)} ! rtpL16pay pt=97 name=pay1",
    "mp2": f"{sound(48000)} ! avenc_mp2 ! mpegaudioparse ! rtpmpapay pt=14 name=pay1",
    "silence": f"{sound(8000, wave='silence')} ! mulawenc ! rtppcmupay pt=0 name=pay1",
    "video": "",
    "tracks": f"{sound(8000)} ! mulawenc ! rtppcmupay pt=0 name=pay1 "
    f"{sound(48000, sine_hz=SECOND_SINE_HZ)} ! voaacenc ! rtpmp4gpay pt=97 name=pay2",
    "ends": f"{sound(8000).replace('audiotestsrc', 'audiotestsrc num-buffers=50')} ! mulawenc ! rtppcmupay pt=0 name=pay1",
}
ELEMENTS = (
    "voaacenc",
    "opusenc",
    "mulawenc",
    "alawenc",
    "avenc_mp2",
    "mpegaudioparse",
    "x264enc",
    "rtph264pay",
    "rtpL16pay",
)


class RtspServer:
    """The server on free ports of 127.0.0.1; ends with the ``with`` block.

    Attributes:
        url: ``rtsp://127.0.0.1:PORT``; append one of ``MOUNTS``.
        guarded_url: the same, but wanting ``USER`` and ``PASSWORD`` (Basic).
        digest_url: likewise (Digest, as most cameras).
        tls_url: the same as ``rtsps``; empty without ``certificate``.

    Args:
        certificate: PEM file with certificate and key.
        port: of ``url``; 0 for a free one. A server that is "the same camera again" has the same.
        recording: WAV file that each listener of ``/recording`` hears from its beginning, in real time, as AAC. The moment
            at which its first sample left is added to the file ``recording`` + ``.began``, in monotonic seconds.
    """

    def __init__(self, certificate: Path | None = None, port: int = 0, recording: Path | None = None) -> None:
        command = [SYSTEM_PYTHON, __file__, str(port), str(certificate or ""), str(recording or "")]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        ports = json.loads(self._process.stdout.readline())
        self.port: int = ports["open"]
        self.url = f"rtsp://127.0.0.1:{self.port}"
        self.guarded_url = f"rtsp://127.0.0.1:{ports['guarded']}"
        self.digest_url = f"rtsp://127.0.0.1:{ports['digest']}"
        self.tls_url = f"rtsps://localhost:{ports['tls']}" if "tls" in ports else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def freeze(self) -> None:
        """Let it answer nothing and send nothing, with all its connections open."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a power cut would; harmless when it has ended."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def make_certificate(folder: Path) -> Path:
    """Return a file with a self-signed certificate for localhost and its key, made in ``folder``."""
    key, cert, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run(
        [*make, "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    both.write_text(cert.read_text() + key.read_text())
    return both


@cache
def why_missing() -> str | None:
    """Return what this machine lacks for the server, None if nothing."""
    run = f"import runpy; runpy.run_path({__file__!r}, run_name='__main__')"
    check = f"import sys; sys.argv[1:] = ['check']; {run}"
    done = subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["?"])[-1]


# -- under the system's Python ---------------------------------------------------------------------------------------------


def _libraries() -> tuple[Any, Any, Any, Any]:
    import gi  # noqa: PLC0415  # the system's, not the project's

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import Gio, GLib, Gst, GstRtspServer  # noqa: PLC0415  # likewise

    Gst.init(None)
    missing = [name for name in ELEMENTS if not Gst.ElementFactory.find(name)]
    if missing:
        raise SystemExit(f"GStreamer lacks {missing}")
    return Gio, GLib, Gst, GstRtspServer


def _serve(port: int, certificate: str, recording: str) -> None:
    gio, glib, _, rtsp = _libraries()
    if recording:
        played = f"filesrc location={recording} ! wavparse ! audioconvert ! identity sync=true name=pace"
        MOUNTS["recording"] = f"{played} ! voaacenc ! rtpmp4gpay pt=97 name=pay1"
    ports = {
        "open": _open(rtsp, port, None, Path(f"{recording}.began") if recording else None),
        "guarded": _open(rtsp, 0, _auth(rtsp)),
        "digest": _open(rtsp, 0, _digest(rtsp)),
    }
    if certificate:
        auth = rtsp.RTSPAuth()
        auth.set_tls_certificate(gio.TlsCertificate.new_from_file(certificate))
        auth.set_default_token(_token(rtsp))
        ports["tls"] = _open(rtsp, 0, auth)
    print(json.dumps(ports), flush=True)  # noqa: T201  # tells the parent
    glib.MainLoop().run()


def _open(rtsp: Any, port: int, auth: Any, began: Path | None = None) -> int:
    """Start one server with all mounts; return its port."""
    server = rtsp.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(port))
    if auth is not None:
        server.set_auth(auth)
    for name, pay in MOUNTS.items():
        factory = rtsp.RTSPMediaFactory()
        factory.set_launch(f"( {VIDEO_PAY} {pay} )")
        if auth is not None:
            permissions = rtsp.RTSPPermissions()
            permissions.add_permission_for_role("user", "media.factory.access", True)
            permissions.add_permission_for_role("user", "media.factory.construct", True)
            factory.set_permissions(permissions)
        if name == "recording" and began is not None:
            factory.connect("media-configure", _note_beginning, began)
        server.get_mount_points().add_factory(f"/{name}", factory)
    server.attach(None)
    _KEPT.append(server)
    return int(server.get_bound_port())


def _note_beginning(_factory: Any, media: Any, began: Path) -> None:
    """Write down when the first sample of a recording leaves."""
    _, _, gst, _ = _libraries()

    def note(_pad: Any, _info: Any) -> Any:
        with began.open("a", encoding="utf-8") as file:
            file.write(f"{time.monotonic()}\n")
        return gst.PadProbeReturn.REMOVE

    pad = media.get_element().get_by_name("pace").get_static_pad("src")
    pad.add_probe(gst.PadProbeType.BUFFER, note)


def _auth(rtsp: Any) -> Any:
    auth = rtsp.RTSPAuth()
    auth.add_basic(rtsp.RTSPAuth.make_basic(USER, PASSWORD), _token(rtsp))
    return auth


def _digest(rtsp: Any) -> Any:
    from gi.repository import GstRtsp  # noqa: PLC0415  # only those who have it come here

    auth = rtsp.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest(USER, PASSWORD, _token(rtsp))
    return auth


def _token(rtsp: Any) -> Any:
    token = rtsp.RTSPToken()
    token.set_string("media.factory.role", "user")
    return token


_KEPT: list[Any] = []  # GLib's loop holds no reference to the servers
if __name__ == "__main__":
    if sys.argv[1] == "check":
        _libraries()
    else:
        _serve(int(sys.argv[1]), sys.argv[2], sys.argv[3])
