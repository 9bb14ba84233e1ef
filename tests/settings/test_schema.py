"""The document is checked whole and every fault has a path and a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claptrap.core.events import Event
from claptrap.core.spec import MAX_SOURCES, BrowserInput, Hears, PatternSpec, RtspInput, SourceSpec, VbanInput
from claptrap.core.weburl import MASK
from claptrap.settings.fields import WITH_SECRETS
from claptrap.settings.merge import camera_input, merged
from claptrap.settings.schema import RtspEntry, Settings
from claptrap.settings.validation import MAX_FAULTS, SettingsFaults, check
from claptrap.text.catalogue import say
from claptrap.web.security import MAX_BODY_BYTES

MIC = {"id": "microphone", "kind": "microphone", "name": "Salon"}


def faults(document: object) -> dict[str, str]:
    with pytest.raises(SettingsFaults) as caught:
        check(document)
    for fault in caught.value.faults:
        assert say(fault.code, "fr", **fault.params) != fault.code
        assert say(fault.code, "en", **fault.params) != fault.code
    return {fault.path: fault.code for fault in caught.value.faults}


def test_defaults_are_one_enabled_microphone() -> None:
    """A first start hears the default microphone without any choice."""
    (source,) = Settings().specs()
    assert (source.kind, source.enabled, source.threshold) == ("microphone", True, 0.5)
    assert Settings().targets() == ()


def test_of_very_many_faults_the_first_are_told() -> None:
    """Nobody reads more; to look for what each may have meant took minutes, in which nobody else could change settings."""
    with pytest.raises(SettingsFaults) as caught:
        check({f"thershold{i}": 1 for i in range(20_000)})
    assert len(caught.value.faults) == MAX_FAULTS


def test_every_fault_is_told_with_its_path() -> None:
    """Checking does not stop at the first fault."""
    document = {
        "sources": [{**MIC, "threshold": 1.5, "delay_s": 0, "webhooks": [{"id": "webhook", "url": "ftp://x"}]}],
        "langage": "fr",
    }
    assert faults(document) == {
        "langage": "settings.unknown_key_near",
        "sources.microphone.delay_s": "settings.greater_than",
        "sources.microphone.threshold": "settings.at_most",
        "sources.microphone.webhooks.webhook.url": "url.scheme",
    }


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"threshold": "0.5"}, "sources.microphone.threshold", "settings.not_a_number"),
        ({"threshold": float("nan")}, "sources.microphone.threshold", "settings.not_a_number"),
        ({"delay_s": -3}, "sources.microphone.delay_s", "settings.greater_than"),
        ({"enabled": "yes"}, "sources.microphone.enabled", "settings.not_a_switch"),
        ({"name": ""}, "sources.microphone.name", "settings.empty"),
        ({"name": 5}, "sources.microphone.name", "settings.not_a_text"),
        ({"id": "Été"}, "sources.Été.id", "settings.bad_id"),
        ({"kind": "video"}, "sources.microphone", "settings.not_one_of"),
        ({"input": "x"}, "sources.microphone.input", "settings.not_an_object"),
        (
            {"webhooks": [{"id": "webhook", "max_attempts": 1.5}]},
            "sources.microphone.webhooks.webhook.max_attempts",
            "settings.not_a_whole_number",
        ),
        ({"zzzqqq": 1}, "sources.microphone.zzzqqq", "settings.unknown_key"),
    ],
)
def test_each_fault_has_its_code(change: dict[str, Any], path: str, code: str) -> None:
    """A wrong value is refused for its own reason."""
    assert faults({"sources": [{**MIC, **change}]}) == {path: code}


def test_two_sources_need_two_ids() -> None:
    """Ids are unique."""
    assert faults({"sources": [MIC, MIC]}) == {"": "settings.duplicate_id"}


def test_a_document_that_is_no_object_is_refused() -> None:
    """A list or a number is not a settings document."""
    assert faults([1]) == {"": "settings.not_an_object"}


def test_a_patch_keeps_what_it_does_not_name() -> None:
    """A partial save never deletes a sibling key."""
    before = check(
        {"sources": [{**MIC, "delay_s": 2.0, "webhooks": [{"id": "webhook", "url": "http://a/b", "timeout_s": 9.0}]}]}
    )
    after = check(merged(before, {"sources": [{"id": "microphone", "webhooks": [{"id": "webhook", "url": "http://c/d"}]}]}))
    (source,) = after.sources
    assert (source.name, source.delay_s, source.webhooks[0].timeout_s, source.webhooks[0].url) == (
        "Salon",
        2.0,
        9.0,
        "http://c/d",
    )


def test_a_patch_with_a_new_id_adds_a_source() -> None:
    """Lists of objects are merged by id."""
    document = merged(Settings(), {"sources": [{"id": "demo", "kind": "file", "name": "Demo", "input": {"path": "a.wav"}}]})
    assert [s.id for s in check(document).specs()] == ["microphone", "demo"]


def test_json_round_trip() -> None:
    """Writing and reading the document changes nothing."""
    settings = check(
        {"language": "en", "sources": [{**MIC, "webhooks": [{"id": "webhook", "url": "https://example.org/h?k=1"}]}]}
    )
    assert check(settings.model_dump(mode="json")) == settings


def test_a_browser_needs_no_choice() -> None:
    """A name is enough, and the document comes back as it was."""
    settings = check({"sources": [{"id": "browser-1", "kind": "browser", "name": "Phone"}]})
    (spec,) = settings.specs()
    assert spec.input == BrowserInput()
    assert SourceSpec.from_json(spec.to_json()) == spec
    assert check(settings.model_dump(mode="json")) == settings
    with pytest.raises(SettingsFaults) as told:
        check({"sources": [{"id": "browser-1", "kind": "browser", "name": "Phone", "input": {"device": "x"}}]})
    assert [fault.path for fault in told.value.faults] == ["sources.browser-1.input.device"]


# -- patterns ---------------------------------------------------------------------------------------------------------------


def test_any_clap_and_applause_unless_told_otherwise() -> None:
    """A document that was written before there were patterns means what it meant."""
    (spec,) = check({"sources": [MIC]}).specs()
    assert (spec.patterns, spec.hears) == ((PatternSpec(),), Hears.BOTH)


def test_patterns_reach_the_spec() -> None:
    """In order, with the usual gaps where none are given; and a patch replaces them all."""
    wished = [{"claps": 2, "at_least": False}, {"claps": 4, "min_gap_s": 0.2, "max_gap_s": 1.5}]
    settings = check({"sources": [{**MIC, "patterns": wished, "hears": "claps"}]})
    (spec,) = settings.specs()
    assert spec.patterns == (PatternSpec(2, at_least=False), PatternSpec(4, True, 0.2, 1.5))
    assert spec.hears is Hears.CLAPS
    assert check(settings.model_dump(mode="json")) == settings
    patch = {"sources": [{"id": "microphone", "patterns": [{"claps": 3}], "hears": "applause"}]}
    (spec,) = check(merged(settings, patch)).specs()
    assert (spec.patterns, spec.hears) == ((PatternSpec(3),), Hears.APPLAUSE)


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"patterns": []}, "patterns", "settings.too_few"),
        ({"patterns": [{}] * 5}, "patterns", "settings.too_many"),
        ({"patterns": {}}, "patterns", "settings.not_a_list"),
        ({"patterns": [2]}, "patterns.0", "settings.not_an_object"),
        ({"patterns": [{}, {"claps": 0}]}, "patterns.1.claps", "settings.at_least"),
        ({"patterns": [{"claps": 5}]}, "patterns.0.claps", "settings.at_most"),
        ({"patterns": [{"claps": 2.5}]}, "patterns.0.claps", "settings.not_a_whole_number"),
        ({"patterns": [{"at_least": 1}]}, "patterns.0.at_least", "settings.not_a_switch"),
        ({"patterns": [{"min_gap_s": -0.1}]}, "patterns.0.min_gap_s", "settings.at_least"),
        ({"patterns": [{"min_gap_s": 0.7}]}, "patterns.0.max_gap_s", "settings.greater_than"),
        ({"patterns": [{"max_gap_s": 6}]}, "patterns.0.max_gap_s", "settings.at_most"),
        ({"patterns": [{"clap": 2}]}, "patterns.0.clap", "settings.unknown_key_near"),
        ({"hears": "speech"}, "hears", "settings.not_one_of"),
    ],
)
def test_each_fault_of_a_pattern_has_its_code(change: dict[str, Any], path: str, code: str) -> None:
    """Refused for its own reason, at its own place."""
    assert faults({"sources": [{**MIC, **change}]}) == {f"sources.microphone.{path}": code}


# -- VBAN -------------------------------------------------------------------------------------------------------------------

VBAN = {"id": "pc", "kind": "vban", "name": "PC", "input": {"host": "192.168.1.20", "stream": "Stream1"}}


def test_a_vban_source_is_selected_by_address_and_name() -> None:
    """Address and name are enough; the rest has its usual value."""
    (spec,) = check({"sources": [VBAN]}).specs()
    assert spec.input == VbanInput("192.168.1.20", "Stream1", 6980, "auto")
    full = {**VBAN, "input": {"host": "10.0.0.2", "stream": "ESP32_AUDIO_STRM", "port": 7000, "channel": "02"}}
    (spec,) = check({"sources": [full]}).specs()
    assert spec.input == VbanInput("10.0.0.2", "ESP32_AUDIO_STRM", 7000, "2")
    settings = check({"sources": [full]})
    assert check(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"host": "pc.local"}, "host", "vban.bad_host"),
        ({"host": "192.168.1.256"}, "host", "vban.bad_host"),
        ({"host": "fe80::1"}, "host", "vban.bad_host"),
        ({"host": ""}, "host", "vban.bad_host"),
        ({"host": 1}, "host", "settings.not_a_text"),
        ({"stream": "x" * 17}, "stream", "vban.name_too_long"),
        ({"stream": "\\x00"}, "stream", "vban.name_with_nul"),
        ({"port": 0}, "port", "settings.at_least"),
        ({"port": 65536}, "port", "settings.at_most"),
        ({"port": "6980"}, "port", "settings.not_a_whole_number"),
        ({"channel": "0"}, "channel", "settings.not_one_of"),
        ({"channel": "65"}, "channel", "settings.not_one_of"),
        ({"channel": "left"}, "channel", "settings.not_one_of"),
        ({"channel": "²"}, "channel", "settings.not_one_of"),
        ({"strem": "a"}, "strem", "settings.unknown_key_near"),
    ],
)
def test_each_fault_of_a_vban_source_has_its_code(change: dict[str, Any], path: str, code: str) -> None:
    """Refused for its own reason, at its own place."""
    document = {"sources": [{**VBAN, "input": {**VBAN["input"], **change}}]}
    assert faults(document) == {f"sources.pc.input.{path}": code}


def test_a_vban_source_needs_address_and_name() -> None:
    """Both are told at once."""
    assert faults({"sources": [{**VBAN, "input": {}}]}) == {
        "sources.pc.input.host": "settings.missing",
        "sources.pc.input.stream": "settings.missing",
    }


# -- secrets ----------------------------------------------------------------------------------------------------------------

CAMERA = {"id": "cam", "kind": "rtsp", "name": "Cour", "input": {"url": "rtsp://adm:p%40ss@cam:554/live?token=T0P&ch=1"}}


def test_credentials_in_an_address_are_moved_to_their_own_fields() -> None:
    """An address as cameras' manuals print it is taken, and its password becomes write-only."""
    (spec,) = check({"sources": [CAMERA]}).specs()
    assert spec.input == RtspInput("rtsp://cam:554/live?token=T0P&ch=1", username="adm", password="p@ss")


def test_what_is_shown_has_no_secret_and_what_is_kept_has_them() -> None:
    """No face needs to remember to hide; only who asks for the whole gets it."""
    settings = check({"sources": [CAMERA]})
    for shown in (
        json.dumps(settings.model_dump(mode="json")),
        settings.model_dump_json(),
        repr(settings),
        repr(settings.specs()),
    ):
        assert "p@ss" not in shown
        assert "T0P" not in shown
    assert settings.sources[0].model_dump(mode="json")["input"]["password"] == MASK
    assert check(settings.whole()) == settings


def test_what_was_shown_masked_can_be_given_back() -> None:
    """A page that sends the whole document back changes nothing; one that changes the name changes only that."""
    settings = check({"sources": [CAMERA]})
    shown = settings.model_dump(mode="json")
    assert check(merged(settings, shown)) == settings
    shown["sources"][0]["name"] = "Jardin"
    (source,) = check(merged(settings, shown)).sources
    assert (source.name, source.to_input()) == ("Jardin", settings.sources[0].to_input())


@pytest.mark.parametrize(
    ("change", "username", "password"),
    [
        ({"password": "new"}, "adm", "new"),
        ({"password": ""}, "adm", ""),
        ({"url": "rtsp://cam:554/other"}, "adm", "p@ss"),
        ({"url": "rtsp://CAM/other"}, "adm", "p@ss"),
        ({"url": "rtsp://other/x", "password": "p@ss"}, "adm", "p@ss"),
        ({"url": "rtsp://other/x", "password": ""}, "adm", ""),
        ({"url": "rtsp://u:new@other/x"}, "u", "new"),
        ({"url": "rtsp://u:new@cam/x"}, "u", "new"),
        ({"username": "u"}, "u", "p@ss"),
    ],
)
def test_a_secret_can_be_changed(change: dict[str, Any], username: str, password: str) -> None:
    """A new password, none at all, or another address with its own credentials."""
    settings = check({"sources": [CAMERA]})
    (source,) = check(merged(settings, {"sources": [{"id": "cam", "input": change}]})).sources
    assert isinstance(source, RtspEntry)
    assert (source.input.username, source.input.password) == (username, password)


@pytest.mark.parametrize("url", ["rtsp://other:554/x", "rtsp://cam:555/x", "rtsps://cam:554/x", "rtsp://u@other/x"])
@pytest.mark.parametrize("password", [{}, {"password": MASK}])
def test_a_password_stays_at_the_camera_it_was_given_for(url: str, password: dict[str, str]) -> None:
    """Who may change an address cannot have the hidden password sent there, neither by keeping it nor by trying it."""
    settings = check({"sources": [CAMERA]})
    change = {"url": url, **password}
    for attempt in (
        lambda: check(merged(settings, {"sources": [{"id": "cam", "input": change}]})),
        lambda: camera_input(settings, change, "cam"),
    ):
        with pytest.raises(SettingsFaults) as caught:
            attempt()
        assert [(f.path, f.code) for f in caught.value.faults] == [
            ("sources.cam.input.password", "settings.secret_elsewhere")
        ]


def test_a_camera_without_a_password_can_move() -> None:
    """Nothing must be typed again where nothing was kept."""
    settings = check({"sources": [{**CAMERA, "input": {"url": "rtsp://cam/x"}}]})
    (source,) = check(merged(settings, {"sources": [{"id": "cam", "input": {"url": "rtsp://other/x"}}]})).sources
    assert isinstance(source, RtspEntry)
    assert (source.input.url, source.input.password) == ("rtsp://other/x", "")


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ({"url": "rtsp://cam/x", "password": MASK}, "password", "settings.masked"),
        ({"url": f"rtsp://cam/x?token={MASK}"}, "url", "url.masked"),
        ({"url": "http://adm:hunter2@cam/x"}, "url", "url.rtsp_scheme"),
        ({"url": "rtsp://adm:hunter2@ca m/x"}, "url", "url.spaces"),
        ({"url": "rtsp://adm:hunter2@cam:x/x"}, "url", "url.port"),
        ({"url": "rtsp://adm:hunter2@cam/x", "track": 0}, "track", "settings.at_least"),
        ({"url": "rtsp://adm:hunter2@cam/x", "transport": "sctp"}, "transport", "settings.not_one_of"),
        ({"url": 5}, "url", "settings.not_a_text"),
        ({"url": "rtsp://cam/x", "username": "\ud800"}, "username", "settings.not_a_text"),
        ({}, "url", "settings.missing"),
    ],
)
def test_a_faulty_camera_is_refused_without_telling_its_secret(given: dict[str, Any], path: str, code: str) -> None:
    """Each fault has its path and code; neither the faults nor their cause quote what was given."""
    document = {"sources": [{**CAMERA, "input": given}]}
    assert faults(document) == {f"sources.cam.input.{path}": code}
    with pytest.raises(SettingsFaults) as caught:
        check(document)
    assert "hunter2" not in f"{caught.value.faults} {caught.value} {caught.value.__cause__}"


def test_a_camera_to_probe_is_checked_like_one_to_keep() -> None:
    """With the secrets of the source that it would change, or with none; and nothing is kept."""
    settings = check({"sources": [MIC, CAMERA]})
    shown = settings.sources[1].model_dump(mode="json")["input"]
    assert camera_input(settings, shown, "cam") == settings.sources[1].to_input()
    assert camera_input(settings, {"url": "rtsp://u:p@other/x"}) == RtspInput("rtsp://other/x", username="u", password="p")
    for source_id, given, path in (("", shown, "new.input.url"), ("microphone", {}, "microphone.input.url")):
        with pytest.raises(SettingsFaults) as caught:
            camera_input(settings, given, source_id)
        assert f"sources.{path}" in {fault.path for fault in caught.value.faults}


HOOK = {"id": "webhook", "url": "http://a/b"}


@pytest.mark.parametrize(
    ("webhook", "path", "code"),
    [
        ({"headers": {"X Y": "a"}}, "headers", "settings.bad_header"),
        ({"headers": {"Content-Length": "5"}}, "headers", "settings.our_header"),
        ({"headers": {"X": "a\r\nY: b"}}, "headers.X", "settings.bad_header_value"),
        ({"headers": {"X": "été"}}, "headers.X", "settings.bad_header_value"),
        ({"headers": {"X": "********"}}, "headers.X", "settings.masked"),
        ({"headers": "X"}, "headers", "settings.not_an_object"),
        ({"headers": {"X": 5}}, "headers.X", "settings.not_a_text"),
        ({"signing_secret": "whsec_!"}, "signing_secret", "settings.bad_signing_secret"),
        ({"claps": [5]}, "claps.0", "settings.at_most"),
        ({"id": "A"}, "id", "settings.bad_id"),
        ({"method": "DELETE"}, "method", "settings.not_one_of"),
        ({"content_type": "json"}, "content_type", "settings.bad_content_type"),
        ({"content_type": "a/b\r\nX: y"}, "content_type", "settings.bad_content_type"),
        ({"template": "{{ scroe }}"}, "template", "settings.bad_template"),
        ({"template": "{" * 9000}, "template", "settings.too_long"),
        ({"template": "x", "method": "GET", "content_type": "text/plain"}, "template", "settings.template_of_get"),
        ({"template": "{{ source_name }}"}, "template", "settings.template_not_json"),
        ({"template": '{"a": "{{ source_name }}"}'}, "template", "settings.template_not_json"),
    ],
)
def test_faults_of_webhooks(webhook: dict[str, Any], path: str, code: str) -> None:
    """Each with its place and reason."""
    entry = {**HOOK, **webhook}
    document = {"sources": [{**MIC, "webhooks": [entry]}]}
    assert faults(document) == {f"sources.microphone.webhooks.{entry['id']}.{path}": code}


def test_two_webhooks_of_one_source_have_two_ids() -> None:
    """Two sources may use the same."""
    assert faults({"sources": [{**MIC, "webhooks": [HOOK, HOOK]}]}) == {
        "sources.microphone.webhooks": "settings.duplicate_webhook"
    }
    settings = check({"sources": [{**MIC, "webhooks": [HOOK]}, {**MIC, "id": "two", "webhooks": [HOOK]}]})
    assert [target.id for target in settings.targets()] == ["microphone.webhook", "two.webhook"]


def test_secrets_of_a_webhook_are_write_only() -> None:
    """Shown masked, kept when the mask comes back, changed by another value, a header taken away by null."""
    secret = {"headers": {"Authorization": "Bearer S3CRET", "X-Old": "S3CRET"}, "signing_secret": "S3CRET words"}
    token = check({"sources": [{**MIC, "webhooks": [{**HOOK, "url": "http://a/hook/T0KEN"}]}]})
    assert "T0KEN" not in f"{token!r} {token.targets()}"
    settings = check({"sources": [{**MIC, "webhooks": [{**HOOK, **secret}]}]})
    shown = settings.model_dump(mode="json")
    assert "S3CRET" not in str(shown) + repr(settings.targets())
    assert check(merged(settings, shown)) == settings
    change = {"headers": {"X-Old": None, "X-New": "n"}, "url": f"{HOOK['url']}/d"}
    changed = check(merged(settings, {"sources": [{"id": "microphone", "webhooks": [{"id": "webhook", **change}]}]}))
    (target,) = changed.targets()
    assert target.headers == {"Authorization": "Bearer S3CRET", "X-New": "n"}
    assert (target.signing_secret, target.url) == ("S3CRET words", f"{HOOK['url']}/d")


def test_headers_stay_with_the_receiver_they_were_given_for() -> None:
    """Neither at once nor by way of no address do their values reach another; typed again or taken away they may."""
    settings = check({"sources": [{**MIC, "webhooks": [{**HOOK, "headers": {"Authorization": "Bearer S3CRET"}}]}]})

    def change(**patch: Any) -> Settings:
        return check(merged(settings, {"sources": [{"id": "microphone", "webhooks": [{"id": "webhook", **patch}]}]}))

    refused = {"sources.microphone.webhooks.webhook.headers.Authorization": "settings.secret_elsewhere"}
    for headers in ({}, {"headers": {}}, {"headers": {"Authorization": MASK}}):
        with pytest.raises(SettingsFaults) as caught:
            change(url="http://thief/", **headers)
        assert {f.path: f.code for f in caught.value.faults} == refused
    assert change(url="http://other/", headers={"Authorization": "Bearer n"}).targets()[0].headers == {
        "Authorization": "Bearer n"
    }
    assert change(url="http://other/", headers={"Authorization": None}).targets()[0].headers == {}
    settings = change(url="")
    with pytest.raises(SettingsFaults):
        change(url="http://thief/")


def test_a_webhook_can_be_for_some_rows_of_claps_only() -> None:
    """One for two claps, one for everything; applause goes only to who wants everything."""
    settings = check({"sources": [{**MIC, "webhooks": [{**HOOK, "claps": [2]}, {**HOOK, "id": "all"}]}]})
    two, everything = settings.targets()

    def event(claps: int, *, applause: bool = False, source: str = "microphone") -> Event:
        return Event(source, "Salon", "microphone", "e", 0, 0.0, 0.1, 0.0, 0.9, claps, applause=applause)

    assert [two.wants(event(1)), two.wants(event(2)), two.wants(event(2, applause=True))] == [False, True, False]
    assert [everything.wants(event(n)) for n in (1, 2)] == [True, True]
    assert everything.wants(event(1, applause=True))
    assert not everything.wants(event(1, source="kitchen"))


@pytest.mark.parametrize("name", ["Salon\x1b[2J", "a\nb", "a\x07", "\u202eabc", "a\x9bb", "a\u2028b"])
def test_names_have_no_control_characters(name: str) -> None:
    """They are printed in terminals, logs and notifications."""
    document = {"sources": [{**MIC, "name": name}], "notify": [{"id": "phone", "name": name}]}
    assert set(faults(document).values()) == {"settings.unprintable"}


@pytest.mark.parametrize("name", ["Été à la plage", "Salle\u00a0: 2", "👨‍👩‍👧 salon", "客厅"])
def test_names_may_have_whatever_is_seen(name: str) -> None:
    assert check({"sources": [{**MIC, "name": name}]}).sources[0].name == name


def test_foreign_keys_are_shown_bounded_and_printable() -> None:
    """Whoever reads the fault in a terminal sees the key, and runs none of its commands."""
    document = {"\x1b]0;owned\x07" + "x" * 10_000: 1, "sources": [{**MIC, "id": "\x1b[2J" + "y" * 1000, "\u202e": 2}]}
    with pytest.raises(SettingsFaults) as refused:
        check(document)
    shown = [f"{fault.path}{fault.params}{fault.value}" for fault in refused.value.faults]
    assert len(shown) > 1
    assert all(text.isprintable() and len(text) < 400 for text in [*shown, str(refused.value)])


def test_entries_without_an_id_get_one() -> None:
    """Scripts need not invent any: a source is called after its name, a webhook by its number."""
    settings = check({"sources": [{**MIC, "webhooks": [{"id": "webhook"}, {"id": "webhook-3"}]}]})
    new = {"kind": "microphone", "name": "Été à 2", "webhooks": [{"url": "http://a/1"}, {"url": "http://a/2"}]}
    more = {"id": "microphone", "webhooks": [{"url": "http://a/3"}, {"url": "http://a/4"}]}
    patch = {"sources": [new, more, {**new, "webhooks": []}], "notify": [{"name": "Phone"}, {}]}
    done = check(merged(settings, patch))
    ids = {source.id: [webhook.id for webhook in source.webhooks] for source in done.sources}
    assert ids == {
        "microphone": ["webhook", "webhook-3", "webhook-2", "webhook-4"],
        "ete-a-2": ["webhook", "webhook-2"],
        "ete-a-2-2": [],
    }
    assert [one.id for one in done.notify] == ["phone", "notify"]


def test_a_thousand_sources_are_held_and_one_more_is_refused() -> None:
    """All of them, each with a webhook, fit into one request and into the file."""
    webhook = {"id": "webhook", "url": "https://hooks.example/claps", "headers": {"authorization": 40 * "x"}}
    entries = [
        {"id": f"v{n}", "name": f"Stream {n}", "kind": "vban", "input": {"host": "192.0.2.1", "stream": f"s{n}"}}
        | {"webhooks": [webhook]}
        for n in range(MAX_SOURCES + 1)
    ]
    settings = check({"sources": entries[:-1]})
    assert len(settings.sources) == MAX_SOURCES == 1000
    assert len(json.dumps(settings.whole())) <= MAX_BODY_BYTES
    assert json.loads(settings.stored()) == settings.whole()
    with pytest.raises(SettingsFaults) as refused:
        check({"sources": entries})
    assert [(fault.code, fault.params) for fault in refused.value.faults] == [("settings.too_many", {"bound": 1000})]


@pytest.mark.parametrize("sources", [[], [MIC], [MIC, {**MIC, "id": "other", "name": 'A "quoted" é'}]])
def test_the_file_says_what_the_settings_are(sources: list[dict[str, Any]]) -> None:
    """Joined from texts made once, it is what the whole would be written as."""
    settings = check({"sources": sources, "mqtt": {"host": "broker", "password": "secret"}})
    assert settings.stored() == settings.model_dump_json(indent=2, context=WITH_SECRETS) + "\n"


def test_a_crowd_without_ids_costs_no_more_than_its_size() -> None:
    """It is refused for being too many."""
    crowd = [{"kind": "microphone", "name": "x"}] * 20_000
    assert faults(merged(check({}), {"sources": crowd})) == {"sources": "settings.too_many"}


@pytest.mark.parametrize("host", ["mqtt://broker", "ha:pass@broker", "broker/x", "bro\x1bker"])
def test_a_broker_s_host_is_no_address(host: str) -> None:
    """It is shown as it is: no password may be in it."""
    assert faults({"mqtt": {"host": host}}) == {"mqtt.host": "mqtt.bad_host"}
    with pytest.raises(SettingsFaults) as refused:
        check({"mqtt": {"host": host}})
    assert "pass" not in refused.value.faults[0].value


def test_a_source_is_not_its_own_reference_and_its_references_reach_the_worker() -> None:
    """What is also in a reference does not count: of itself that would be all."""
    entry = {"id": "salon", "kind": "microphone", "name": "Salon"}
    known = Settings.model_validate({"sources": [{**entry, "references": ["tv", "pc"]}]})
    (spec,) = known.specs()
    assert spec.references == ("tv", "pc")
    assert SourceSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    own = faults({"version": 3, "sources": [{**entry, "references": ["salon"]}]})
    assert own == {"sources.salon.references": "settings.own_reference"}
