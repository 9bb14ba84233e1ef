"""Settings are checked whole before anything is done with them."""

from __future__ import annotations

from typing import Any

from claptrap.core.weburl import MASK
from claptrap.selftest.case import Case, CaseContext, Failed, expect
from claptrap.settings.merge import merged
from claptrap.settings.schema import Settings
from claptrap.settings.validation import SettingsFaults, check

AREA = "validation"


def _document(**source: Any) -> dict[str, Any]:
    return {"version": 3, "sources": [{"id": "a", "kind": "microphone", "name": "A", **source}]}


def _faults(document: object) -> list[tuple[str, str]]:
    try:
        check(document)
    except SettingsFaults as faults:
        return [(fault.path, fault.code) for fault in faults.faults]
    return []


def _threshold(_: CaseContext) -> None:
    for good in (0, 0.5, 1):
        expect(f"threshold {good}", _faults(_document(threshold=good)), [])
    expect("threshold 1.5", _faults(_document(threshold=1.5)), [("sources.a.threshold", "settings.at_most")])
    expect("threshold −0.1", _faults(_document(threshold=-0.1)), [("sources.a.threshold", "settings.at_least")])
    expect("threshold “abc”", _faults(_document(threshold="abc")), [("sources.a.threshold", "settings.not_a_number")])


def _delay(_: CaseContext) -> None:
    expect("delay 0.1 s", _faults(_document(delay_s=0.1)), [])
    for bad in (0, -3):
        expect(f"delay {bad} s", _faults(_document(delay_s=bad)), [("sources.a.delay_s", "settings.greater_than")])


def _webhook_url(_: CaseContext) -> None:
    def faults(url: str) -> list[tuple[str, str]]:
        return _faults(_document(webhooks=[{"id": "w", "url": url}]))

    for good in ("", "http://localhost:8123/api/webhook/x", "https://example.org/hook"):
        expect(f"url “{good}”", faults(good), [])
    for bad, code in (("ftp://example.org", "url.scheme"), ("example.org/hook", "url.scheme"), ("http://", "url.host")):
        expect(f"url “{bad}”", faults(bad), [("sources.a.webhooks.w.url", code)])


def _enabled(_: CaseContext) -> None:
    for good in (True, False):
        expect(f"enabled {good}", _faults(_document(enabled=good)), [])
    expect("enabled “yes”", _faults(_document(enabled="yes")), [("sources.a.enabled", "settings.not_a_switch")])


def _all_at_once(_: CaseContext) -> None:
    found = _faults(_document(threshold=7, delay_s=0, enabled=1, thershold=0.5))
    expect("number of faults", len(found), 4)
    if ("sources.a.thershold", "settings.unknown_key_near") not in found:
        raise Failed("a misspelt key", "the key that is near", found)


def _secrets(_: CaseContext) -> None:
    secret, headers = "a-secret-of-the-test", {"Authorization": "a-secret-of-the-test"}
    webhook = {"id": "w", "url": "http://localhost/", "headers": headers, "signing_secret": secret}
    settings = check(_document(webhooks=[webhook]))
    shown = settings.model_dump(mode="json")
    expect("the secret is shown", secret in str(shown), False)
    expect("the mask is shown", shown["sources"][0]["webhooks"][0]["signing_secret"], MASK)
    expect("the settings after they were given back as shown", check(merged(settings, shown)), settings)
    expect("the defaults are valid", check(Settings().whole()), Settings())


CASES = (
    Case(AREA, "threshold", _threshold),
    Case(AREA, "delay", _delay),
    Case(AREA, "webhook_url", _webhook_url),
    Case(AREA, "enabled", _enabled),
    Case(AREA, "all_at_once", _all_at_once),
    Case(AREA, "secrets", _secrets),
)
