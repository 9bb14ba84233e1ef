"""What of a source is also in another, its reference, does not count: the sources of the classifier thread, two by two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from claptrap.audio.frame import RATE_HZ
from claptrap.core.spec import SourceSpec
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.onset import STEP
from claptrap.detect.reference import MARGIN_DB, PER_UPDATE, BandLevels, ReferencePath
from claptrap.runtime.stream import Stream

MOST_SHIFT = (
    RATE_HZ // 4
)  # samples by which what is known of two streams' beginnings may change before a path is learnt again


class Context(Protocol):
    """What is needed of a stream's context."""

    spec: SourceSpec
    stream: Stream


class ReferenceVeto:
    """Knows how each source hears its references. Lives in the classifier thread; slots without references cost nothing.

    Nothing waits for a reference: what has not arrived when a clap is decided explains nothing.
    """

    def __init__(self) -> None:
        self._levels: dict[int, BandLevels] = {}
        self._paths: dict[tuple[int, int], ReferencePath] = {}
        self._updated: dict[int, int] = {}  # samples of each slot that its paths have learnt from

    def forget(self, slot: int) -> None:
        """Forget a slot: its stream has ended, or another begins."""
        self._levels.pop(slot, None)
        self._updated.pop(slot, None)
        self._paths = {pair: path for pair, path in self._paths.items() if slot not in pair}

    def update(self, slots: Iterable[int], contexts: Mapping[int, Context], classifier: ClapClassifier) -> None:
        """Learn, every half second, how the sources of ``slots`` hear their references."""
        for slot in slots:
            context = contexts.get(slot)
            if context is None or not context.spec.references:
                continue
            heard = classifier.heard(slot)
            if heard - self._updated.get(slot, 0) >= PER_UPDATE * STEP:
                self._updated[slot] = heard
                for reference in references_of(context, contexts):
                    path = self._path(context, reference)
                    path.update(self._heard(slot, classifier), self._heard(reference.stream.slot, classifier))

    def explained_by(
        self, slot: int, onset: int, contexts: Mapping[int, Context], classifier: ClapClassifier
    ) -> SourceSpec | None:
        """Return the reference that explains what begins at sample ``onset`` of ``slot``; None if none does."""
        context = contexts[slot]
        for reference in references_of(context, contexts):
            path = self._paths.get((slot, reference.stream.slot))
            if path is None:
                continue
            excess_db = path.excess_db(onset, self._heard(slot, classifier), self._heard(reference.stream.slot, classifier))
            if excess_db is not None and excess_db <= MARGIN_DB:
                return reference.spec
        return None

    def _path(self, context: Context, reference: Context) -> ReferencePath:
        pair = context.stream.slot, reference.stream.slot
        apart = round((reference.stream.monotonic(0.0) - context.stream.monotonic(0.0)) * RATE_HZ)
        path = self._paths.get(pair)
        if path is None or abs(apart - path.apart) > MOST_SHIFT:
            path = self._paths[pair] = ReferencePath(apart)
        return path

    def _heard(self, slot: int, classifier: ClapClassifier) -> BandLevels:
        levels = self._levels.setdefault(slot, BandLevels())
        levels.update(lambda begin, end: classifier.samples(slot, begin, end), classifier.heard(slot))
        return levels


def references_of(context: Context, contexts: Mapping[int, Context]) -> list[Context]:
    """Return the references of a source that are heard now."""
    wanted = context.spec.references
    return [other for other in contexts.values() if other.spec.id in wanted and other is not context] if wanted else []
