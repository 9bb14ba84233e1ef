"""One attempt, against receivers that behave well, badly, or not at all."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.peers.ports import free_port
from tests.peers.receiver import Behaviour, HalfOpen, Receiver, answer, dead_url, hang_up, reset, silence, trickle

from claptrap import __version__
from claptrap.core.errors import DeliveryError, NotSent, OutcomeUnknown
from claptrap.delivery.sender import Answer
from claptrap.delivery.webhook import WebhookSender
from claptrap.receivers import WebhookSpec

BODY = {"source": "microphone", "source_name": "Été 👏", "score": 0.5}
PATIENT_S = 15.0


def late_by(seconds: float) -> Behaviour:
    """Answer 204 after ``seconds``."""

    def behave(connection: socket.socket, ended: threading.Event) -> None:
        ended.wait(seconds)
        answer(204)(connection, ended)

    return behave


@contextmanager
def webhook() -> Iterator[WebhookSender]:
    with closing(WebhookSender()) as hook:
        yield hook


def aimed(url: str, timeout_s: float = PATIENT_S, **options: Any) -> WebhookSpec:
    return WebhookSpec("salon.webhook", "salon", url, timeout_s, **options)


def post(url: str, timeout_s: float = PATIENT_S, **options: Any) -> Answer:
    with webhook() as hook:
        return hook.post(aimed(url, timeout_s, **options), BODY, "salon:19a:7")


def failure(url: str, timeout_s: float = PATIENT_S, **options: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        post(url, timeout_s, **options)
    return caught.value


def test_the_body_goes_out_as_json_with_its_key() -> None:
    """One POST, the documented headers, the body as it was given."""
    with Receiver() as receiver:
        assert post(receiver.url + "?token=T") == Answer(204, None)
        (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", "/hook?token=T")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == "salon:19a:7"
    assert request.headers["user-agent"] == f"ClapTrap/{__version__}"
    assert request.json == BODY


def test_any_status_is_an_answer() -> None:
    """What an answer means is for others to say."""
    with Receiver(answer(500, b"oops"), answer(429, Retry_After="7")) as receiver:
        assert post(receiver.url) == Answer(500, None, "oops")
        assert post(receiver.url) == Answer(429, "7")


def test_a_redirection_is_not_followed() -> None:
    """The body goes nowhere but to the address that a person gave; where it should go is told, without secrets."""
    with Receiver() as elsewhere, Receiver(answer(302, Location=elsewhere.url)) as receiver:
        answered = post(receiver.url)
        assert (answered.status, answered.sends_to) == (302, elsewhere.url.replace("/hook", "/…"))
        assert not elsewhere.requests


@pytest.mark.parametrize(
    ("location", "sends_to"),
    [
        ("https://receiver.example/token/T0K3N", "https://receiver.example/…"),
        ("//user:secret@receiver.example", "http://receiver.example"),
        ("/hook/", "{here}/…"),
        ("mailto:a@b.c", ""),
        ("http://[::1", ""),
        ("http://receiver.example:http/", ""),
    ],
)
def test_where_a_redirection_leads_gives_no_secret_away(location: str, sends_to: str) -> None:
    with Receiver(answer(308, Location=location)) as receiver:
        assert post(receiver.url).sends_to == sends_to.format(here=receiver.url.removesuffix("/hook"))


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver at home is reached directly, whatever the environment says."""
    monkeypatch.setenv("http_proxy", dead_url())
    with Receiver() as receiver:
        assert post(receiver.url).status == 204


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (hang_up, "delivery.hung_up_plain"),
        (reset, "delivery.hung_up_plain"),
        (silence, "delivery.no_answer"),
        (trickle(b"nonsense"), "delivery.unreadable"),
        (trickle(b"HTTP/1.1 2"), "delivery.unreadable"),
    ],
)
@pytest.mark.slow
def test_what_came_of_a_request_that_was_sent_is_unknown(behaviour, code: str) -> None:
    """The receiver may have acted: no answer, and none that can be read, is an outcome of its own, within the time."""
    with Receiver(behaviour) as receiver:
        error = failure(receiver.url, 1.0)
    assert isinstance(error, OutcomeUnknown)
    assert (error.code, list(error.steps)) == (code, ["connection", "answer"])


def test_without_a_connection_the_step_that_failed_is_told() -> None:
    """A machine that takes the connection and does no more holds us no longer than agreed."""
    with HalfOpen() as half_open:
        for url, code in (
            (half_open.url, "delivery.no_answer"),
            (half_open.url.replace("http:", "https:"), "delivery.timeout_tls"),
        ):
            began = time.monotonic()
            error = failure(url, 0.3)
            assert (error.code, error.retryable, error.params) == (code, True, {"seconds": 0.3})
            assert 0.2 <= time.monotonic() - began < 5


def test_the_time_limit_is_what_it_says() -> None:
    """Not a tenth less: a receiver that answers just in time is heard."""
    with Receiver(then=silence) as receiver:
        began = time.monotonic()
        assert failure(receiver.url, 0.5).code == "delivery.no_answer"
        assert time.monotonic() - began >= 0.5


def test_what_is_no_longer_fresh_when_connected_is_not_sent() -> None:
    """Freshness ends the way to the receiver, not the wait for its answer."""
    with HalfOpen() as half_open:
        began = time.monotonic()
        with webhook() as hook, pytest.raises(NotSent) as caught:
            hook.post(aimed(half_open.url.replace("http:", "https:")), BODY, "k", fresh_s=0.2)
        assert caught.value.params == {"seconds": 0.2}
        assert time.monotonic() - began < 5
    with Receiver(then=late_by(0.5)) as receiver, webhook() as hook:
        assert hook.post(aimed(receiver.url), BODY, "k", fresh_s=0.4).status == 204


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"])
def test_an_answer_without_end_is_an_answer(head: bytes) -> None:
    """The receiver has taken it; repeating it because the rest of the answer trickles would ring twice."""
    with Receiver(trickle(head)) as receiver:
        began = time.monotonic()
        assert post(receiver.url, PATIENT_S).status == 200
        assert time.monotonic() - began < PATIENT_S / 2


def test_nobody_there() -> None:
    """A port where nobody listens."""
    error = failure(dead_url())
    assert (error.code, error.retryable) == ("delivery.refused", True)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "a..b", "xn--"])
def test_a_name_that_nobody_knows_is_told(host: str) -> None:
    """Also names that cannot be one, which the library underneath refuses in its own ways."""
    error = failure(f"http://{host}/hook")
    assert (error.code, error.retryable, error.params) == ("delivery.unresolved", True, {"host": host})


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    """A self-signed receiver gets nothing, and the reason is in words."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with Receiver(tls=context) as receiver:
        error = failure(receiver.url)
        assert not receiver.requests
    assert error.code == "delivery.tls"
    assert "certificate" in str(error)


def test_a_certificate_that_is_vouched_for_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """TLS works; whom to trust is the machine's choice."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with Receiver(tls=context) as receiver:
        assert post(receiver.url).status == 204
        assert receiver.requests[0].json == BODY


def test_an_authority_of_ones_own_is_trusted_and_no_other(tmp_path: Path) -> None:
    """A house with its own authority names its file; a receiver that another vouches for is refused then."""
    mine, other = trustme.CA(), trustme.CA()
    mine.cert_pem.write_to_path(str(tmp_path / "mine.pem"))
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mine.issue_cert("127.0.0.1").configure_cert(context)
    with Receiver(tls=context) as receiver, webhook() as hook:
        assert hook.post(aimed(receiver.url, ca_file=str(tmp_path / "mine.pem")), BODY, "k").status == 204
        with pytest.raises(DeliveryError) as refused:
            hook.post(aimed(receiver.url, ca_file=str(tmp_path / "other.pem")), BODY, "k")
        assert refused.value.code == "delivery.tls"
        assert hook.post(aimed(receiver.url, ca_file=str(tmp_path / "mine.pem")), BODY, "k").status == 204
        assert len(receiver.requests) == 2


def test_an_authority_that_was_renewed_in_its_file_is_trusted_without_a_restart(tmp_path: Path) -> None:
    """A house's own authority ends one day, and its next one comes under the same name."""
    old, new = trustme.CA(), trustme.CA()
    file = tmp_path / "authority.pem"
    old.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    new.issue_cert("127.0.0.1").configure_cert(context)
    with Receiver(tls=context) as receiver, webhook() as hook:
        target = aimed(receiver.url, ca_file=str(file))
        with pytest.raises(DeliveryError) as refused:
            hook.post(target, BODY, "k")
        assert (refused.value.code, refused.value.retryable) == ("delivery.tls", True)
        new.cert_pem.write_to_path(str(file))
        assert hook.post(target, BODY, "k").status == 204


def test_verification_can_be_switched_off_by_name() -> None:
    """A receiver with a certificate of its own making is told, if a person said so, also under another name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("another.example").configure_cert(context)
    with Receiver(tls=context) as receiver:
        assert failure(receiver.url).code == "delivery.tls"
        assert post(receiver.url, verify_tls=False).status == 204


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_an_authority_that_cannot_be_read_is_told_and_not_tried_again(tmp_path: Path, content: bytes | None) -> None:
    """A missing file, an empty one, one that is something else: the person must mend it."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    error = failure("https://127.0.0.1:1/", ca_file=str(file))
    assert (error.code, error.retryable, error.params["path"]) == ("delivery.ca_file", False, str(file))
    assert error.params["reason"]


def test_headers_go_along_and_never_replace_ours() -> None:
    """What a receiver asks for, as a token; the body's own headers stay what they are."""
    headers = {"Authorization": "Bearer S3CRET", "X-Room": "salon", "user-agent": "me", "CONTENT-TYPE": "text/plain"}
    with Receiver() as receiver:
        post(receiver.url, headers=headers)
        (request,) = receiver.requests
    assert request.headers["authorization"] == "Bearer S3CRET"
    assert (request.headers["x-room"], request.headers["user-agent"]) == ("salon", "me")
    assert (request.headers["content-type"], request.headers["idempotency-key"]) == ("application/json", "salon:19a:7")
    assert "webhook-signature" not in request.headers


@pytest.mark.parametrize("secret", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "some words"])
def test_a_signature_holds_for_exactly_these_bytes_and_this_moment(secret: str) -> None:
    """Checked as a receiver does it, with the standard library."""
    with Receiver() as receiver:
        post(receiver.url, signing_secret=secret)
        (request,) = receiver.requests
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    stamp = request.headers["webhook-timestamp"]
    signed = f"salon:19a:7.{stamp}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-id"] == "salon:19a:7"
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(stamp) - time.time()) < 60


def test_a_template_makes_the_body_and_the_signature_is_of_what_it_makes() -> None:
    """Another method, another content type; the key stays."""
    wish = {"method": "PUT", "content_type": "text/plain; charset=utf-8", "template": "{{ source_name }} {{ score * 100 }}"}
    with Receiver() as receiver:
        post(receiver.url, signing_secret="some words", **wish)
        (request,) = receiver.requests
    assert (request.method, request.body) == ("PUT", "Été 👏 50.0".encode())
    assert request.headers["content-type"] == "text/plain; charset=utf-8"
    assert request.headers["idempotency-key"] == "salon:19a:7"
    signed = f"salon:19a:7.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(b"some words", signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"


def test_a_get_has_no_body() -> None:
    """For receivers that only want to be called; the key still tells a repeat."""
    with Receiver() as receiver:
        assert post(receiver.url, method="GET").status == 204
        (request,) = receiver.requests
    assert (request.method, request.body, request.headers["idempotency-key"]) == ("GET", b"", "salon:19a:7")
    assert "content-type" not in request.headers


def test_a_template_that_fails_on_an_event_is_told_and_not_tried_again() -> None:
    """Nothing is sent."""
    with Receiver() as receiver:
        error = failure(receiver.url, template="{{ nothing }}")
        assert (error.code, error.retryable, receiver.requests) == ("delivery.template", False, [])
    assert "nothing" in str(error)


def test_plain_http_where_tls_is_expected_is_told() -> None:
    """A wrong scheme is a fault of TLS, in words."""
    with Receiver() as receiver:
        error = failure(receiver.url.replace("http:", "https:"))
    assert error.code == "delivery.tls"


@pytest.mark.slow
def test_a_failure_before_sending_is_known_for_one() -> None:
    """Name, connection, TLS: nothing was sent, and the last step is the one that failed."""
    with HalfOpen() as half_open, Receiver() as plain:
        for url, steps in (
            ("http://no-such-host.invalid/", ["name"]),
            (dead_url(), ["connection"]),
            (half_open.url.replace("http:", "https:"), ["connection", "tls"]),
            (plain.url.replace("http:", "https:"), ["connection", "tls"]),
        ):
            error = failure(url, 1.0)
            assert isinstance(error, NotSent), url
            assert list(error.steps) == steps


def test_abort_from_another_thread_ends_an_attempt_at_once() -> None:
    """Stopping need not wait for a receiver that thinks."""
    with Receiver(then=silence) as receiver, webhook() as hook:

        def abort_when_there() -> None:
            receiver.wait_for(1)
            hook.abort()

        aborter = threading.Thread(target=abort_when_there, name="test:aborter")
        aborter.start()
        with pytest.raises(DeliveryError) as caught:
            hook.post(aimed(receiver.url, 60.0), BODY, "k")
        aborter.join()
        assert caught.value.code == "delivery.cut_off"  # it was sent: the receiver may have acted
        receiver._script.append(answer(200))
        assert hook.post(aimed(receiver.url), BODY, "k").status == 200  # and it can go on


def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Paths, queries and passwords of an address may be tokens; no log at any level has them, the HTTP client's included."""
    caplog.set_level(logging.DEBUG)
    with Receiver() as receiver:
        port = receiver.port
        post(f"http://me:S3CRET@127.0.0.1:{port}/S3CRET?token=S3CRET")
        assert receiver.requests[0].headers["authorization"].startswith("Basic ")
    for url in (f"http://me:S3CRET@127.0.0.1:{port}/S3CRET?token=S3CRET", "http://no.invalid/S3CRET", "http://xn--/S3CRET"):
        assert "S3CRET" not in str(failure(url))
    assert "S3CRET" not in caplog.text


def test_nothing_stays_open() -> None:
    """After an attempt its connection is closed, whatever came of it."""
    with Receiver(answer(200, b"ok"), trickle(b"HTTP/1.1 200 OK\r\n\r\n")) as receiver, webhook() as hook:
        for _ in range(2):
            hook.post(aimed(receiver.url), BODY, "k")
        for connection in receiver._threads:
            connection.join(5)  # ends when its client has gone
            assert not connection.is_alive()


def test_loopback_by_ipv6() -> None:
    """Addresses in brackets work where the machine has IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert failure(f"http://[::1]:{free_port()}/").code == "delivery.refused"


def test_a_resolver_that_hangs_holds_up_neither_the_attempt_nor_the_end_of_the_process() -> None:
    """Where the network is down, looking a name up takes half a minute and cannot be interrupted."""
    program = """
import socket, threading
socket.getaddrinfo = lambda *a, **k: threading.Event().wait()  # as the system's does without a network, only longer
from claptrap.core.errors import DeliveryError
from claptrap.receivers import WebhookSpec
from claptrap.delivery.webhook import WebhookSender
hook = WebhookSender()
try:
    hook.post(WebhookSpec("t", "s", "http://receiver.example/", 0.3), {}, "k")
except DeliveryError as error:
    print(error.code)
hook.close()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("delivery.timeout_name\n", "")
