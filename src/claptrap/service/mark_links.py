"""Links in notifications by which a person marks one detection in one way, without logging in.

A link is ``PUBLIC_URL/mark/TOKEN``; the token names detection, mark and end, and carries an HMAC of them under a key of this
data folder. It works once: a detection that has a mark keeps it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

from claptrap.core.clock import Clock
from claptrap.core.errors import InputError
from claptrap.core.events import Event
from claptrap.history.journal import Journal
from claptrap.history.query import Mark
from claptrap.service.marks import DetectionMarks
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.document import write_temporary

LASTS_S = 3 * 86_400.0
KEY_BYTES = 32
PATH = "/mark/"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkedMark:
    """What a link says, and how its detection stands.

    Attributes:
        event: the detection.
        mark: what the link would say of it.
        current: what has been said of it.
    """

    event: Event
    mark: Mark
    current: Mark | None


class MarkLinks:
    """Makes links, and does what they say. Thread-safe.

    Args:
        data_dir: the data folder, with the key in ``links.key``.
        settings: have the address of the page.
        journal: has the detections.
        marks: marks them.
        clock: the machine's.
    """

    def __init__(
        self, data_dir: Path, settings: SettingsOwner, journal: Journal, marks: DetectionMarks, clock: Clock
    ) -> None:
        self._path = data_dir / "links.key"
        self._settings = settings
        self._journal = journal
        self._marks = marks
        self._clock = clock
        self._key = b""
        self._lock = threading.Lock()

    def link(self, event_id: str, mark: Mark) -> str:
        """Return the address that marks a detection; empty while the settings have no address of the page."""
        public_url = self._settings.current.public_url
        if not public_url:
            return ""
        said = json.dumps([event_id, mark, round(self._clock.unix() + LASTS_S)]).encode()
        return f"{public_url.rstrip('/')}{PATH}{_text(said)}.{_text(self._signature(said))}"

    def read(self, token: str) -> LinkedMark:
        """Return what a link says.

        Raises:
            InputError: ``mark.bad_link``, not ours or too old; ``api.unknown_event``.
        """
        said, _, signature = token.partition(".")
        try:
            known = hmac.compare_digest(self._signature(_bytes(said)), _bytes(signature))
        except (binascii.Error, UnicodeEncodeError) as error:
            raise InputError("mark.bad_link") from error
        if not known:
            raise InputError("mark.bad_link")
        event_id, mark, end = json.loads(_bytes(said))
        if self._clock.unix() > end:
            raise InputError("mark.bad_link")
        kept = self._journal.detection(event_id)
        if kept is None:
            raise InputError("api.unknown_event", id=event_id)
        return LinkedMark(kept.event, mark, kept.mark)

    def act(self, token: str) -> LinkedMark:
        """Mark as a link says, unless its detection has a mark already; return how it stands then.

        Raises:
            InputError: as ``read`` and ``DetectionMarks.mark``.
        """
        with self._lock:
            found = self.read(token)
            if found.current is None:
                self._marks.mark(found.event.id, found.mark)
            return self.read(token)

    def _signature(self, said: bytes) -> bytes:
        return hmac.new(self._known_key(), said, hashlib.sha256).digest()

    def _known_key(self) -> bytes:
        """Return the folder's key; where it cannot be kept, links end with the process."""
        if not self._key:
            try:
                key = self._path.read_bytes() if self._path.exists() else b""
                if len(key) != KEY_BYTES:
                    key = secrets.token_bytes(KEY_BYTES)
                    write_temporary(self._path, key).replace(self._path)
            except OSError as error:
                _log.warning("%s: %s; links in notifications end with this process", self._path, error.strerror or error)
                key = secrets.token_bytes(KEY_BYTES)
            self._key = key
        return self._key


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    raw = text.encode("ascii")
    return base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
