"""User names and passwords in addresses: never taken for a host, and never shown."""

from __future__ import annotations

import pytest

from claptrap.core.errors import InputError
from claptrap.core.weburl import MASK, check_rtsp_url, check_url, encoded, masked, redact, take_credentials

UNENCODED = [
    "{}://admin:1234/secretword@192.168.1.20:554/live",
    "{}://admin:12#secretword@192.168.1.20/live",
    "{}://admin:12?secretword@192.168.1.20/live",
    "{}://admin:secretword#1@192.168.1.20/live",
    "{}://admin:secretword?@192.168.1.20/live",
    "{}://admin:/secretword@192.168.1.20/live",
    "{}://admin:p@secretword@192.168.1.20/live",
    "{}://admin:p:secretword@192.168.1.20/live",
    "{}://me@home:secretword@192.168.1.20/live",
    "{}://admin:p@1/secretword@192.168.1.20/live",
]


@pytest.mark.parametrize("pattern", UNENCODED)
@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "https"])
def test_a_password_that_would_be_taken_for_something_else_is_refused(pattern: str, scheme: str) -> None:
    """Host and port would become user and password, and the rest of the password a path that everybody sees."""
    url = pattern.format(scheme)
    with pytest.raises(InputError) as refused:
        (check_rtsp_url if scheme.startswith("rtsp") else check_url)(url)
    assert refused.value.code == "url.unencoded"
    assert "secretword" not in f"{refused.value!r} {refused.value} {redact(url)}"


@pytest.mark.parametrize(
    "url",
    [
        "http://host/me@example.org",
        "http://host:8123/send?to=me@example.org",
        "https://user:pass@host:8123/send?text=%40",
        "http://[fe80::1]:8123/me@example.org",
        "http://host:8123/me%40example.org",
    ],
)
def test_an_at_sign_that_nothing_can_be_taken_for_stays(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize("url", ["rtsp://adm:p%40s%2Fs%3A@cam:554/live", "rtsp://cam/user@1", "rtsp://[::1]:554/a@b"])
def test_what_is_encoded_is_a_camera_s_address(url: str) -> None:
    check_rtsp_url(url)


@pytest.mark.parametrize("pattern", UNENCODED)
def test_what_an_older_version_kept_becomes_what_was_meant(pattern: str) -> None:
    """A camera that could never be reached has its password in the field for it then."""
    url = encoded(pattern.format("rtsp"))
    check_rtsp_url(url)
    bare, user, password = take_credentials(url)
    assert bare in ("rtsp://192.168.1.20:554/live", "rtsp://192.168.1.20/live")
    assert user
    assert "secretword" in (password or "")
    check_url(encoded(pattern.format("http")))


def test_a_password_that_is_surely_one_is_masked_wherever_it_ends() -> None:
    """In a variable of the environment, which nothing checks; with digits only it looks like a port."""
    for url in ("rtsp://admin:pa#ss@cam/live", "http://admin:p@ss@host/x", "rtsp://admin:a:b@cam/live"):
        assert masked(url) == f"{url.partition(':')[0]}://{MASK}@{url.rpartition('@')[2]}"


def test_a_web_address_keeps_its_meaning_when_it_is_encoded() -> None:
    assert encoded("http://host:8123/me@example.org") == "http://host:8123/me%40example.org"
    assert encoded("http://host/me@example.org") == "http://host/me@example.org"
    assert masked("http://host/me@example.org") == "http://host/me@example.org"
    assert MASK not in encoded("http://host:1/x")
