"""Rescoring: what the classifier would have made of a candidate that is known by its embedding, under any profile."""

from __future__ import annotations

from claptrap.detect.clapnet import ClapNet
from claptrap.detect.confirm import EARLY, LATE, Confirmer, HeadOutput, ModelScore
from claptrap.detect.embedding import POINTS, YAMNET_LAYERS, Embedding
from claptrap.detect.matching import ProfileMatcher


class Rescorer:
    """Scores embeddings by the rules of ``ClapClassifier``, without sound: each candidate by itself, no prior, no next clap.

    What both models were sure of at the first look is scored by the later ones: what YAMNet heard then is not kept.

    Args:
        clapnet, confirmer: the models that made the embeddings.
    """

    def __init__(self, clapnet: ClapNet, confirmer: Confirmer) -> None:
        self._clapnet = clapnet
        self._confirmer = confirmer

    def score(self, embedding: Embedding, matcher: ProfileMatcher | None = None) -> float:
        """Return the score in [0, 1] of a candidate by the models, and by a profile where there is one."""
        return self._alone(embedding, matcher) if embedding.yamnet is None else self._with_yamnet(embedding, matcher)

    def best_score(self, embedding: Embedding) -> float:
        """Return the best score of any decision by the models, though an earlier one would have rejected the candidate."""
        logits = self._clapnet.log_odds(embedding.net).tolist()
        if embedding.yamnet is None:
            return max(self._embedded(embedding, point).score for point in range(POINTS))
        early, late = (self._head_log_odds(embedding, point) for point in (EARLY, LATE))
        return max(
            self._confirmer.early_score(early, logits[EARLY]).score,
            self._confirmer.late_score(early, late, logits[LATE]).score,
        )

    def _alone(self, embedding: Embedding, matcher: ProfileMatcher | None) -> float:
        for point in range(POINTS):
            scored = _by_profile(matcher, self._embedded(embedding, point), point, embedding)
            if scored.is_decisive:
                break
        return scored.score

    def _embedded(self, embedding: Embedding, point: int) -> ModelScore:
        hidden = embedding.net[point]
        return self._confirmer.embedded_score(HeadOutput(float(self._clapnet.log_odds(hidden)), hidden), point)

    def _with_yamnet(self, embedding: Embedding, matcher: ProfileMatcher | None) -> float:
        logits = self._clapnet.log_odds(embedding.net).tolist()
        for point, logit in enumerate(logits):
            close = matcher is not None and matcher.resembles_a_clap(point, embedding.net[point])
            if not (close or self._confirmer.needs_yamnet(logit, point)):
                return self._confirmer.rejected_score(logit, point)
            if point == EARLY:
                early = self._head_log_odds(embedding, EARLY)
                scored = self._confirmer.early_score(early, logit)
                scored = _by_profile(matcher, scored, YAMNET_LAYERS[EARLY], embedding)
                if scored.is_decisive:
                    return scored.score
        scored = self._confirmer.late_score(early, self._head_log_odds(embedding, LATE), logits[LATE])
        return _by_profile(matcher, scored, YAMNET_LAYERS[LATE], embedding).score

    def _head_log_odds(self, embedding: Embedding, point: int) -> float:
        hidden = embedding.layer(YAMNET_LAYERS[point])
        assert hidden is not None  # noqa: S101  # the caller has looked
        return self._confirmer.head_log_odds(hidden, point)


def _by_profile(matcher: ProfileMatcher | None, scored: ModelScore, decision: int, embedding: Embedding) -> ModelScore:
    is_last = decision in (POINTS - 1, YAMNET_LAYERS[LATE])
    return scored if matcher is None else matcher.score_embedding(scored, decision, embedding, is_last=is_last)
