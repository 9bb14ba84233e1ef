"""Documents of older versions are read, and what they said still holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claptrap.core.spec import RtspInput
from claptrap.settings.migrate import migrated
from claptrap.settings.schema import Settings
from claptrap.settings.store import Store
from claptrap.settings.validation import SettingsFaults, check

MIC = {"id": "microphone", "kind": "microphone", "name": "Salon"}
OLD = {"version": 1, "sources": [{**MIC, "webhook": {"url": "http://a/b", "timeout_s": 9.0}}, {**MIC, "id": "two"}]}


def test_the_webhook_of_version_1_is_the_first_of_its_webhooks() -> None:
    """Under the id that its deliveries have had."""
    settings = check(migrated(OLD))
    (target,) = settings.targets()
    assert (target.id, target.url, target.timeout_s) == ("microphone.webhook", "http://a/b", 9.0)
    assert [webhook.id for source in settings.sources for webhook in source.webhooks] == ["webhook", "webhook"]


@pytest.mark.parametrize(("was", "becomes"), [(3600.0, 10.0), (60.0, 60.0), (None, 10.0)])
def test_the_hour_that_nobody_chose_becomes_the_freshness_of_version_3(was: float | None, becomes: float) -> None:
    """Up to version 2 a webhook waited an hour by default: what a person chose stays."""
    chosen = {} if was is None else {"max_age_s": was}
    source = {**MIC, "webhooks": [{"id": "webhook", "url": "http://a/b", **chosen}]}
    (target,) = check(migrated({"version": 2, "sources": [source]})).targets()
    assert target.max_age_s == becomes


def test_names_and_addresses_that_version_3_refuses_become_what_they_had_to_be() -> None:
    """A file that was good is never taken for damaged."""
    camera = {"id": "cam", "kind": "rtsp", "name": "Ga\x1brden\u202e", "input": {"url": "rtsp://admin:12/34@cam:554/live"}}
    hook = {"id": "webhook", "url": "http://a:80/me@b"}
    notify = {"id": "phone", "name": "a\nb", "url": ""}
    document = {"version": 2, "sources": [{**camera, "webhooks": [hook]}], "notify": [notify]}
    settings = check(migrated(document))
    source = settings.sources[0]
    assert (source.name, settings.notify[0].name) == ("Ga rden ", "a b")
    assert source.to_input() == RtspInput("rtsp://cam:554/live", username="admin", password="12/34")
    assert source.webhooks[0].url == "http://a:80/me%40b"


@pytest.mark.parametrize(
    ("was", "host", "username", "password"),
    [
        ("mqtt://ha:pa%2Fss@10.0.0.5:1883/x", "10.0.0.5", "ha", "pa/ss"),
        ("mqtt://broker", "broker", "", ""),
        ("ha:pass@broker", "broker", "ha", "pass"),
        ("broker", "broker", "", ""),
        ("fd00::5", "fd00::5", "", ""),
        ("[fd00::5]", "fd00::5", "", ""),
        ("", "", "", ""),
    ],
)
def test_an_address_in_place_of_the_broker_s_host_becomes_the_host(
    was: str, host: str, username: str, password: str
) -> None:
    """Version 3 refuses it: a password in it would be shown."""
    mqtt = check(migrated({"version": 2, "mqtt": {"host": was}})).mqtt
    assert (mqtt.host, mqtt.username, mqtt.password) == (host, username, password)


def test_the_first_version_had_no_need_to_say_it() -> None:
    assert check(migrated({"sources": OLD["sources"]})) == check(migrated(OLD))


def test_the_newest_form_stays_as_it_is() -> None:
    document = Settings().whole()
    assert migrated(document) == document


@pytest.mark.parametrize("document", [3, None, [], "x", {"version": True}, {"version": "1"}])
def test_what_is_unknown_is_left_for_the_check(document: object) -> None:
    assert migrated(document) == document
    with pytest.raises(SettingsFaults):
        check(migrated(document))


@pytest.mark.parametrize("sources", [3, [3], [{"id": "x", "webhook": 3}], [{"id": "x", "webhook": {"id": 5}}]])
def test_nonsense_in_an_old_document_is_a_fault_and_no_crash(sources: object) -> None:
    with pytest.raises(SettingsFaults):
        check(migrated({"version": 1, "sources": sources}))


def test_an_old_file_is_read_and_becomes_new_with_the_next_save(tmp_path: Path) -> None:
    """What was there is kept as a backup, in its own form."""
    (tmp_path / "settings.json").write_text(json.dumps(OLD))
    store = Store(tmp_path)
    loaded = store.load()
    assert not loaded.problems
    assert loaded.settings.sources[0].webhooks[0].url == "http://a/b"
    store.save(loaded.settings)
    assert json.loads((tmp_path / "settings.json").read_text())["version"] == 3
    (backup,) = (tmp_path / "backups").iterdir()
    assert json.loads(backup.read_text()) == OLD
    assert store.load().settings == loaded.settings
