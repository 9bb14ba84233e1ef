"""Calibration: a person gives claps, then makes the noises of the room; what each was, and what is proposed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal, get_args

from claptrap.core.spec import SourceSpec
from claptrap.detect.profile import Example, Profile
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.runtime.channel_meter import HEARD
from claptrap.service.evaluation import Evaluator
from claptrap.service.messages import with_messages

Phase = Literal["claps", "noises"]
PHASES: tuple[Phase, ...] = get_args(Phase)
WANTED = 5
ENOUGH = 3  # claps from which on there is a proposal
LONGEST_S = 600.0
MOST_SOUNDS = 100
ACCEPTED = "accepted"
BETTER_DB = 3.0  # another channel is proposed where claps rise so much more in it


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound of a session: its number from 1 on, when, in which phase, and why it does not count (or ``accepted``)."""

    n: int
    phase: Phase
    candidate: KeptCandidate
    outcome: str

    def example(self) -> Example:
        """Return it as an example."""
        return Example(self.phase == "claps", self.candidate.embedding, "calibration", self.candidate.at)


@dataclass(slots=True)
class Calibration:
    """One session of one source; it ``started`` in UTC Unix seconds, and ``began`` in monotonic ones."""

    source_id: str
    started: float
    phase: Phase
    began: float = 0.0
    sounds: list[Sound] = field(default_factory=list)
    _next: int = 1
    _proposed: tuple[object, dict[str, Any]] | None = None

    def add(self, candidate: KeptCandidate) -> bool:
        """Add a sound that was heard while it lasts; return whether it is one of the session."""
        if not candidate.was_calibrating or len(self.sounds) >= MOST_SOUNDS:
            return False
        refusal = candidate.refusal if self.phase == "claps" else None
        self.sounds.append(Sound(self._next, self.phase, candidate, str(refusal or ACCEPTED)))
        self._next += 1
        return True

    def remove(self, n: int) -> bool:
        """Take a sound out; return whether there was one."""
        kept = [sound for sound in self.sounds if sound.n != n]
        is_there = len(kept) < len(self.sounds)
        self.sounds = kept
        return is_there

    def examples(self) -> list[Example]:
        """Return what can be learnt from."""
        return [example for example, _ in self.lessons()]

    def lessons(self) -> list[tuple[Example, KeptCandidate]]:
        """Return what can be learnt from, with the candidates that they come from."""
        return [(sound.example(), sound.candidate) for sound in self.sounds if sound.outcome == ACCEPTED]

    def proposal(self, evaluator: Evaluator, profile: Profile, spec: SourceSpec) -> dict[str, Any] | None:
        """Return what the session proposes, with its evidence, as JSON data; None while too few claps are accepted."""
        examples = self.examples()
        if sum(one.is_clap for one in examples) < ENOUGH:
            return None
        basis = (tuple(example.id for example in examples), profile, spec.threshold)
        if self._proposed is None or self._proposed[0] != basis:  # pages ask once a second, and it takes longer
            self._proposed = (basis, self._propose(evaluator, examples, profile, spec.threshold))
        claps = [one.channels for example, one in self.lessons() if example.is_clap]
        return {**self._proposed[1], "channel": best_channel(claps, spec.input.heard_channel)}

    def changes(self, proposal: Mapping[str, Any], spec: SourceSpec) -> dict[str, Any]:
        """Return the settings of the source that a proposal changes."""
        channel = proposal["channel"]
        settings = {} if proposal["threshold"] == spec.threshold else {"threshold": proposal["threshold"]}
        is_better = channel is not None and channel["channel"] != channel["was"]
        return {**settings, "input": {"channel": channel["channel"]}} if is_better else settings

    def _propose(self, evaluator: Evaluator, examples: list[Example], profile: Profile, threshold: float) -> dict[str, Any]:
        by_now, by_taught = (evaluator.scores(examples, one) for one in (profile, profile.adding(*examples)))
        proposed = by_taught.best_threshold(threshold)
        was, then = by_now.figures(threshold), by_taught.figures(proposed)
        return {
            "threshold": proposed,
            "was_threshold": threshold,
            "claps": {"heard": then.claps_heard, "total": then.claps, "was": was.claps_heard},
            "noises": {"heard": then.others_heard, "total": then.others, "was": was.others_heard},
        }

    def to_json(self, proposal: dict[str, Any] | None) -> dict[str, Any]:
        """Return the session as JSON data, with its sentences."""
        return {
            "source_id": self.source_id,
            "phase": self.phase,
            "started": self.started,
            "wanted": WANTED,
            "sounds": [_sound(sound) for sound in self.sounds],
            "proposal": proposal,
        }


def best_channel(claps: Sequence[Mapping[str, float]], now: str) -> dict[str, Any] | None:
    """Return which channel hears claps best, as JSON data; None where there is only one.

    Args:
        claps: how far each clap rises in each channel, as ``ChannelMeter.rises``.
        now: which is heard now; kept unless another is better by ``BETTER_DB``.
    """
    compared = [rises for rises in claps if HEARD in rises]
    if len(compared) < ENOUGH:
        return None
    medians = {name: median(rises[name] for rises in compared) for name in set.intersection(*map(set, compared))}
    was = medians.pop(HEARD)
    best = max(medians, key=lambda name: (medians[name], name), default=now)
    chosen = best if best in medians and medians[best] - was >= BETTER_DB else now
    rise = medians[best] if chosen == best else was
    return {"channel": chosen, "was": now, "rise_db": round(rise, 1), "was_rise_db": round(was, 1)}


def _sound(sound: Sound) -> dict[str, Any]:
    return with_messages(
        {
            "n": sound.n,
            "at": sound.candidate.at,
            "phase": sound.phase,
            "outcome": sound.outcome,
            "score": round(sound.candidate.score, 3),
            "code": f"enrolment.{sound.outcome}",
            "params": {},
        }
    )
