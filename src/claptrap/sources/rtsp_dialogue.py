"""RTSP requests over an open connection (RFC 2326): enough to ask a server what it has and why it refuses.

FFmpeg fetches the sound; this only asks questions. Answers are bounded in size, and waiting by a ``Deadline``.
"""

from __future__ import annotations

import hashlib
import re
import selectors
import socket
import ssl
import struct
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from claptrap.sources.rtsp_preflight import Deadline

MAX_HEAD_BYTES = 16_384
MAX_BODY_BYTES = 262_144
_CHALLENGE = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_RTP_HEADER = struct.Struct("!BBHII")


class ProtocolError(Exception):
    """The server's answer is no RTSP."""


@dataclass(frozen=True, slots=True)
class Response:
    """A server's answer.

    Attributes:
        status: its number, e.g. 200.
        reason: its words.
        headers: by lower-case name; of several with one name all, by line breaks.
        body: what follows.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Media:
    """One track of a session description.

    Attributes:
        kind: ``audio``, ``video``, …
        codec: the name in its rtpmap; the payload type's number where it has none.
        control: its address for SETUP, absolute.
    """

    kind: str
    codec: str
    control: str


class Dialogue:
    """Asks one server over one connection.

    Args:
        connection: non-blocking.
        url: whose stream is asked for, without credentials.
        deadline: for all of it.
        username, password: for the answer to a challenge; empty for none.
    """

    def __init__(self, connection: socket.socket, url: str, deadline: Deadline, username: str, password: str) -> None:
        self._connection = connection
        self._url = url
        self._deadline = deadline
        self._username = username
        self._password = password
        self._challenge = ""
        self._sequence = 0
        self._received = b""

    def request(self, method: str, url: str | None = None, **headers: str) -> Response:
        """Send a request; return the answer to it, to the one with credentials where the server asks for them.

        Raises:
            Stopped, SourceError: of the deadline.
            ProtocolError: what came is no answer.
            OSError: the connection broke.
        """
        answer = self._exchange(method, url or self._url, headers)
        offered = answer.headers.get("www-authenticate", "")
        if answer.status != 401 or self._challenge or not self._username or not can_answer(offered):
            return answer
        self._challenge = offered
        return self._exchange(method, url or self._url, headers)

    def end(self, session: str) -> None:
        """Ask for the end of a session; the answer, behind what sound still comes, is not waited for."""
        self._send("TEARDOWN", self._url, {"Session": session})

    def rtp_payload(self) -> bytes:
        """Return the payload of the next RTP packet on channel 0 of the connection. Raises like ``request``."""
        while True:
            while not self._received.startswith(b"$"):
                at = self._received.find(b"$")
                self._received = self._received[at:] if at > 0 else b""
                self._receive()
            header = self._take(4)
            packet = self._take(int.from_bytes(header[2:], "big"))
            if header[1] == 0 and len(packet) > _RTP_HEADER.size:
                n_sources = packet[0] & 0x0F
                return packet[_RTP_HEADER.size + 4 * n_sources :]

    def _exchange(self, method: str, url: str, headers: Mapping[str, str]) -> Response:
        self._send(method, url, headers)
        return self._response()

    def _send(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        self._sequence += 1
        lines = {"CSeq": str(self._sequence), "User-Agent": "ClapTrap", **headers}
        if self._challenge:
            lines["Authorization"] = authorization(self._challenge, method, url, self._username, self._password)
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._connection.sendall(f"{method} {url} RTSP/1.0\r\n{head}\r\n".encode())  # fits into the socket's buffer

    def _response(self) -> Response:
        while b"\r\n\r\n" not in self._received:
            if len(self._received) > MAX_HEAD_BYTES:
                raise ProtocolError("the head of an answer has no end")
            self._receive()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        first, *rest = head.decode("utf-8", "replace").split("\r\n")
        version, _, status = first.partition(" ")
        code, _, reason = status.partition(" ")
        if not version.startswith("RTSP/") or not code.isdecimal():
            raise ProtocolError(first[:100])
        headers: dict[str, str] = {}
        for line in rest:
            name, _, value = line.partition(":")
            key = name.strip().lower()
            headers[key] = f"{headers[key]}\n{value.strip()}" if key in headers else value.strip()
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            raise ProtocolError(f"a body of {length[:20]} bytes")
        return Response(int(code), reason, headers, self._take(int(length)))

    def _take(self, n: int) -> bytes:
        while len(self._received) < n:
            self._receive()
        taken, self._received = self._received[:n], self._received[n:]
        return taken

    def _receive(self) -> None:
        try:
            more = self._connection.recv(65_536)
        except (ssl.SSLWantReadError, BlockingIOError):
            self._deadline.wait(self._connection, selectors.EVENT_READ)
            return
        if not more:
            raise ConnectionResetError
        self._received += more


def can_answer(challenge: str) -> bool:
    """Return whether FFmpeg, and we, can answer a challenge: Basic, or Digest by MD5."""
    return any(line.lower().startswith("basic") or digest_algorithm(line) == "MD5" for line in challenge.split("\n"))


def digest_algorithm(challenge: str) -> str:
    """Return the algorithm of a Digest challenge, MD5 where it names none; empty for another scheme."""
    if not challenge.lower().startswith("digest"):
        return ""
    return _fields(challenge).get("algorithm", "MD5").upper()


def authorization(challenge: str, method: str, url: str, username: str, password: str) -> str:
    """Return the value of the header that answers a challenge that ``can_answer`` accepts (RFC 7616 §3.4, RFC 7617)."""
    lines = challenge.split("\n")
    digest = next((line for line in lines if digest_algorithm(line) == "MD5"), None)
    if digest is None:
        return "Basic " + b64encode(f"{username}:{password}".encode()).decode()
    fields = _fields(digest)
    realm, nonce = fields.get("realm", ""), fields.get("nonce", "")
    secret, target = _md5(f"{username}:{realm}:{password}"), _md5(f"{method}:{url}")
    given = {"username": username, "realm": realm, "nonce": nonce, "uri": url}
    if "auth" in fields.get("qop", "").split(","):
        count, own = "00000001", _md5(nonce)[:16]
        answer = _md5(f"{secret}:{nonce}:{count}:{own}:auth:{target}")
        return _digest({**given, "response": answer, "cnonce": own}) + f", qop=auth, nc={count}"
    return _digest({**given, "response": _md5(f"{secret}:{nonce}:{target}")})


def _digest(fields: Mapping[str, str]) -> str:
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()  # what cameras ask for


def _fields(challenge: str) -> dict[str, str]:
    return {name.lower(): quoted or plain for name, quoted, plain in _CHALLENGE.findall(challenge)}


def medias(description: Response, url: str) -> list[Media]:
    """Return the tracks of an answer to DESCRIBE (RFC 4566), as far as it can be read."""
    base = description.headers.get("content-base") or description.headers.get("content-location") or url
    found: list[Media] = []
    for section in re.split(r"(?m)^m=", description.body.decode("utf-8", "replace"))[1:]:
        kind, *words = section.splitlines()[0].split()
        control, codec = re.search(r"(?m)^a=control:(\S+)", section), re.search(r"(?m)^a=rtpmap:\d+ ([^/\s]+)", section)
        payload = words[2] if len(words) > 2 else "?"
        found.append(Media(kind, codec[1] if codec else payload, _absolute(base, control[1] if control else "")))
    return found


def _absolute(base: str, control: str) -> str:
    if urlsplit(control).scheme or control in ("", "*"):
        return base if control in ("", "*") else control
    return base.rstrip("/") + "/" + control if "?" in base else urljoin(base.rstrip("/") + "/", control)
