"""A proof: claps of our own that go through one source's path, mixed into its sound, and are followed step by step."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from claptrap.audio.claps import GOOD, Sound, clap
from claptrap.audio.frame import RATE_HZ, Frame
from claptrap.audio.hopper import at_16_khz
from claptrap.core.clock import Clock
from claptrap.core.events import Event
from claptrap.detect.classifier import Classification
from claptrap.detect.patterns import PatternOutcome, Reason

PEAK = 0.35
TAIL_S = 0.5  # of a clap with its room
WARM_UP = RATE_HZ  # samples of a stream after which onsets are found
BEFORE, AFTER = RATE_HZ // 25, 3 * RATE_HZ // 10  # samples around a clap of ours within which an onset is of it


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One step that was reached.

    Attributes:
        name: ``frame``, ``onset``, ``models``, ``threshold``, ``pattern``, ``journal`` or ``acts``.
        at: monotonic seconds.
        ok: whether it was passed; the claps go no further otherwise.
        code: what happened, a key of ``text.catalogue``.
        params: values for that sentence.
        clap: which of several claps, from 1.
    """

    name: str
    at: float
    ok: bool
    code: str
    params: Mapping[str, str | float] = field(default_factory=dict)
    clap: int = 1


class Proof:
    """The claps, and the steps that they have reached. Thread-safe; ``mix`` is the capture thread's.

    Args:
        n_claps: how many.
        gap_s: from each to the next.
        clock: the machine's.
    """

    def __init__(self, n_claps: int, gap_s: float, clock: Clock) -> None:
        self.n_claps = n_claps
        self.event_id = ""
        self._gap_s = gap_s
        self._clock = clock
        self._rate_hz = 0
        self._sound: Sound | None = None
        self._mixed = 0  # native samples
        self._onsets: list[int] = []  # stream time in samples at 16 kHz, of the claps that were mixed in
        self._steps: list[ProofStep] = []
        self._lock = threading.Lock()

    @property
    def is_mixed(self) -> bool:
        """Whether all of it is in the sound, or cannot be."""
        return self._sound is not None and self._mixed >= len(self._sound)

    def mix(self, frame: Frame, at: int) -> Frame:
        """Return ``frame`` with what is next of the claps added to all its channels.

        Args:
            frame: the next one of the stream.
            at: stream time of its first sample, in samples at 16 kHz.
        """
        if at < WARM_UP:
            return frame
        if self._sound is None:
            self._rate_hz, self._sound = frame.rate_hz, _recording(self.n_claps, self._gap_s, frame.rate_hz)
        elif frame.rate_hz != self._rate_hz:
            self.interrupt()
            return frame
        piece = self._sound[self._mixed : self._mixed + len(frame.samples)]
        for i in range(len(self._onsets), self.n_claps):
            offset = round(i * self._gap_s * self._rate_hz) - self._mixed
            if offset < len(piece):
                self._onsets.append(at + at_16_khz(offset, self._rate_hz))
                self.note("frame", "proof.frame", clap=i + 1)
        self._mixed += len(piece)
        samples = frame.samples.copy()
        samples[: len(piece)] = np.clip(samples[: len(piece)] + piece[:, np.newaxis], -1.0, 1.0)
        if self.is_mixed:
            self._sound = np.zeros(0, np.float32)
        return Frame(samples, frame.rate_hz, frame.lost_samples)

    def interrupt(self) -> None:
        """The stream ended, or changed, before all claps were in it."""
        if not self.is_mixed:
            self.note("frame", "proof.interrupted", ok=False, clap=len(self._onsets) + 1)
            self._sound = np.zeros(0, np.float32)

    def clap_at(self, onset: int) -> int:
        """Return which clap, from 1, an onset in stream time is of; 0 for none of ours."""
        near = (i for i, one in enumerate(tuple(self._onsets), 1) if one - BEFORE <= onset < one + AFTER)
        return next(near, 0)

    def note(
        self, name: str, code: str, params: Mapping[str, str | float] | None = None, *, ok: bool = True, clap: int = 1
    ) -> None:
        """Note that a clap has reached a step; only the first time counts, and nothing after one that was not passed."""
        step = ProofStep(name, self._clock.monotonic(), ok, code, params or {}, clap)
        with self._lock:
            if all(one.ok and (one.name, one.clap) != (name, clap) for one in self._steps):
                self._steps.append(step)

    def judge(
        self, found: Classification, outcome: PatternOutcome, threshold: float, params: Mapping[str, str | float]
    ) -> None:
        """Note what the models and the patterns made of an onset of a clap; ``params`` are those of its reason."""
        clap, reason = self.clap_at(found.onset), f"verdict.{outcome.reason}"
        if outcome.reason is Reason.ECHO:  # of the clap itself
            return
        score = round(found.score, 2)
        self.note("models", "proof.models", {"score": score, "by_models": round(found.by_models, 2)}, clap=clap)
        if outcome.reason is Reason.VETOED:
            self.note("threshold", reason, params, ok=False, clap=clap)
        code = "proof.threshold" if outcome.is_clap else "proof.below"
        self.note("threshold", code, {"score": score, "threshold": threshold}, ok=outcome.is_clap, clap=clap)
        if outcome.is_clap and not outcome.detections and outcome.reason is not Reason.WAITING:
            self.note("pattern", reason, ok=False)

    def detected(self, event: Event) -> None:
        """Note that the pattern is complete, by ``event``."""
        self.event_id = event.id
        self.note("pattern", "proof.pattern", {"claps": event.claps})

    def steps(self) -> tuple[ProofStep, ...]:
        """Return the steps so far, in the order in which they were reached."""
        with self._lock:
            return tuple(self._steps)


def _recording(n_claps: int, gap_s: float, rate_hz: int) -> Sound:
    """Return ``n_claps`` claps (n,) in silence, the first at the beginning."""
    sound = np.zeros(round(((n_claps - 1) * gap_s + TAIL_S) * rate_hz), np.float32)
    for i in range(n_claps):
        begin = round(i * gap_s * rate_hz)
        one = clap(np.random.default_rng(GOOD[i % len(GOOD)]), rate_hz)[: len(sound) - begin]
        sound[begin : begin + len(one)] += np.float32(PEAK) * one
    return sound
