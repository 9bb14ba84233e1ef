"""The settings have one owner: one lock, one way to change them, and observers that see each change once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from claptrap.core.errors import InputError, SettingsError
from claptrap.service.settings_owner import SettingsOwner, SettingsState
from claptrap.settings.backups import Why
from claptrap.settings.store import Store
from claptrap.settings.validation import SettingsFaults


@pytest.fixture
def owner(tmp_path: Path) -> SettingsOwner:
    return SettingsOwner(Store(tmp_path))


def test_observers_see_each_change_once_and_in_order(owner: SettingsOwner) -> None:
    """The state before and after, and how it came; what says the same is no change."""
    seen: list[tuple[str, str, Why]] = []

    def observe(before: SettingsState, after: SettingsState, why: Why) -> None:
        assert owner.state is after
        seen.append((before.revision, after.revision, why))

    owner.observe(observe)
    first = owner.state.revision
    second = owner.apply({"language": "en"}).revision
    assert owner.apply({"language": "en"}).serial == 1
    third = owner.replace({**owner.state.dump.whole, "language": "fr"}, "restore").revision
    assert seen == [(first, second, "change"), (second, third, "restore")]
    assert (third, owner.state.serial) == (first, 2)


def test_what_cannot_be_saved_or_is_not_valid_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "settings.json").mkdir()  # which no file replaces
    owner = SettingsOwner(Store(tmp_path))
    before = owner.state
    owner.observe(lambda *_: pytest.fail("observed"))
    with pytest.raises(SettingsError):
        owner.apply({"language": "en"})
    with pytest.raises(SettingsFaults):
        owner.apply({"language": "de"})
    assert owner.state is before


def test_of_two_who_have_seen_the_same_one_is_refused(owner: SettingsOwner) -> None:
    """However they come: the look at the revision and the change are one."""
    seen, outcomes, begin = {owner.state.revision}, [], threading.Barrier(8)

    def change(days: int) -> None:
        begin.wait()
        try:
            owner.apply({"history": {"keep_days": days}}, seen)
            outcomes.append("changed")
        except InputError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=change, args=(days,), name=f"test:{days}") for days in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["changed", *["settings.stale"] * 7]
    assert owner.state.serial == 1


def test_a_source_has_a_revision_of_its_own(owner: SettingsOwner) -> None:
    """Another's change does not make it stale."""
    owner.apply({"sources": [{"id": "porch", "kind": "microphone", "name": "Porch"}]})
    microphone, porch = owner.revision("microphone"), owner.revision("porch")
    owner.apply({"sources": [{"id": "porch", "threshold": 0.7}]})
    assert owner.revision("microphone") == microphone
    with pytest.raises(InputError) as stale, owner.locked({porch}, "porch"):
        pytest.fail("stale")
    assert stale.value.code == "settings.stale"
    with pytest.raises(InputError) as unknown:
        owner.revision("attic")
    assert unknown.value.code == "api.unknown_source"


def test_states_share_what_is_the_same(owner: SettingsOwner) -> None:
    """Twenty of them are kept to be undone, of documents that may be large."""
    owner.apply({"sources": [{"id": "porch", "kind": "microphone", "name": "Porch"}]})
    before = owner.state
    after = owner.apply({"sources": [{"id": "porch", "threshold": 0.7}]})
    for old, new in ((before.dump.whole, after.dump.whole), (before.dump.masked, after.dump.masked)):
        assert new["sources"][0] is old["sources"][0]
        assert new["mqtt"] is old["mqtt"]
        assert new["sources"][1]["webhooks"] is old["sources"][1]["webhooks"]
        assert (old["sources"][1]["threshold"], new["sources"][1]["threshold"]) == (0.5, 0.7)
    assert (after.dump.whole, after.dump.masked) == (after.settings.whole(), after.settings.model_dump(mode="json"))
