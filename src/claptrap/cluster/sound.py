"""Clips, and candidates to learn from, on their way from a node to the server: encrypted, and lost where nobody listens."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from claptrap.audio.clip import Clip, Samples
from claptrap.cluster.link import RETRY_S, Link
from claptrap.cluster.wire import Seal, known
from claptrap.detect.embedding import Embedding
from claptrap.detect.enrolment import Refusal
from claptrap.runtime.candidate_recorder import KeptCandidate

SOUNDS_WAITING = 64  # of a node; then the oldest are dropped
FULL_SCALE = 32_767


class SoundReports:
    """A ``ClipSink`` and ``CandidateSink`` that sends to the server. ``offer`` is for any thread.

    Args:
        link: over which it is sent.
        seal: encrypts it.
        name: the node's.
        offset_s: returns what the node's clock lacks to be as far as the server's; None while that is unknown.
    """

    def __init__(self, link: Link, seal: Seal, name: str, offset_s: Callable[[], float | None]) -> None:
        self._link = link
        self._seal = seal
        self._name = name
        self._offset_s = offset_s
        self._waiting: deque[Clip | KeptCandidate] = deque(maxlen=SOUNDS_WAITING)
        self._has_some = asyncio.Event()

    def offer(self, sound: Clip | KeptCandidate) -> None:
        """Queue a clip or a candidate; the oldest is dropped where ``SOUNDS_WAITING`` wait."""
        self._waiting.append(sound)
        self._link.call(self._has_some.set)

    async def send(self) -> None:
        """Wait for some, and send it once there is a connection."""
        await self._has_some.wait()
        if self._link.lost:
            await asyncio.sleep(RETRY_S)
            return
        self._has_some.clear()
        while self._waiting:
            data = dump_sound(self._waiting.popleft(), self._seal, self._offset_s() or 0.0)
            await self._link.publish(f"claptrap.sound.{self._name}", data)


def dump_sound(sound: Clip | KeptCandidate, seal: Seal, offset_s: float) -> bytes:
    """Return a clip or a candidate, encrypted, by the server's clock; samples and embeddings become 16-bit numbers."""
    if isinstance(sound, Clip):
        given = {"event_id": sound.event_id, "timestamp": sound.timestamp + offset_s, "samples": _packed(sound.samples)}
    else:
        given = {
            **asdict(replace(sound, sound=None)),
            "at": sound.at + offset_s,
            "embedding": sound.embedding.to_json(),
            "sound": None if sound.sound is None else _packed(sound.sound),
        }
    return seal.encrypt(json.dumps(given).encode())


def load_sound(data: bytes, seal: Seal) -> Clip | KeptCandidate:
    """Rebuild what ``dump_sound`` wrote.

    Raises:
        InputError: ``cluster.wrong_key``.
        KeyError, TypeError, ValueError: another version wrote it.
    """
    given: dict[str, Any] = json.loads(seal.decrypt(data))
    if "event_id" in given:
        return Clip(**{**known(Clip, given), "samples": _unpacked(given["samples"])})
    return KeptCandidate(
        **{
            **known(KeptCandidate, given),
            "labels": tuple((str(name), float(score)) for name, score in given["labels"]),
            "embedding": Embedding.from_json(given["embedding"]),
            "refusal": given["refusal"] and Refusal(given["refusal"]),
            "sound": given["sound"] and _unpacked(given["sound"]),
        }
    )


def _packed(samples: Samples) -> str:
    return base64.b64encode(np.round(np.clip(samples, -1, 1) * FULL_SCALE).astype("<i2").tobytes()).decode()


def _unpacked(text: str) -> Samples:
    return np.frombuffer(base64.b64decode(text), "<i2").astype(np.float32) / np.float32(FULL_SCALE)
