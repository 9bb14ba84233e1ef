"""Profiles: what one source has learnt of its place, from claps that were given and sounds that were marked as none.

A profile is a set of embeddings, with which ``matching`` compares candidates.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claptrap.core.errors import InputError
from claptrap.detect.embedding import Embedding, models_version

VERSION = 1
MOST_EXAMPLES = 200  # of claps, and of other sounds
MOST_BYTES = 1_000_000  # of a profile as a document
MOST_NOTE = 300  # characters
FORMAT = "claptrap profile"


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A sound that a person has named.

    Attributes:
        is_clap: whether it is a clap.
        embedding: by which others are compared with it.
        note: where it comes from, for people; ≤ 300 characters.
        at: when it was heard, UTC Unix seconds; None where that is not known.
    """

    is_clap: bool
    embedding: Embedding
    note: str = ""
    at: float | None = None

    @property
    def id(self) -> str:
        """Twelve hex digits, the same for the same embedding."""
        return hashlib.sha256(json.dumps(self.embedding.to_json()).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Profile:
    """Examples in order of id, so that the order in which they came does not matter; the last word on a sound counts."""

    examples: tuple[Example, ...] = ()

    @classmethod
    def of(cls, *examples: Example) -> Profile:
        """Return the profile of examples. Raises InputError ``profile.too_many`` above 200 claps or 200 others."""
        by_id = {example.id: example for example in examples}
        for is_clap in (True, False):
            n = sum(example.is_clap is is_clap for example in by_id.values())
            if n > MOST_EXAMPLES:
                raise InputError("profile.too_many", n=n, most=MOST_EXAMPLES)
        return cls(tuple(by_id[key] for key in sorted(by_id)))

    def adding(self, *examples: Example) -> Profile:
        """Return it with more examples. Raises InputError ``profile.too_many``."""
        return Profile.of(*self.examples, *examples)

    def without(self, *ids: str) -> Profile:
        """Return it without the examples of these ids."""
        return Profile(tuple(example for example in self.examples if example.id not in ids))

    @property
    def n_claps(self) -> int:
        """How many examples are claps."""
        return sum(example.is_clap for example in self.examples)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, which ``from_json`` reads."""
        examples = [
            {"id": e.id, "clap": e.is_clap, "note": e.note, "at": e.at, **e.embedding.to_json()} for e in self.examples
        ]
        return {"format": FORMAT, "version": VERSION, "models": models_version(), "examples": examples}

    @classmethod
    def from_json(cls, document: object) -> Profile:
        """Rebuild a profile.

        Raises:
            InputError: ``profile.damaged`` (with the reason), ``profile.newer``, ``profile.other_models``,
                ``profile.too_many``.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise InputError("profile.damaged", reason="format")
        version = document.get("version")
        if version != VERSION:
            raise InputError("profile.newer", version=str(version), known=VERSION)
        if document.get("models") != models_version():
            raise InputError("profile.other_models", version=str(document.get("models")), known=models_version())
        listed = document.get("examples")
        if not isinstance(listed, list):
            raise InputError("profile.damaged", reason="examples")
        if len(listed) > 2 * MOST_EXAMPLES:
            raise InputError("profile.too_many", n=len(listed), most=MOST_EXAMPLES)
        return cls.of(*(_example(i, entry) for i, entry in enumerate(listed)))


def parse(content: bytes) -> Profile:
    """Return the profile in a file's content. Raises InputError as ``Profile.from_json`` does."""
    if len(content) > MOST_BYTES:
        raise InputError("profile.damaged", reason=f"> {MOST_BYTES} B")
    try:
        return Profile.from_json(json.loads(content))
    except (ValueError, RecursionError) as error:
        raise InputError("profile.damaged", reason=str(error)) from error


def read_profile(path: Path) -> Profile:
    """Return the profile in a file. Raises InputError as ``parse``, and ``profile.unreadable``."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError("profile.unreadable", path=str(path), reason=error.strerror or str(error)) from error
    return parse(content)


def serialized(profile: Profile) -> bytes:
    """Return a profile as a file's content, which ``parse`` reads: one example a line, in order of id."""
    document = profile.to_json()
    examples = ",\n".join(json.dumps(example, ensure_ascii=False) for example in document.pop("examples"))
    return f'{json.dumps(document)[:-1]}, "examples": [\n{examples}\n]}}\n'.encode()


def _example(index: int, entry: object) -> Example:
    if not isinstance(entry, dict) or not isinstance(entry.get("clap"), bool):
        raise InputError("profile.damaged", reason=f"examples[{index}]")
    note = entry.get("note", "")
    if not isinstance(note, str) or len(note) > MOST_NOTE:
        raise InputError("profile.damaged", reason=f"examples[{index}].note")
    at = entry.get("at")
    if at is not None and not (isinstance(at, int | float) and math.isfinite(at)):
        raise InputError("profile.damaged", reason=f"examples[{index}].at")
    try:
        return Example(entry["clap"], Embedding.from_json(entry), note, at)
    except ValueError as error:
        raise InputError("profile.damaged", reason=f"examples[{index}]: {error}") from error
