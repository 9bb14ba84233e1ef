"""A minimal RTSP camera over plain sockets, for what no real server gets wrong: it sends 20 ms of µ-law noise at a time."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random

HEAD = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=c\r\nt=0 0\r\na=control:*\r\n"
PCMU = "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:t1\r\n"
UNKNOWN = "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 X-FOO/8000\r\na=control:t2\r\n"  # a codec that FFmpeg does not know
VIDEO = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t3\r\n"
AAC = (
    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/16000/1\r\n"
    "a=fmtp:97 mode=AAC-hbr;config=1408;sizelength=13;indexlength=3;indexdeltalength=3\r\na=control:t1\r\n"
)
_NOISE = Random(1)


def rtp(k: int, payload: bytes, payload_type: int = 0, stamp: int | None = None) -> bytes:
    """Return the RTP packet number ``k``; its stamp counts 160 samples a packet unless given."""
    stamped = (k * 160 if stamp is None else stamp) & 0xFFFFFFFF
    return struct.pack("!BBHII", 128, payload_type, k & 0xFFFF, stamped, 1) + payload


def noise(k: int) -> bytes:
    """Return a packet of 20 ms of µ-law noise."""
    return rtp(k, _NOISE.randbytes(160))


def adts(k: int) -> bytes:
    """Return a packet of AAC with an ADTS header in place of RFC 3640's."""
    return rtp(k, b"\xff\xf1\x60\x40\x10\x1f\xfc" + _NOISE.randbytes(121), 97 | 128, k * 1024)


def reply(status: str, sequence: str, *headers: str) -> str:
    """Return an answer without a body."""
    return "".join(f"{line}\r\n" for line in (f"RTSP/1.0 {status}", f"CSeq: {sequence}", *headers, ""))


@dataclass
class Camera:
    """What the camera does, and what it was asked.

    Attributes:
        sdp: its description's media.
        answer: its own answer to (method, head, sequence); None for the usual one, empty to hang up.
        needs: it sends once so many tracks were set up.
        payload: the RTP packet number k.
        channel: of the connection, on which it sends.
        requests: the methods that it was asked for.
        resets: connections that the other side reset before anything was played.
        url: its address.
    """

    sdp: str = PCMU
    answer: Callable[[str, str, str], str | None] = lambda _method, _head, _sequence: None
    needs: int = 1
    payload: Callable[[int], bytes] = noise
    channel: int = 0
    requests: list[str] = field(default_factory=list)
    resets: int = 0
    url: str = ""


@contextmanager
def camera(**does: object) -> Iterator[Camera]:
    """Serve a camera on a free port of 127.0.0.1 until the context ends."""
    it = Camera(**does)  # type: ignore[arg-type]  # the dataclass names the fields
    ended, connections = threading.Event(), list[socket.socket]()
    listener = socket.create_server(("127.0.0.1", 0))
    it.url = f"rtsp://127.0.0.1:{listener.getsockname()[1]}/a"

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                thread = threading.Thread(target=_serve, args=(it, connection, ended))
                threads.append(thread)
                thread.start()

    threads = [threading.Thread(target=accept)]
    threads[0].start()
    try:
        yield it
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5.0)


def _serve(it: Camera, connection: socket.socket, ended: threading.Event) -> None:
    received, n_setups, player = b"", 0, None
    try:
        while more := connection.recv(65_536):
            received += more
            while b"\r\n\r\n" in received and not received.startswith(b"$"):
                head_bytes, received = received.split(b"\r\n\r\n", 1)
                head = head_bytes.decode()
                method = head.split()[0]
                it.requests.append(method)
                sequence = head.split("CSeq: ")[1].split("\r\n")[0]
                own = it.answer(method, head, sequence)
                if own == "":
                    return
                n_setups += method == "SETUP"
                connection.sendall((own or _usual(it, method, sequence, n_setups)).encode())
                if method == "PLAY" and n_setups >= it.needs and player is None:
                    player = threading.Thread(target=_play, args=(it, connection, ended))
                    player.start()
    except ConnectionResetError:
        it.resets += player is None
    except OSError:
        pass
    finally:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        if player is not None:
            player.join()
        connection.close()


def _usual(it: Camera, method: str, sequence: str, n_setups: int) -> str:
    if method == "DESCRIBE":
        body = HEAD + it.sdp
        return reply("200 OK", sequence, "Content-Type: application/sdp", f"Content-Length: {len(body)}") + body
    if method == "SETUP":
        channels = f"{2 * n_setups - 2}-{2 * n_setups - 1}"
        return reply("200 OK", sequence, "Session: 1", f"Transport: RTP/AVP/TCP;unicast;interleaved={channels}")
    return reply("200 OK", sequence)


def _play(it: Camera, connection: socket.socket, ended: threading.Event) -> None:
    began = time.monotonic()
    with suppress(OSError):
        k = 0
        while not ended.wait(max(0.0, began + k * 0.02 - time.monotonic())):
            packet = it.payload(k)
            connection.sendall(bytes((0x24, it.channel)) + struct.pack("!H", len(packet)) + packet)
            k += 1
