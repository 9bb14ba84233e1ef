"""The settings document as JSON data, made once for everybody who needs it: dumping it is what costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claptrap.settings.schema import Settings


@dataclass(frozen=True, slots=True, repr=False)
class SettingsDump:
    """Settings with both of their dumps, neither of which is to be changed.

    Attributes:
        settings: the models.
        whole: JSON data with the secrets in it: for the file and for those who use them, never for a face.
        masked: the same with ``MASK`` in place of each secret.
    """

    settings: Settings
    whole: Mapping[str, Any]
    masked: Mapping[str, Any]

    @classmethod
    def of(cls, settings: Settings, before: SettingsDump | None = None) -> SettingsDump:
        """Return ``settings`` with both dumps, which share with those of ``before`` what is the same."""
        if before is None:
            return cls(settings, settings.whole(), settings.model_dump(mode="json"))
        known = {id(source): i for i, source in enumerate(before.settings.sources)}
        rest = settings.model_copy(update={"sources": [s for s in settings.sources if id(s) not in known]})
        whole, masked = _sharing(rest.whole(), before.whole), _sharing(rest.model_dump(mode="json"), before.masked)
        places = [known.get(id(source)) for source in settings.sources]
        return cls(
            settings,
            {**whole, "sources": _in_place(places, whole["sources"], before.whole["sources"])},
            {**masked, "sources": _in_place(places, masked["sources"], before.masked["sources"])},
        )

    def with_models(self, document: object) -> object:
        """Return ``document`` with models in place of those sources that are these settings' own: they are valid."""
        if not isinstance(document, Mapping) or not isinstance(document.get("sources"), list):
            return document
        models = {id(entry): model for entry, model in zip(self.whole["sources"], self.settings.sources, strict=True)}
        return {**document, "sources": [models.get(id(entry), entry) for entry in document["sources"]]}


def _in_place(places: Sequence[int | None], new: Sequence[Any], old: Sequence[Any]) -> list[Any]:
    """Return the items of ``old`` at ``places``, and those of ``new`` in turn where there is none."""
    others = iter(new)
    return [next(others) if place is None else old[place] for place in places]


def _sharing(new: Any, old: Any) -> Any:
    """Return ``new`` with the very objects of ``old`` wherever they are equal: twenty steps to undo cost little then."""
    if new == old:
        return old
    if isinstance(new, dict) and isinstance(old, Mapping):
        return {key: _sharing(value, old.get(key)) for key, value in new.items()}
    if isinstance(new, list) and isinstance(old, list):
        return [_sharing(value, old[i]) if i < len(old) else value for i, value in enumerate(new)]
    return new
