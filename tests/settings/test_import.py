"""Documents that come from elsewhere: our own exports, the original's settings, its fork's."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest

from claptrap.core.errors import InputError, SettingsError
from claptrap.core.weburl import MASK
from claptrap.settings.export import exported
from claptrap.settings.import_plan import Mode, plan_import
from claptrap.settings.migrate import NEWEST
from claptrap.settings.original import MAX_ENTRIES, MAX_NOTES
from claptrap.settings.schema import Settings
from claptrap.settings.validation import check
from claptrap.text.catalogue import MESSAGES

HOOK = {
    "id": "webhook",
    "url": "http://hook.example/x?token=HOOKT0K&room=1",
    "headers": {"Authorization": "Bearer ABC"},
    "signing_secret": "whsec_c2VjcmV0c2VjcmV0c2VjcmV0",
    "template": '{"access_token": "T3MPL4TE", "text": {{ source_name | tojson }}, "key": "{{ claps }}"}',
}
CAMERA = {
    "id": "cam",
    "kind": "rtsp",
    "name": "Cour",
    "input": {"url": "rtsp://cam/live?token=CAMT0KEN", "username": "adm", "password": "hunter2"},
    "webhooks": [HOOK],
}
HERE = check({"sources": [{"id": "mic", "kind": "microphone", "name": "Salon"}, CAMERA]})
SECRETS = ("HOOKT0K", "T3MPL4TE", "Bearer ABC", "whsec_", "hunter2", "CAMT0KEN")

ORIGINAL: dict[str, Any] = {
    "global": {"threshold": "0.4", "delay": "1.5", "chunk_duration": "0.5", "buffer_duration": "1.0"},
    "microphone": {"enabled": True, "webhook_url": None, "audio_source": "USB Mic", "device_index": "3"},
    "rtsp_sources": [
        {
            "id": "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
            "name": "Entrée",
            "url": "rtsp://u:p@192.168.1.9/stream1",
            "webhook_url": "http://192.168.1.10/hook",
            "enabled": "false",
        },
        {"name": "Broken", "url": "http://not-a-camera/"},
    ],
    "saved_vban_sources": [
        {
            "name": "PC Bureau",
            "ip": "192.168.1.20",
            "port": "6981",
            "stream_name": "Stream1",
            "webhook_url": "ftp://x",
            "testButton": "<button>",
        },
        {"name": "Stream2", "ip": "192.168.1.20"},
    ],
    "vban": {"stream_name": "", "ip": "0.0.0.0", "port": 6980, "webhook_url": "", "enabled": False},
}
FORK: dict[str, Any] = {
    "global": {"threshold": 0.5, "delay": 1.5, "debug": False, "peak_ratio": 3, "sound_exclusions": ["Speech"]},
    "microphone": {
        "enabled": True,
        "audio_source": "default",
        "device_index": 3,
        "pulse_name": "alsa.usb",
        "volume": 80,
        "auto_start": False,
        "sound_groups": [
            {"slug": "clap", "name": "Clap", "threshold": 0.6, "ha_entities": [1, 2], "sound_whitelist": {"Clapping": True}},
            {"slug": "toc", "name": "Toc", "threshold": "0.4", "ha_entities": [3, 7]},
        ],
    },
}


def notes(document: dict[str, Any], here: Settings = HERE) -> dict[str, tuple[str, str]]:
    return {note.path: (note.kind, note.code) for note in plan_import(document, here).notes}


def test_an_export_has_no_secret_and_changes_nothing_when_it_comes_back() -> None:
    """Nor does one with the secrets in it, which is the very document."""
    shown = exported(HERE, secrets=False)
    assert not [secret for secret in SECRETS if secret in json.dumps(shown)]
    assert exported(HERE, secrets=True) == HERE.whole()
    for document in (shown, exported(HERE, secrets=True), {**shown, "revision": "abc", "serial": 3}):
        found = plan_import(document, HERE)
        assert (found.format, found.mode, found.wanted, found.notes, found.faults) == ("claptrap", "replace", HERE, (), ())


def test_on_another_machine_what_was_secret_is_empty_and_named() -> None:
    """Everything else arrives; a mask never becomes a secret."""
    found = plan_import(exported(HERE, secrets=False), Settings())
    assert found.wanted is not None
    assert {note.path for note in found.notes} == {
        "sources.cam.input.url",
        "sources.cam.input.password",
        "sources.cam.webhooks.webhook.url",
        "sources.cam.webhooks.webhook.headers.Authorization",
        "sources.cam.webhooks.webhook.signing_secret",
        "sources.cam.webhooks.webhook.template",
    }
    assert {(note.kind, note.code) for note in found.notes} == {("left_out", "import.secret_left_out")}
    assert MASK not in json.dumps(found.wanted.whole())
    assert found.wanted.whole()["sources"][1]["webhooks"][0]["url"] == "http://hook.example/x?token=&room=1"


@pytest.mark.parametrize("part", ["camera", "webhook"])
def test_no_document_can_have_a_secret_sent_elsewhere(part: str) -> None:
    """A mask beside another address stands for nothing that is known here."""
    document = exported(HERE, secrets=False)
    entry = document["sources"][1]
    (entry["input"] if part == "camera" else entry["webhooks"][0])["url"] = (
        "rtsp://thief/live" if part == "camera" else "http://thief/x"
    )
    for mode in ("replace", "merge"):
        found = plan_import(document, HERE, mode)
        whole = json.dumps(found.wanted.whole()["sources"][1] if found.wanted else "")
        assert "thief" not in whole or not [s for s in (SECRETS[4:] if part == "camera" else SECRETS[:4]) if s in whole]


@pytest.mark.parametrize("elsewhere", [{"host": "thief"}, {"port": 1}, {"tls": False}, {"verify_tls": False}])
@pytest.mark.parametrize("mode", ["replace", "merge"])
def test_a_broker_s_password_stays_with_the_broker(elsewhere: dict[str, Any], mode: Mode) -> None:
    """At its name and port, and as well protected."""
    here = check({"mqtt": {"host": "broker", "port": 8883, "tls": True, "username": "u", "password": "hunter4"}})
    document = exported(here, secrets=False)
    assert "hunter4" not in json.dumps(document)
    assert plan_import(document, here, mode).wanted == here
    wanted = plan_import({**document, "mqtt": {**document["mqtt"], **elsewhere}}, here, mode).wanted
    assert wanted is None or "hunter4" not in json.dumps(wanted.whole())
    bare = {key: value for key, value in document["mqtt"].items() if key != "host"}
    wanted = plan_import({**document, "mqtt": bare}, here, "replace").wanted
    assert wanted is not None
    assert "hunter4" not in json.dumps(wanted.whole()), "with no broker yet, the next one would have it"


def test_a_document_is_added_where_that_is_asked_for() -> None:
    """Sources that it does not name stay."""
    document = {"sources": [{"id": "new", "kind": "microphone", "name": "N"}]}
    merged = plan_import(document, HERE, "merge").wanted
    assert merged is not None
    assert [source.id for source in merged.sources] == ["mic", "cam", "new"]
    replaced = plan_import(document, HERE).wanted
    assert replaced is not None
    assert [source.id for source in replaced.sources] == ["new"]


def test_a_document_that_is_not_valid_is_told_with_all_its_faults() -> None:
    """And is not applied in part."""
    found = plan_import(
        {"language": "de", "sources": [{"id": "a", "kind": "microphone", "name": "A", "threshold": 3}]}, HERE
    )
    assert found.wanted is None
    assert {fault.path for fault in found.faults} == {"language", "sources.a.threshold"}


def test_what_is_nobody_s_and_what_is_too_new_are_refused() -> None:
    """With a reason of their own."""
    with pytest.raises(InputError) as unknown:
        plan_import({"colour": "red"}, HERE)
    assert unknown.value.code == "import.unknown_format"
    with pytest.raises(SettingsError) as newer:
        plan_import({"version": NEWEST + 1}, HERE)
    assert newer.value.code == "settings.newer"


def test_an_older_version_of_ours_is_brought_up_to_date() -> None:
    """An export of last year still works."""
    document = {"version": 1, "sources": [{"id": "a", "kind": "microphone", "name": "A", "webhook": {"url": "http://x/"}}]}
    wanted = plan_import(document, HERE).wanted
    assert wanted is not None
    assert wanted.sources[0].webhooks[0].url == "http://x/"


def test_the_original_s_settings_are_added_to_ours() -> None:
    """Its sources with their webhooks, threshold and delay; what is there already stays."""
    found = plan_import(ORIGINAL, HERE)
    assert (found.format, found.mode, found.faults) == ("original", "merge", ())
    assert found.wanted is not None
    ids = [source.id for source in found.wanted.sources]
    assert ids == ["mic", "cam", "microphone", "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "pc-bureau", "stream2"]
    microphone, door, recorder, other = found.wanted.sources[2:]
    assert {(s.threshold, s.delay_s) for s in (microphone, door, recorder, other)} == {(0.4, 1.5)}
    assert (microphone.kind, microphone.input.whole()) == ("microphone", {"device": "USB Mic", "channel": "auto"})
    assert (door.name, door.enabled, door.webhooks[0].url) == ("Entrée", False, "http://192.168.1.10/hook")
    assert (door.input.whole()["username"], door.input.whole()["password"]) == ("u", "p")
    assert recorder.input.whole() == {"host": "192.168.1.20", "stream": "Stream1", "port": 6981, "channel": "auto"}
    assert (other.input.whole()["stream"], other.input.whole()["port"]) == ("Stream2", 6980)
    again = plan_import(ORIGINAL, found.wanted)
    assert again.wanted == found.wanted, "importing twice adds nothing"


def test_what_is_not_taken_of_the_original_is_told_with_its_place_and_reason() -> None:
    """Everything that is not in the result."""
    assert notes(ORIGINAL) == {
        "global.threshold": ("adapted", "import.threshold"),
        "global.chunk_duration": ("left_out", "import.not_needed"),
        "global.buffer_duration": ("left_out", "import.not_needed"),
        "microphone.device_index": ("left_out", "import.by_name"),
        "rtsp_sources.1.url": ("refused", "url.rtsp_scheme"),
        "rtsp_sources.1": ("refused", "import.source_refused"),
        "saved_vban_sources.0.testButton": ("left_out", "import.of_the_page"),
        "saved_vban_sources.0.webhook_url": ("refused", "url.scheme"),
        "vban": ("left_out", "import.unused"),
    }


def test_the_fork_s_groups_become_patterns() -> None:
    """One source, its lowest threshold, exactly so many claps."""
    found = plan_import(FORK, Settings())
    assert (found.format, found.wanted is not None) == ("fork", True)
    assert found.wanted is not None
    (source,) = found.wanted.sources
    assert (source.id, source.threshold, source.input.whole()) == ("microphone", 0.4, {"device": "", "channel": "auto"})
    assert [(p.claps, p.at_least) for p in source.patterns] == [(1, False), (2, False), (3, False)]
    told = {(note.path, note.code) for note in found.notes}
    assert told >= {
        ("global.debug", "import.not_needed"),
        ("global.sound_exclusions", "import.sounds"),
        ("microphone.pulse_name", "import.by_name"),
        ("microphone.auto_start", "import.always_starts"),
        ("microphone.sound_groups", "import.one_threshold"),
        ("microphone.sound_groups", "import.groups"),
        ("microphone.sound_groups.0.sound_whitelist", "import.sounds"),
        ("microphone.sound_groups.1.ha_entities", "import.too_many_claps"),
    }


@pytest.mark.parametrize(
    ("document", "path", "code"),
    [
        ({"global": {"threshold": "high"}, "microphone": {}}, "global.threshold", "settings.not_a_number"),
        ({"global": {"threshold": "7"}, "microphone": {}}, "global.threshold", "settings.at_most"),
        ({"global": {"delay": 0}, "microphone": {}}, "global.delay", "settings.greater_than"),
        ({"global": []}, "global", "settings.not_an_object"),
        ({"rtsp_sources": {}}, "rtsp_sources", "settings.not_a_list"),
        ({"rtsp_sources": [3]}, "rtsp_sources.0", "settings.not_an_object"),
        ({"microphone": {"enabled": "maybe"}}, "microphone.enabled", "settings.not_a_switch"),
        ({"microphone": {"sound_groups": 3}}, "microphone.sound_groups", "settings.not_a_list"),
        ({"microphone": {"name": [1], "enabled": False}}, "microphone.name", "settings.not_a_text"),
        ({"microphone": {"colour": 3}}, "microphone.colour", "import.unknown"),
        ({"global": {}, "colour": 3}, "colour", "import.unknown"),
        ({"saved_vban_sources": [{"name": "x", "ip": "here"}]}, "saved_vban_sources.0.ip", "vban.bad_host"),
        ({"rtsp_streams": [{"name": "x"}]}, "rtsp_streams.0", "settings.missing"),
        ({"audio_streams": [{"url": None}]}, "audio_streams.0.url", "settings.not_a_text"),
    ],
)
def test_whatever_a_foreign_document_holds_is_told_and_breaks_nothing(document: Any, path: str, code: str) -> None:
    """Every value of another kind, each with its place."""
    found = plan_import(document, HERE)
    assert found.wanted is not None
    assert (path, code) in {(note.path, note.code) for note in found.notes}
    assert all(note.code in MESSAGES["en"] for note in found.notes)


@pytest.mark.parametrize(
    "document",
    [
        {"rtsp_sources": [{}] * 60_000},
        {"saved_vban_sources": [{"name": "x", "ip": "10.0.0.1"}] * 8_000},
        {"global": {f"k{i}": 1 for i in range(20_000)}},
        {"microphone": {"sound_groups": [{"ha_entities": list(range(5, 20_000))}]}},
    ],
)
def test_what_a_large_foreign_document_costs_grows_no_faster_than_it(document: Any) -> None:
    """Nobody else can change settings meanwhile. It took from minutes to hours."""
    found = plan_import(document, HERE)
    assert 0 < len(found.notes) <= MAX_NOTES
    assert found.wanted is None or len(found.wanted.sources) <= MAX_ENTRIES + len(HERE.sources)


def test_objects_within_objects_without_end_are_nobody_s_settings() -> None:
    document: dict[str, Any] = {"sources": []}
    for _ in range(10_000):
        document = {"sources": [document]}
    with pytest.raises(InputError) as caught:
        plan_import(document, HERE)
    assert caught.value.code == "import.unknown_format"


KEYS = (
    *(
        "global",
        "microphone",
        "rtsp_sources",
        "saved_vban_sources",
        "audio_streams",
        "threshold",
        "delay",
        "enabled",
        "name",
    ),
    *("webhook_url", "audio_source", "url", "ip", "port", "stream_name", "id", "sound_groups", "ha_entities", "version"),
    *("language", "sources", "history", "kind", "input", "webhooks", "headers", "password", "patterns", "other"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2.5, math.inf, math.nan, 10**400, "", "0.5", "rtsp://u:p@h/x", "http://h/x", "http://["),
    *(MASK, f"rtsp://u:{MASK}@h/", "é" * 300, "1" * 5000, "\ud800", "rtsp", "vban", "3|USB", "true", "10.0.0.1", "{x}"),
)


def made_up(dice: random.Random, depth: int = 0) -> Any:
    """Return JSON data of any shape, with names that mean something."""
    what = dice.random()
    if depth > 4 or (depth and what < 0.35):
        return dice.choice(VALUES)
    if depth and what < 0.65:
        return [made_up(dice, depth + 1) for _ in range(dice.randint(0, 3))]
    return {dice.choice(KEYS): made_up(dice, depth + 1) for _ in range(dice.randint(0, 6))}


@pytest.mark.slow
def test_no_document_brings_the_import_down() -> None:
    """Each is taken, or refused in words; never with a mask for a secret."""
    dice, n_taken = random.Random(7), 0
    for _ in range(800):
        document = made_up(dice)
        try:
            found = plan_import(document, HERE)
        except (InputError, SettingsError):  # nobody's, or of a newer version
            continue
        assert {one.code for one in (*found.notes, *found.faults)} <= set(MESSAGES["en"])
        assert (found.wanted is None) == bool(found.faults)
        n_taken += found.wanted is not None
        for source in found.wanted.whole()["sources"] if found.wanted else ():
            assert MASK not in json.dumps([source["input"].get("password"), source["input"].get("url"), source["webhooks"]])
    assert n_taken > 50
