"""The words keep their JSON form, count, and keep secrets."""

from __future__ import annotations

import json

import pytest

from claptrap.core.errors import InputError, SourceError
from claptrap.core.events import Event
from claptrap.core.rate_limit import LogThrottle, RateLimitedCounter
from claptrap.core.spec import FileInput, MicrophoneInput, RtspInput, SourceInput, SourceSpec, VbanInput
from claptrap.core.weburl import (
    MASK,
    check_rtsp_url,
    check_url,
    give_credentials,
    masked,
    redact,
    scrubbed,
    take_credentials,
)

CAMERA = RtspInput("rtsps://cam/x", "udp", 2, "u", "p", verify_tls=False)

STREAM = VbanInput("10.0.0.2", "Mic", 6981, "2")


@pytest.mark.parametrize("source", [MicrophoneInput("USB"), FileInput("a.wav", loop=True), STREAM, CAMERA])
def test_a_spec_survives_json(source: SourceInput) -> None:
    """Parse ∘ print = identity."""
    spec = SourceSpec("a", "A", source, enabled=False, threshold=0.7, delay_s=1.5, pin="box")
    assert SourceSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_an_event_survives_json_and_has_a_lasting_id() -> None:
    """Parse ∘ print = identity; the id names source, epoch and sequence."""
    event = Event("mic", "Salon", "microphone", "e1", 7, 1.0, 1.1, 1234.5, 0.9, 1, (("Clapping", 0.8),))
    assert Event.from_json(json.loads(json.dumps(event.to_json()))) == event
    assert event.id == "mic:e1:7"


def test_an_error_says_its_sentence() -> None:
    """str(error) is good for a log line."""
    assert "USB" in str(SourceError("source.device_missing", device="USB"))


def test_a_tally_speaks_at_most_once_a_period() -> None:
    """Ten thousand faults in a second make two lines and one true total."""
    tally = RateLimitedCounter()
    spoken = [tally.add(i / 10_000) for i in range(10_000)]
    assert [n for n in spoken if n] == [1]
    assert tally.add(1.5) == 10_000
    assert tally.total == 10_001


def test_what_lasts_for_weeks_is_said_once_an_hour() -> None:
    """Another reason is said at once, and so is the same one after all was well."""
    refrain = LogThrottle()
    assert [s for s in range(0, 7200, 60) if refrain.is_due("off", s)] == [0, 3600]
    assert refrain.is_due("refused", 7200)
    assert [refrain.is_due(what, 7201) for what in ("off", "refused")] == [True, False]
    refrain.reset()
    assert refrain.is_due("refused", 7202)


@pytest.mark.parametrize("url", ["http://a", "https://a.b:8443/x?y=z", "http://[::1]:80/", "http://user:pw@host/"])
def test_web_addresses_are_accepted(url: str) -> None:
    """What an HTTP client can call passes."""
    check_url(url)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "url.scheme"),
        ("ftp://a", "url.scheme"),
        ("a.b/c", "url.scheme"),
        ("http://", "url.host"),
        ("http:///x", "url.host"),
        ("http://.", "url.host"),
        ("http://a:99999/", "url.port"),
        ("http://a:x/", "url.port"),
        ("http://a:0/", "url.port"),
        ("http://a b/", "url.spaces"),
        ("http://a/\n", "url.spaces"),
        ("http://[::1", "url.malformed"),
    ],
)
def test_other_addresses_are_refused_for_their_reason(url: str, code: str) -> None:
    """Each fault has its own sentence."""
    with pytest.raises(InputError) as caught:
        check_url(url)
    assert caught.value.code == code


def test_redacting_hides_all_that_can_be_secret() -> None:
    """A log line names the receiver, never its token."""
    assert redact("https://me:pw@hooks.example:8443/services/T0/SECRET?key=K") == "https://hooks.example:8443/…"
    assert redact("http://[::1]:80/") == "http://[::1]:80"
    assert redact("nonsense") == "?"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://cam/x", "url.rtsp_scheme"), ("cam/x", "url.rtsp_scheme"), ("rtsp:///x", "url.host"),
        ("rtsp://cam:0/", "url.port"),
        ("rtsp://u:p w@cam/", "url.spaces"), ("rtsp://[::1", "url.malformed"), (f"rtsp://u:{MASK}@cam/", "url.masked"),
    ],
)  # fmt: skip
def test_other_addresses_of_cameras_are_refused_for_their_reason(url: str, code: str) -> None:
    """Each fault has its own sentence."""
    check_rtsp_url("rtsps://u:p@cam:322/x?y=z")
    with pytest.raises(InputError) as caught:
        check_rtsp_url(url)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://cam:554/a@b?c=1", "rtsp://cam:554/a@b?c=1"),
        ("rtsp://u@cam/x", "rtsp://u@cam/x"),
        ("rtsp://u:hunter2@cam/x", f"rtsp://u:{MASK}@cam/x"),
        ("rtsp://cam/user=u&password=hunter2&channel=1", f"rtsp://cam/user=u&password={MASK}&channel=1"),
        ("rtsp://u:hunter2@cam/x?user=u&pwd=hunter2", f"rtsp://u:{MASK}@cam/x?user=u&pwd={MASK}"),
    ],
)
def test_masking_leaves_what_a_person_may_see_and_change(url: str, shown: str) -> None:
    """Only the secrets are hidden, and hiding twice changes nothing."""
    assert masked(url) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize(("user", "password"), [("u", "p"), ("a:b/@", "c:/@?#% é"), ("u", ""), ("", "")])
def test_credentials_go_into_an_address_and_come_out(user: str, password: str) -> None:
    """Take ∘ give = identity, whatever is in them."""
    url = "rtsp://[::1]:8554/live?x=1"
    given = give_credentials(url, user, password)
    assert take_credentials(given) == (url, user or None, password or None)


def test_foreign_texts_are_scrubbed() -> None:
    """What FFmpeg says of an address can be quoted."""
    said = scrubbed("[rtsp @ 0x1] failed: 'rtsp://u:hunter2@cam:554/x?password=hunter2', again rtsps://hunter2@b/")
    assert said == f"[rtsp @ 0x1] failed: 'rtsp://cam:554/x?password={MASK} again rtsps://b/"
