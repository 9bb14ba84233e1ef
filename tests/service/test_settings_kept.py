"""A change of one source costs what one source costs: the others are neither checked nor dumped again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.store import Store


def entry(n: int, **more: Any) -> dict[str, Any]:
    return {"id": f"v{n}", "name": f"v{n}", "kind": "vban", "input": {"host": "127.0.0.1", "stream": f"s{n}"}, **more}


def test_sources_that_stay_keep_their_models_and_dumps_through_every_change(tmp_path: Path) -> None:
    owner = SettingsOwner(Store(tmp_path))
    owner.open()
    try:
        before = owner.replace(
            {
                "sources": [
                    entry(n, webhooks=[{"id": "w", "url": "http://hub.lan/x", "headers": {"X-Key": "hush"}}])
                    for n in range(3)
                ]
            }
        )
        changed = owner.apply({"sources": [{"id": "v1", "name": "Garden"}, entry(3)], "language": "en"})
        kept = [entry for entry in changed.dump.whole["sources"] if entry["id"] != "v0"]
        removed = owner.replace({**changed.dump.whole, "sources": kept[::-1]})
        for state in (before, changed, removed):
            assert state.dump.whole == state.settings.whole()
            assert state.dump.masked == state.settings.model_dump(mode="json")
        assert changed.settings.sources[0] is before.settings.sources[0]
        assert changed.settings.sources[0].spec is before.settings.specs()[0]
        assert [s.name for s in changed.settings.sources] == ["v0", "Garden", "v2", "v3"]
        assert removed.settings.sources == changed.settings.sources[:0:-1]
        assert all(a is b for a, b in zip(removed.settings.sources, changed.settings.sources[:0:-1], strict=True))
        assert len({state.revision for state in (before, changed, removed)}) == 3
        assert owner.replace(before.dump.whole).revision == before.revision
    finally:
        owner.close()
