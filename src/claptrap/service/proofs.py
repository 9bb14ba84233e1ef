"""Proofs: claps of our own, put into a source's sound and followed through its whole path to each receiver's answer."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from claptrap.core.clock import Clock
from claptrap.core.errors import InputError
from claptrap.core.events import Attempt, Event, SourceStatus, State, Status
from claptrap.core.spec import PatternSpec
from claptrap.history.journal import Journal
from claptrap.runtime.proof import Proof
from claptrap.service.arming import inaction
from claptrap.service.detection import DetectionService
from claptrap.service.messages import with_messages
from claptrap.service.settings_owner import SettingsOwner

PATIENCE_S = 5.0  # for the next step, beside what the pattern waits for more claps
ANSWER_S = 120.0  # for the receivers' answers
OF_EACH_CLAP, OF_ALL = ("frame", "onset", "models", "threshold"), ("pattern", "journal")


@dataclass(slots=True)
class _Running:
    """A proof and what became of it."""

    proof: Proof
    began: float
    patience_s: float
    receivers: frozenset[str] | None
    answers: dict[str, tuple[float, Attempt]] = field(default_factory=dict)  # the newest of each receiver, and when


class ProofService:
    """Starts proofs and shows how far they came, the newest one of each source. Thread-safe.

    Args:
        settings: the owner of what is in force.
        detection: hears the sources.
        journal: has what became of the deliveries.
        clock: the machine's.
    """

    def __init__(self, settings: SettingsOwner, detection: DetectionService, journal: Journal, clock: Clock) -> None:
        self._settings = settings
        self._detection = detection
        self._journal = journal
        self._clock = clock
        self._proofs: dict[str, _Running] = {}
        self._lock = threading.Lock()

    def start(self, source_id: str, receivers: Collection[str] | None = None) -> dict[str, Any]:
        """Put as many claps into a source's sound as its first pattern wants; return ``shown``.

        Args:
            source_id: which.
            receivers: ids of the receivers that may get the detection, of those that want it; None for all.

        Raises:
            InputError: ``api.unknown_source``; ``proof.running``.
        """
        sources = {one.id: one for one in self._settings.current.specs()}
        source = sources.get(source_id)
        if source is None:
            raise InputError("api.unknown_source", source=source_id)
        pattern = source.patterns[0]
        proof = Proof(pattern.claps, _gap_s(pattern), self._clock)
        running = _Running(
            proof,
            self._clock.monotonic(),
            PATIENCE_S + pattern.claps * pattern.max_gap_s,
            None if receivers is None else frozenset(receivers),
        )
        with self._lock:
            before = self._proofs.get(source_id)
            if before is not None and not before.proof.event_id and self._shown(source_id, before)["state"] == "running":
                raise InputError("proof.running")
            self._proofs = {one: known for one, known in self._proofs.items() if one in sources}
            self._proofs[source_id] = running
        refusal = _refusal(self._detection.statuses()[source_id])
        if refusal is None:
            self._detection.prove(source_id, proof)
        else:
            proof.note("frame", *refusal, ok=False)
        return self._shown(source_id, running)

    def shown(self, source_id: str) -> dict[str, Any]:
        """Return the newest proof of a source as JSON data, in words: ``state`` is ``running``, ``passed`` or ``failed``.

        Raises:
            InputError: ``proof.none``.
        """
        with self._lock:
            running = self._proofs.get(source_id)
        if running is None:
            raise InputError("proof.none")
        return self._shown(source_id, running)

    def receivers(self, event: Event) -> Collection[str] | None:
        """Return who may get the detection of a proof; None for all."""
        running = self._of(event)
        return running.receivers if running is not None else ()

    def recorded(self, event: Event) -> None:
        """Note that the detection of a proof was written down, and whether it acts."""
        running = self._of(event)
        if running is None:
            return
        running.proof.note("journal", "proof.journal")
        why = inaction(self._settings.current, event.source_id, event.timestamp)
        if why is not None:
            running.proof.note("acts", why.code, why.params, ok=False)

    def add(self, news: Status) -> None:
        """Keep what a receiver answered."""
        if isinstance(news, Attempt):
            with self._lock:
                found = next((one for one in self._proofs.values() if one.proof.event_id == news.event_id), None)
                if found is not None and len(found.answers) < len(self._settings.current.receivers()) + 1:
                    found.answers[news.target_id] = self._clock.monotonic(), news

    def _of(self, event: Event) -> _Running | None:
        with self._lock:
            running = self._proofs.get(event.source_id)
        return running if running is not None and running.proof.event_id == event.id else None

    def _shown(self, source_id: str, running: _Running) -> dict[str, Any]:
        reached = running.proof.steps()
        zero = reached[0].at if reached else running.began
        steps = [_step(one.name, one.at - zero, one.code, {**one.params}, ok=one.ok, clap=one.clap) for one in reached]
        missing = _missing(running.proof)
        late = self._clock.monotonic() - (reached[-1].at if reached else running.began) > running.patience_s
        is_over = bool(reached) and not reached[-1].ok
        if missing and late and not is_over:
            name, clap = missing
            steps.append(_step(name, self._clock.monotonic() - zero, f"proof.no_{name}", {}, ok=False, clap=clap))
            is_over = True
        if not missing and not is_over:
            answers = self._answers(running, zero)
            steps += answers
            is_over = all(one["ok"] is not None for one in answers)
        failed = any(one["ok"] is False for one in steps)
        return {
            "source_id": source_id,
            "event_id": running.proof.event_id,
            "state": "failed" if failed and is_over else "passed" if is_over else "running",
            "steps": steps,
        }

    def _answers(self, running: _Running, zero: float) -> list[dict[str, Any]]:
        """Return a step for each receiver, ``ok`` None while its answer is awaited."""
        stored = self._journal.detection(running.proof.event_id)
        deliveries = stored.deliveries if stored is not None else ()
        if not deliveries:
            return [_step("receiver", self._clock.monotonic() - zero, "proof.no_receiver", {}, ok=True)]
        found = []
        for delivery in deliveries:
            at, attempt = running.answers.get(delivery.target_id, (self._clock.monotonic(), None))
            ok = {"waiting": None, "taken": True}.get(delivery.state, False)
            code, params = "proof.waiting", dict[str, Any]()
            if attempt is not None:
                code, params = attempt.code or "proof.taken", dict(attempt.params)
            if ok is None and self._clock.monotonic() - running.began > ANSWER_S:
                ok = False
            found.append(_step("receiver", at - zero, code, params, ok=ok, receiver=delivery.target_id))
        return found


def _step(
    name: str, after_s: float, code: str, params: Mapping[str, Any], *, ok: bool | None, clap: int = 1, receiver: str = ""
) -> dict[str, Any]:
    coded = with_messages({"code": code, "params": dict(params)})
    return {"step": name, "ms": round(1e3 * after_s), "ok": ok, "clap": clap, "receiver": receiver, **coded}


def _missing(proof: Proof) -> tuple[str, int] | None:
    """Return the first step, and of which clap, that was not reached yet; None where all were."""
    wanted = [(name, clap) for clap in range(1, proof.n_claps + 1) for name in OF_EACH_CLAP]
    there = {(one.name, one.clap) for one in proof.steps()}
    return next((one for one in (*wanted, *((name, 1) for name in OF_ALL)) if one not in there), None)


def _gap_s(pattern: PatternSpec) -> float:
    """Return a gap in the middle of those that a pattern allows, long enough that one clap does not cover the next."""
    return max((pattern.min_gap_s + pattern.max_gap_s) / 2, min(0.35, 0.9 * pattern.max_gap_s))


def _refusal(status: SourceStatus) -> tuple[str, Mapping[str, Any]] | None:
    """Return why nothing can be put into a source's sound; None where it can."""
    if status.node:
        return "proof.on_node", {"node": status.node}
    if status.state is State.LIVE:
        return None
    return (status.code, status.params) if status.code else ("proof.not_live", {})
