"""No receiver may be ClapTrap itself: a clap that stops the hearing is heard once."""

from __future__ import annotations

import pytest

from claptrap.service.own_address import OwnAddress
from claptrap.settings.merge import merged
from claptrap.settings.schema import Settings
from claptrap.settings.validation import SettingsFaults, check

PORT = 16045


@pytest.fixture
def own() -> OwnAddress:
    made = OwnAddress()
    made.declare(PORT, lambda: {"attic", "attic.local", "claptrap.example", "192.168.1.20", "fd00::20"})
    return made


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "LOCALHOST.", "me.localhost", "127.1", "0.0.0.0", "2130706433", "[::1]", "[::]"),
        *("[::ffff:127.0.0.1]", "192.168.1.20", "[fd00::20]", "[FD00:0::20]", "attic", "Attic.local", "claptrap.example"),
    ],
)
def test_every_way_to_write_the_own_address_is_known(own: OwnAddress, host: str) -> None:
    assert own.is_own(f"http://{host}:{PORT}/api/detection/stop")
    assert not own.is_own(f"http://{host}:1880/clap")


@pytest.mark.parametrize(
    "url",
    ["http://192.168.1.21:16045/", "https://home.example/", "http://attic/", "http://attic.lan:16045/", "tgram://1:TOKEN/2"],
)
def test_others_are_not(own: OwnAddress, url: str) -> None:
    assert not own.is_own(url)


def test_the_usual_port_need_not_be_written(own: OwnAddress) -> None:
    own.declare(443, lambda: {"claptrap.example"})
    assert own.is_own("https://claptrap.example/api/state")
    assert not own.is_own("http://claptrap.example/api/state")


def test_a_new_receiver_of_that_kind_is_refused_and_an_old_one_stays(own: OwnAddress) -> None:
    """Webhooks and Apprise's addresses of web services alike; settings of before are not worth losing for that."""
    stop = f"http://127.0.0.1:{PORT}/api/detection/stop"
    source = {"id": "microphone", "webhooks": [{"id": "webhook", "url": stop}]}
    wanted = check(
        merged(Settings(), {"sources": [source], "notify": [{"id": "self", "url": f"json://localhost:{PORT}/x"}]})
    )
    with pytest.raises(SettingsFaults) as refused:
        own.check(wanted, Settings())
    paths = {fault.path: fault.code for fault in refused.value.faults}
    assert paths == {"sources.microphone.webhooks.webhook.url": "url.own", "notify.self.url": "url.own"}
    own.check(check(merged(wanted, {"language": "en"})), wanted)


def test_before_the_web_side_listens_nothing_is_its_own() -> None:
    """The built-in tests, and commands, have none."""
    assert not OwnAddress().is_own("http://127.0.0.1:80/")
