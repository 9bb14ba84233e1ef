"""Revisions of the settings: a short word that changes with anything in them, secrets included."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

WORD_BYTES = 9
SHOWN_BESIDE = ("revision", "serial")


def without_revision(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as it was before it was shown with ``SHOWN_BESIDE``."""
    return {key: value for key, value in document.items() if key not in SHOWN_BESIDE}


class Revisions:
    """Makes revisions that mean something as long as this object lives.

    They are made with a key of its own, so that a secret cannot be guessed from one; and a page that was open before a
    restart has to look again.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._sources: dict[int, tuple[Any, str]] = {}  # of the newest document: entry and word, by the entry's identity

    def of(self, document: Mapping[str, Any]) -> str:
        """Return the revision of a document with its secrets: the same for the same, however it came to be.

        It is made of the revisions of its sources, which are known where the very entry was in the document before.
        """
        known = self._sources
        sources = [known.get(id(entry)) or (entry, self.of_entry(entry)) for entry in document["sources"]]
        self._sources = {id(entry): (entry, word) for entry, word in sources}
        return self.of_entry({**document, "sources": [word for _, word in sources]})

    def of_entry(self, entry: Mapping[str, Any]) -> str:
        """Return the revision of a part of a document."""
        text = json.dumps(entry, sort_keys=True).encode()
        return blake2b(text, key=self._key, digest_size=WORD_BYTES).hexdigest()
