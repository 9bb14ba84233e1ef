"""Who may come in: the password, who is logged in, and the tokens of scripts.

All of it is in a file of its own in the data folder, ``access.json``, which only its owner may read and which neither
exports nor backups of the settings carry. It holds no secret itself: the password is there as an argon2id hash, tokens and
sessions, which are 256 random bits each, as SHA-256. Another process (``claptrap password``) may change it while the
service runs: it is looked at before it is relied on, and replaced whole.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Literal

import filelock
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import TypeAdapter, ValidationError

from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import AccessError, InputError
from claptrap.service.throttle import Throttle
from claptrap.settings.document import restrict_to_owner, sync_folder, write_temporary
from claptrap.settings.os_errors import os_reason, read_error, write_error

LEAST_PASSWORD = 8  # characters
MOST_PASSWORD = 1024
MOST_TOKENS = 100
MOST_TOKEN_NAME = 64
MOST_SESSIONS = 100  # the oldest ends when one more begins
SESSION_S = 30 * 24 * 3600.0
TOKEN_PREFIX = "claptrap_"  # noqa: S105  # so that who finds one knows what it is
_LOCK_S = 5.0
_CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that looks like another
_log = logging.getLogger(__name__)


class LoginPolicy(Enum):
    """When a login is demanded."""

    IF_SET = "if set"  # where a password is set: only this machine can ask
    ALWAYS = "always"  # others can ask: nothing happens before a password is set
    NEVER = "never"  # the person said so in so many words


@dataclass(frozen=True, slots=True)
class Token:
    """A script's key, as it is remembered.

    Attributes:
        id: by which it is revoked.
        name: what a person calls it.
        created: UTC Unix seconds.
        digest: SHA-256 of the token, in figures of 16.
    """

    id: str
    name: str
    created: float
    digest: str


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in.

    Attributes:
        digest: SHA-256 of the cookie.
        ends: UTC Unix seconds.
    """

    digest: str
    ends: float


@dataclass(frozen=True, slots=True)
class AccessDocument:
    """The file. An empty ``password`` means that none is set."""

    version: Literal[1] = 1
    password: str = ""
    tokens: tuple[Token, ...] = ()
    sessions: tuple[Session, ...] = ()


_DOCUMENT_TYPE = TypeAdapter(AccessDocument)


class Access:
    """The password, sessions and tokens of one data folder. Thread-safe.

    Args:
        folder: the data folder; made when something is first kept.
        clock: the machine's.
    """

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.path = folder / "access.json"
        self.demand = LoginPolicy.IF_SET
        self._clock = clock or SystemClock()
        self._hasher = PasswordHasher()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._one_at_a_time = (
            threading.Lock()
        )  # a hash takes 64 MB: a crowd of guesses must not take that many times as much
        self._throttle = Throttle()
        self._code = ""
        self._book = AccessDocument()
        self._seen: tuple[int, ...] | None = ()
        self._watcher: Callable[[], object] | None = None

    # -- what is demanded -----------------------------------------------------------------------------------------------

    @property
    def has_password(self) -> bool:
        """Whether a password is set. A damaged file counts as one: nobody comes in then."""
        try:
            return bool(self._read().password)
        except AccessError:
            return True

    @property
    def is_closed(self) -> bool:
        """Whether whoever asks must show a session or a token."""
        if self.demand is LoginPolicy.NEVER:
            return False
        return self.demand is LoginPolicy.ALWAYS or self.has_password

    @property
    def setup_code(self) -> str:
        """The code with which the first password may be set from elsewhere; empty where none is needed."""
        if self.demand is not LoginPolicy.ALWAYS or self.has_password:
            return ""
        with self._lock:
            self._code = self._code or "-".join("".join(secrets.choice(_CODE_LETTERS) for _ in range(4)) for _ in range(3))
            return self._code

    def admits(self, session: str, token: str) -> bool:
        """Return whether a cookie or a token lets in; empty strings stand for none."""
        if not self.is_closed:
            return True
        return (bool(session) and self.is_session(session)) or (bool(token) and self._is_token(token))

    def is_session(self, cookie: str) -> bool:
        """Return whether somebody is logged in with this cookie."""
        try:
            sessions = self._read().sessions
        except AccessError:
            return False
        now, digest = self._clock.unix(), _digest(cookie)
        return any(hmac.compare_digest(one.digest, digest) and now < one.ends <= now + SESSION_S for one in sessions)

    def watch(self, tell: Callable[[], object] | None) -> None:
        """Have ``tell`` called, from any thread, whenever somebody who was let in may be so no longer; None for no more."""
        self._watcher = tell

    # -- the password ---------------------------------------------------------------------------------------------------

    def log_in(self, password: str, address: str) -> str:
        """Return the cookie of a new session.

        Args:
            password: as it was typed.
            address: who asks, for the count of failures.

        Raises:
            AccessError: ``access.setup_needed``, ``access.wrong_password``, ``access.too_often`` (with ``seconds``),
                ``access.damaged``.
        """
        if not self._read().password:
            raise AccessError("access.setup_needed")
        self._guess(address, lambda: self._is_password(password), "access.wrong_password")
        return self._begin_session()

    def log_out(self, cookie: str) -> None:
        """End a session; harmless if it is none."""
        digest = _digest(cookie)
        self._change_sessions(lambda sessions: tuple(one for one in sessions if one.digest != digest))
        self._tell()

    def choose_password(self, password: str, *, current: str, code: str, address: str) -> str:
        """Set or change the password for a person at the page; end all sessions, and return the cookie of a new one.

        Args:
            password: the new one.
            current: the one until now, where there is one.
            code: the set-up code, where there is none and one is needed.
            address: who asks.

        Raises:
            InputError: ``access.too_short`` or ``access.too_long``.
            AccessError: ``access.switched_off``, ``access.wrong_password``, ``access.wrong_code``, ``access.too_often``,
                ``access.damaged``, ``access.unwritable``, ``settings.wrong_owner``.
        """
        if self.demand is LoginPolicy.NEVER:
            raise AccessError("access.switched_off")
        _check(password)
        if self._read().password:
            self._guess(address, lambda: self._is_password(current), "access.wrong_password")
        elif wanted := self.setup_code:
            given = _bytes(code.strip().upper())
            self._guess(address, lambda: hmac.compare_digest(given, wanted.encode()), "access.wrong_code")
        self.set_password(password)
        return self._begin_session()

    def set_password(self, password: str) -> None:
        """Set the password, whatever it was, and end all sessions. Tokens stay.

        Raises:
            InputError: ``access.too_short`` or ``access.too_long``.
            AccessError: ``access.unwritable``, ``settings.wrong_owner``, ``access.damaged``.
        """
        _check(password)
        with self._one_at_a_time:
            hashed = self._hasher.hash(_normal(password))
        self._change(lambda book: replace(book, password=hashed, sessions=()))
        with self._lock:
            self._code = ""
        self._tell()

    def check_changeable(self) -> None:
        """Make sure, before a person is asked for anything, that what they give can be kept; nothing changes.

        Raises:
            AccessError: ``access.unwritable``, ``settings.wrong_owner``, ``access.damaged``.
        """
        with self._held():
            write_temporary(self.path, _DOCUMENT_TYPE.dump_json(self._read(), indent=2)).unlink()

    def remove_password(self) -> None:
        """Do without a password again, and end all sessions.

        Raises:
            AccessError: ``access.unwritable``, ``settings.wrong_owner``, ``access.damaged``.
        """
        self._change(lambda book: replace(book, password="", sessions=()))
        self._tell()

    # -- tokens ---------------------------------------------------------------------------------------------------------

    def tokens(self) -> tuple[Token, ...]:
        """Return the tokens that are in force, oldest first.

        Raises:
            AccessError: ``access.damaged``.
        """
        return self._read().tokens

    def create_token(self, name: str) -> tuple[Token, str]:
        """Make a token; return how it is remembered, and the token itself, which nobody can see again.

        Raises:
            InputError: ``access.bad_token_name``, ``access.name_taken`` or ``access.too_many_tokens``.
            AccessError: ``access.switched_off``, ``access.unwritable``, ``settings.wrong_owner``, ``access.damaged``.
        """
        if self.demand is LoginPolicy.NEVER:
            raise AccessError("access.switched_off")
        name = name.strip()
        if not (0 < len(name) <= MOST_TOKEN_NAME and name.isprintable()):
            raise InputError("access.bad_token_name", most=MOST_TOKEN_NAME)
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        made = Token(secrets.token_hex(4), name, self._clock.unix(), _digest(secret))

        def add(book: AccessDocument) -> AccessDocument:
            if any(one.name == name for one in book.tokens):
                raise InputError("access.name_taken", name=name)
            if len(book.tokens) >= MOST_TOKENS:
                raise InputError("access.too_many_tokens", most=MOST_TOKENS)
            return replace(book, tokens=(*book.tokens, made))

        self._change(add)
        return made, secret

    def revoke_token(self, token_id: str) -> Token:
        """Let a token, given by its id or its name, be worth nothing from now on; return it.

        Raises:
            InputError: ``access.unknown_token``.
            AccessError: ``access.unwritable``, ``settings.wrong_owner``, ``access.damaged``.
        """
        found: list[Token] = []

        def remove(book: AccessDocument) -> AccessDocument:
            found[:] = [one for one in book.tokens if token_id in (one.id, one.name)]
            if not found:
                raise InputError("access.unknown_token", id=token_id)
            return replace(book, tokens=tuple(one for one in book.tokens if one not in found))

        self._change(remove)
        self._tell()
        return found[0]

    # -- inside ---------------------------------------------------------------------------------------------------------

    def _is_token(self, token: str) -> bool:
        digest = _digest(token)
        try:
            return any(hmac.compare_digest(one.digest, digest) for one in self._read().tokens)
        except AccessError:
            return False

    def _guess(self, address: str, is_right: Callable[[], bool], otherwise: str) -> None:
        """Raise ``otherwise`` unless ``is_right``; not even ask too often."""
        with self._one_at_a_time:
            now = self._clock.monotonic()
            if (wait := self._throttle.wait_s(address, now)) > 0:
                raise AccessError("access.too_often", seconds=int(wait) + 1)
            self._throttle.try_once(address, now)
            if not is_right():
                _log.warning("a wrong password or code came from %s", address.encode("unicode_escape").decode())
                raise AccessError(otherwise)
            self._throttle.succeed(address)

    def _is_password(self, password: str) -> bool:
        """Return whether it is the one; the hash's own comparison takes the same time for every wrong one."""
        try:
            return len(password) <= MOST_PASSWORD and self._hasher.verify(self._read().password, _normal(password))
        except VerificationError:
            return False
        except InvalidHashError as error:
            raise AccessError("access.damaged", path=str(self.path)) from error

    def _begin_session(self) -> str:
        cookie = secrets.token_urlsafe(32)
        now = self._clock.unix()
        begun = Session(_digest(cookie), now + SESSION_S)
        self._change_sessions(lambda kept: (*(one for one in kept if now < one.ends), begun)[-MOST_SESSIONS:])
        return cookie

    def _change_sessions(self, change: Callable[[tuple[Session, ...]], tuple[Session, ...]]) -> None:
        """Change who is logged in, even where the disk is full: a person must get in to make room."""
        self._read()  # what cannot be read lets nobody in
        try:
            self._change(lambda book: replace(book, sessions=change(book.sessions)))
        except AccessError as error:
            if error.code not in ("access.unwritable", "settings.wrong_owner"):
                raise
            _log.warning("%s", error)
            with self._lock:
                self._book = replace(self._book, sessions=change(self._book.sessions))

    def _tell(self) -> None:
        tell = self._watcher
        if tell is not None:
            tell()

    def _read(self) -> AccessDocument:
        """Return what the file says now. Raises AccessError: ``access.damaged``."""
        with self._lock:
            try:
                seen = _look(self.path)
            except OSError as error:
                raise self._unread(error) from error
            if seen != self._seen:
                self._book = self._load() if seen is not None else AccessDocument()
                self._seen = seen
            return self._book

    def _unread(self, error: OSError) -> AccessError:
        told = read_error(self.path, error)
        if told.code == "settings.wrong_owner":
            return AccessError(told.code, retryable=False, **told.params)
        return AccessError("access.damaged", path=str(self.path))

    def _load(self) -> AccessDocument:
        try:
            restrict_to_owner(self.path)
            return _DOCUMENT_TYPE.validate_json(self.path.read_bytes())
        except OSError as error:
            raise self._unread(error) from error
        except ValidationError:
            raise AccessError("access.damaged", path=str(self.path)) from None  # the cause would quote the file

    def _change(self, change: Callable[[AccessDocument], AccessDocument]) -> None:
        """Replace the file by a changed one, whole or not at all; one process and one thread at a time.

        Raises:
            AccessError: ``access.unwritable``, ``settings.wrong_owner`` or ``access.damaged``; nothing has changed then.
        """
        with self._held():
            changed = change(self._read())
            _write(self.path, _DOCUMENT_TYPE.dump_json(changed, indent=2))
            with self._lock:  # not before: who only reads must not wait for the disk
                self._book, self._seen = changed, _look(self.path)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Have the file for this thread alone; tell in our words why it cannot be written."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._writing, filelock.FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_S):
                yield
        except (OSError, filelock.Timeout) as error:
            raise self._unwritten(error) from error

    def _unwritten(self, error: OSError | filelock.Timeout) -> AccessError:
        if isinstance(error, filelock.Timeout):
            return AccessError("access.unwritable", path=str(self.path), reason=str(error))
        told = write_error(Path(error.filename or self.path.parent), error)
        if told.code == "settings.wrong_owner":
            return AccessError(told.code, retryable=False, **told.params)
        return AccessError("access.unwritable", path=str(self.path), reason=os_reason(error))


def _check(password: str) -> None:
    if len(password) < LEAST_PASSWORD:
        raise InputError("access.too_short", least=LEAST_PASSWORD)
    if len(password) > MOST_PASSWORD:
        raise InputError("access.too_long", most=MOST_PASSWORD)


def _normal(password: str) -> bytes:
    """Return a password as every keyboard gives it: some compose an accent, others do not (NIST SP 800-63B, 5.1.1.2)."""
    return _bytes(unicodedata.normalize("NFKC", password))


def _bytes(text: str) -> bytes:
    """Return the bytes of a text; JSON may bring halves of a character, which are worth no failure."""
    return text.encode("utf-8", "surrogatepass")


def _digest(secret: str) -> str:
    return hashlib.sha256(_bytes(secret)).hexdigest()


def _look(path: Path) -> tuple[int, ...] | None:
    """Return what changes with the file; None where there is none."""
    try:
        seen = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def _write(path: Path, content: bytes) -> None:
    beside = write_temporary(path, content)
    try:
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)  # else a power cut could bring a token back that was revoked
