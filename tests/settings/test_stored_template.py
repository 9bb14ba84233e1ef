"""A body template that an older ClapTrap took and this one refuses costs no setting; its deliveries say what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.store import Store
from claptrap.settings.validation import SettingsFaults

REFUSED = "{% for letter in source_name %}{{ letter }}{% endfor %}"  # loops over a text, which version 2 allowed
PATH = "sources.salon.webhooks.webhook.template"


@pytest.mark.parametrize("version", [2, 3])
def test_it_stays_and_other_settings_still_change(tmp_path: Path, version: int) -> None:
    webhook = {"id": "webhook", "url": "http://192.0.2.1/hook", "template": REFUSED}
    source = {"id": "salon", "kind": "file", "name": "Salon", "input": {"path": "x"}, "webhooks": [webhook]}
    (tmp_path / "settings.json").write_text(json.dumps({"version": version, "sources": [source]}))
    for _ in range(2):  # also once it is saved in the newest form
        owner = SettingsOwner(Store(tmp_path))
        owner.open()
        assert owner.problems() == []
        assert owner.current.sources[0].webhooks[0].template == REFUSED
        owner.apply({"sources": [{"id": "salon", "threshold": owner.current.sources[0].threshold - 0.1}]})
        with pytest.raises(SettingsFaults) as refused:
            owner.apply({"sources": [{"id": "salon", "webhooks": [{"id": "webhook", "template": REFUSED + " "}]}]})
        assert refused.value.faults[0].path == PATH
        owner.close()
