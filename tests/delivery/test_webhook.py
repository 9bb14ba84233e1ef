"""One attempt, against receivers that behave well, badly, or not at all."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import trustme
from tests.peers.receiver import HalfOpen, Receiver, answer, dead_url, hang_up, reset, silence, trickle

from claptrap import __version__
from claptrap.core.errors import DeliveryError
from claptrap.delivery.webhook import Answer, Webhook

BODY = {"source": "microphone", "source_name": "Été 👏", "score": 0.5}
PATIENT_S = 15.0


@contextmanager
def webhook() -> Iterator[Webhook]:
    with closing(Webhook()) as hook:
        yield hook


def post(url: str, timeout_s: float = PATIENT_S) -> Answer:
    with webhook() as hook:
        return hook.post(url, BODY, "salon:19a:7", timeout_s)


def failure(url: str, timeout_s: float = PATIENT_S) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        post(url, timeout_s)
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
    """The body goes nowhere but to the address that a person gave."""
    with Receiver() as elsewhere, Receiver(answer(302, Location=elsewhere.url)) as receiver:
        assert post(receiver.url).status == 302
        assert not elsewhere.requests


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver at home is reached directly, whatever the environment says."""
    monkeypatch.setenv("http_proxy", dead_url())
    with Receiver() as receiver:
        assert post(receiver.url).status == 204


@pytest.mark.parametrize("behaviour", [hang_up, reset, trickle(b"nonsense"), trickle(b"HTTP/1.1 200 OK\r\nX: ")])
def test_a_rude_receiver_is_one_failure_within_the_time(behaviour) -> None:
    """Whatever it does, the attempt ends, with a reason, and may be tried again."""
    with Receiver(behaviour) as receiver:
        error = failure(receiver.url, 1.0)
    assert error.code in ("delivery.network", "delivery.timeout")
    assert error.retryable
    assert str(error)


def test_no_answer_is_a_timeout() -> None:
    """Neither a receiver that thinks for ever nor one that lost its power holds us longer than agreed."""
    with Receiver(then=silence) as receiver, HalfOpen() as half_open:
        for url in (receiver.url, half_open.url, half_open.url.replace("http:", "https:")):
            began = time.monotonic()
            error = failure(url, 0.3)
            assert (error.code, error.retryable, error.params) == ("delivery.timeout", True, {"seconds": 0.3})
            assert 0.2 <= time.monotonic() - began < 5


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


def test_plain_http_where_tls_is_expected_is_told() -> None:
    """A wrong scheme is a fault of TLS, in words."""
    with Receiver() as receiver:
        error = failure(receiver.url.replace("http:", "https:"))
    assert error.code == "delivery.tls"


def test_abort_from_another_thread_ends_an_attempt_at_once() -> None:
    """Stopping need not wait for a receiver that thinks."""
    with Receiver(then=silence) as receiver, webhook() as hook:

        def abort_when_there() -> None:
            receiver.wait_for(1)
            hook.abort()

        aborter = threading.Thread(target=abort_when_there, name="test:aborter")
        aborter.start()
        with pytest.raises(DeliveryError) as caught:
            hook.post(receiver.url, BODY, "k", 60.0)
        aborter.join()
        assert caught.value.code == "delivery.stopped"
        receiver._script.append(answer(200))
        assert hook.post(receiver.url, BODY, "k", PATIENT_S).status == 200  # and it can go on


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
            hook.post(receiver.url, BODY, "k", PATIENT_S)
        for connection in receiver._threads:
            connection.join(5)  # ends when its client has gone
            assert not connection.is_alive()


def test_loopback_by_ipv6() -> None:
    """Addresses in brackets work where the machine has IPv6."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
            port = listener.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert failure(f"http://[::1]:{port}/").code == "delivery.refused"


def test_a_resolver_that_hangs_holds_up_neither_the_attempt_nor_the_end_of_the_process() -> None:
    """Where the network is down, looking a name up takes half a minute and cannot be interrupted."""
    program = """
import socket, threading
socket.getaddrinfo = lambda *a, **k: threading.Event().wait()  # as the system's does without a network, only longer
from claptrap.core.errors import DeliveryError
from claptrap.delivery.webhook import Webhook
hook = Webhook()
try:
    hook.post("http://receiver.example/", {}, "k", 0.3)
except DeliveryError as error:
    print(error.code)
hook.close()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("delivery.timeout\n", "")
