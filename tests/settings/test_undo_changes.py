"""Taking one change back: what it touched becomes what it was, and nothing that somebody made since is lost."""

from __future__ import annotations

from typing import Any

import pytest

from claptrap.core.errors import InputError
from claptrap.settings.schema import Settings
from claptrap.settings.undo import undone
from claptrap.settings.validation import check


def source(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "file", "name": name, "input": {"path": f"/{name}.wav"}, **more}


def hook(url: str = "http://a.example/x", **more: Any) -> dict[str, Any]:
    return {"id": "webhook", "url": url, **more}


def house(*sources: dict[str, Any], **more: Any) -> Settings:
    return check({"sources": list(sources), **more})


A, B, C, D = (source(name) for name in "abcd")
SECRET = {"Authorization": "Bearer T0PSECRET"}
BROKER = {"enabled": True, "host": "one.example", "password": "hunter2"}

UNTOUCHED = [
    pytest.param(house(A), house(A, language="en"), house(A), id="a value"),
    pytest.param(house(A, B, C), house(A, C), house(A, B, C), id="a source removed from between"),
    pytest.param(house(A), house(A, B), house(A), id="a source added"),
    pytest.param(house(A, B), house(B, A), house(A, B), id="another order"),
    pytest.param(house(A), house(source("a", kind="microphone", input={})), house(A), id="another kind"),
    pytest.param(
        house(source("a", webhooks=[hook(headers=SECRET)])), house(source("a", webhooks=[])), None, id="a webhook's secrets"
    ),
    pytest.param(house(A, mqtt=BROKER), house(A), None, id="a broker"),
]


@pytest.mark.parametrize(("before", "after", "_"), UNTOUCHED)
def test_nothing_has_happened_since_and_all_is_as_it_was(before: Settings, after: Settings, _: Any) -> None:
    """Both ways, so that an undoing can be undone; and again where something else has changed meanwhile."""
    assert check(undone(before.whole(), after.whole(), after.whole())) == before
    assert check(undone(after.whole(), before.whole(), before.whole())) == after
    later = check({**after.whole(), "history": {"keep_days": 7}})
    assert check(undone(before.whole(), after.whole(), later.whole())) == check(
        {**before.whole(), "history": {"keep_days": 7}}
    )


ELSEWHERE = [
    pytest.param(house(A, B), house(A), house(A, C), ["a", "b", "c"], id="removed, and another came"),
    pytest.param(house(A, B, C), house(C), house(D, C), ["a", "b", "d", "c"], id="two removed, and one came before"),
    pytest.param(house(A, B), house(A, B, C), house(B, C, D), ["b", "d"], id="added, and others went and came"),
]


@pytest.mark.parametrize(("before", "after", "now", "wanted"), ELSEWHERE)
def test_what_came_since_stays_and_what_went_comes_back_to_its_place(
    before: Settings, after: Settings, now: Settings, wanted: list[str]
) -> None:
    assert [one["id"] for one in undone(before.whole(), after.whole(), now.whole())["sources"]] == wanted


def test_a_field_beside_the_one_that_was_changed_since_is_left_alone() -> None:
    before, after = house(source("a", threshold=0.5)), house(source("a", threshold=0.8))
    now = house(source("a", threshold=0.8, delay_s=3.0))
    assert (
        undone(before.whole(), after.whole(), now.whole())["sources"][0] | {"delay_s": 0.5} == before.whole()["sources"][0]
    )
    assert undone(before.whole(), after.whole(), now.whole())["sources"][0]["delay_s"] == 3.0


CHANGED_SINCE = [
    pytest.param(house(A), house(A, language="en"), house(A), "language", id="put back by hand already"),
    pytest.param(
        house(source("a", threshold=0.5)),
        house(source("a", threshold=0.8)),
        house(source("a", threshold=0.9)),
        "sources.a.threshold",
        id="the same value",
    ),
    pytest.param(
        house(source("a", threshold=0.5)), house(source("a", threshold=0.8)), house(B), "sources.a", id="the source is gone"
    ),
    pytest.param(house(), house(A), house({**A, "name": "Mine"}), "sources.a", id="what was added has a name by now"),
    pytest.param(house(A), house(B), house({**A, "name": "New"}, B), "sources.a", id="another has the id of the removed"),
    pytest.param(house(A, B, C), house(C, B, A), house(C, A), "sources", id="another order of fewer"),
    pytest.param(
        house(source("a", webhooks=[hook(headers=SECRET)])),
        house(source("a", webhooks=[hook(headers={})])),
        house(source("a", webhooks=[hook("http://evil.example/", headers={})])),
        "sources.a.webhooks.webhook.url",
        id="a header of then would go to a new address",
    ),
    pytest.param(
        house(A, mqtt=BROKER),
        house(A, mqtt={**BROKER, "password": ""}),
        house(A, mqtt={**BROKER, "password": "", "host": "evil.example"}),
        "mqtt.host",
        id="a password of then would go to a new broker",
    ),
]


@pytest.mark.parametrize(("before", "after", "now", "path"), CHANGED_SINCE)
def test_what_somebody_has_changed_since_is_never_taken_from_them(
    before: Settings, after: Settings, now: Settings, path: str
) -> None:
    with pytest.raises(InputError) as refused:
        undone(before.whole(), after.whole(), now.whole())
    assert (refused.value.code, refused.value.params) == ("settings.changed_since", {"path": path})
