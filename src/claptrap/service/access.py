"""Who may come in: the password, who is logged in, and the tokens of scripts.

What is decided by the content of ``access_file``, a first password or a new session, is decided once more inside the write
that follows from it: between a look and a write, another thread or ``claptrap password`` may have changed the file.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import AccessError, InputError
from claptrap.service.access_file import AccessDocument, AccessFile, Change, Session, Token
from claptrap.service.throttle import Throttle

MIN_PASSWORD = 8  # characters
MAX_PASSWORD = 1024
MAX_TOKENS = 100
MAX_TOKEN_NAME = 64
MAX_SESSIONS = 100  # the oldest ends when one more begins
SESSION_S = 30 * 24 * 3600.0
TOKEN_PREFIX = "claptrap_"  # noqa: S105  # so that who finds one knows what it is
_CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that looks like another
_UNWRITTEN = ("access.unwritable", "settings.wrong_owner")
_log = logging.getLogger(__name__)


class LoginPolicy(Enum):
    """When a login is demanded."""

    IF_SET = "if set"  # where a password is set: only this machine can ask
    ALWAYS = "always"  # others can ask: nothing happens before a password is set
    NEVER = "never"  # the person said so in so many words


class Access:
    """The password, sessions and tokens of one data folder. Thread-safe.

    Args:
        folder: the data folder; made when something is first kept.
        clock: the machine's.
    """

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.login_policy = LoginPolicy.IF_SET
        self._file = AccessFile(folder / "access.json")
        self._clock = clock or SystemClock()
        self._hasher = PasswordHasher()
        self._hashing = threading.Lock()  # a hash takes 64 MB: a crowd of guesses must not take that many times as much
        self._throttle = Throttle()
        self._code = ""
        self._code_lock = threading.Lock()
        self._on_revoked: Callable[[], object] | None = None

    # -- what is demanded -----------------------------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """Of the file."""
        return self._file.path

    @property
    def has_password(self) -> bool:
        """Whether a password is set. A damaged file counts as one: it lets no one in."""
        try:
            return bool(self._file.read().password)
        except AccessError:
            return True

    @property
    def is_closed(self) -> bool:
        """Whether a session or a token is needed."""
        if self.login_policy is LoginPolicy.NEVER:
            return False
        return self.login_policy is LoginPolicy.ALWAYS or self.has_password

    @property
    def setup_code(self) -> str:
        """The code with which the first password may be set from elsewhere; empty where none is needed."""
        return "" if self.has_password else self._setup_code()

    def admits(self, session: str, token: str) -> bool:
        """Return whether a cookie or a token lets in; empty strings stand for none."""
        if not self.is_closed:
            return True
        return (bool(session) and self.is_session(session)) or (bool(token) and self._is_token(token))

    def is_session(self, cookie: str) -> bool:
        """Return whether ``cookie`` is that of a session that has not ended."""
        try:
            sessions = self._file.read().sessions
        except AccessError:
            return False
        now, digest = self._clock.unix(), _digest(cookie)
        return any(hmac.compare_digest(one.digest, digest) and now < one.ends <= now + SESSION_S for one in sessions)

    def on_revoked(self, callback: Callable[[], object] | None) -> None:
        """Have ``callback`` called, from any thread, whenever a session or token may have ended; None for no more."""
        self._on_revoked = callback

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
        hashed = self._file.read().password
        if not hashed:
            raise AccessError("access.setup_needed")
        self._guess(address, lambda: self._is_password(password, hashed), "access.wrong_password")
        cookie, session = self._new_session()

        def begin(document: AccessDocument) -> AccessDocument:
            if document.password != hashed:  # it was changed meanwhile, which ended all sessions
                raise AccessError("access.wrong_password")
            # one that has ended stays among them: a clock that is wrong for a moment must not end all for good
            return replace(document, sessions=(*document.sessions, session)[-MAX_SESSIONS:])

        self._change_sessions(begin)
        return cookie

    def log_out(self, cookie: str) -> None:
        """End a session; harmless if it is none."""
        digest = _digest(cookie)
        self._change_sessions(lambda now: replace(now, sessions=tuple(one for one in now.sessions if one.digest != digest)))
        self._revoked()

    def choose_password(self, password: str, *, current: str, code: str, address: str) -> str:
        """Set or change the password for a person at the page; end all sessions, and return the cookie of a new one.

        Args:
            password: the new one.
            current: the one until now, where there is one.
            code: the set-up key, where there is none and one is needed.
            address: who asks.

        Raises:
            InputError: ``access.too_short`` or ``access.too_long``.
            AccessError: ``access.switched_off``, ``access.wrong_password`` (also where another password was set in this very
                moment), ``access.wrong_code``, ``access.too_often``, ``access.damaged``, ``access.unwritable``,
                ``settings.wrong_owner``.
        """
        if self.login_policy is LoginPolicy.NEVER:
            raise AccessError("access.switched_off")
        _check(password)
        known = self._file.read().password
        if known:
            self._guess(address, lambda: self._is_password(current, known), "access.wrong_password")
        elif wanted := self._setup_code():
            given = _bytes(code.strip().upper())
            self._guess(address, lambda: hmac.compare_digest(given, wanted.encode()), "access.wrong_code")
        hashed = self._hash(password)
        cookie, session = self._new_session()

        def put(document: AccessDocument) -> AccessDocument:
            if document.password != known:  # what entitled to this is not so any more
                raise AccessError("access.wrong_password")
            return replace(document, password=hashed, sessions=(session,))

        self._change_password(put)
        return cookie

    def set_password(self, password: str) -> None:
        """Set the password, whatever it was, and end all sessions. Tokens stay.

        Raises:
            InputError: ``access.too_short`` or ``access.too_long``.
            AccessError: ``access.unwritable``, ``settings.wrong_owner``, ``access.damaged``.
        """
        _check(password)
        hashed = self._hash(password)
        self._change_password(lambda document: replace(document, password=hashed, sessions=()))

    def check_changeable(self) -> None:
        """Make sure, before a person is asked for anything, that what they give can be kept; nothing changes.

        Raises:
            AccessError: ``access.unwritable``, ``settings.wrong_owner``, ``access.damaged``.
        """
        self._file.check_writable()

    def remove_password(self) -> None:
        """Do without a password again, and end all sessions.

        Raises:
            AccessError: ``access.unwritable``, ``settings.wrong_owner``, ``access.damaged``.
        """
        self._file.change(lambda document: replace(document, password="", sessions=()))
        self._revoked()

    # -- tokens ---------------------------------------------------------------------------------------------------------

    def tokens(self) -> tuple[Token, ...]:
        """Return the tokens that are in force, oldest first.

        Raises:
            AccessError: ``access.damaged``.
        """
        return self._file.read().tokens

    def create_token(self, name: str) -> tuple[Token, str]:
        """Make a token; return what is kept of it, and the token itself, which is never shown again.

        Raises:
            InputError: ``access.bad_token_name``, ``access.name_taken`` or ``access.too_many_tokens``.
            AccessError: ``access.switched_off``, ``access.unwritable``, ``settings.wrong_owner``, ``access.damaged``.
        """
        if self.login_policy is LoginPolicy.NEVER:
            raise AccessError("access.switched_off")
        name = name.strip()
        if not (0 < len(name) <= MAX_TOKEN_NAME and name.isprintable()):
            raise InputError("access.bad_token_name", most=MAX_TOKEN_NAME)
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        made = Token(secrets.token_hex(4), name, self._clock.unix(), _digest(secret))

        def add(document: AccessDocument) -> AccessDocument:
            if any(one.name == name for one in document.tokens):
                raise InputError("access.name_taken", name=name)
            if len(document.tokens) >= MAX_TOKENS:
                raise InputError("access.too_many_tokens", most=MAX_TOKENS)
            return replace(document, tokens=(*document.tokens, made))

        self._file.change(add)
        return made, secret

    def revoke_token(self, token_id: str) -> Token:
        """End a token, given by its id or its name; return it.

        Raises:
            InputError: ``access.unknown_token``.
            AccessError: ``access.unwritable``, ``settings.wrong_owner``, ``access.damaged``.
        """
        found: list[Token] = []

        def remove(document: AccessDocument) -> AccessDocument:
            found[:] = [one for one in document.tokens if token_id in (one.id, one.name)]
            if not found:
                raise InputError("access.unknown_token", id=token_id)
            return replace(document, tokens=tuple(one for one in document.tokens if one not in found))

        self._file.change(remove)
        self._revoked()
        return found[0]

    # -- inside ---------------------------------------------------------------------------------------------------------

    def _setup_code(self) -> str:
        """Return the code for a first password; empty where the policy needs none."""
        if self.login_policy is not LoginPolicy.ALWAYS:
            return ""
        with self._code_lock:
            self._code = self._code or "-".join("".join(secrets.choice(_CODE_LETTERS) for _ in range(4)) for _ in range(3))
            return self._code

    def _is_token(self, token: str) -> bool:
        digest = _digest(token)
        try:
            return any(hmac.compare_digest(one.digest, digest) for one in self._file.read().tokens)
        except AccessError:
            return False

    def _guess(self, address: str, is_right: Callable[[], bool], otherwise: str) -> None:
        """Raise ``otherwise`` unless ``is_right``; not even ask too often."""
        with self._hashing:
            now = self._clock.monotonic()
            if (wait := self._throttle.wait_s(address, now)) > 0:
                raise AccessError("access.too_often", seconds=int(wait) + 1)
            self._throttle.try_once(address, now)
            if not is_right():
                _log.warning("a wrong password or code came from %s", address.encode("unicode_escape").decode())
                raise AccessError(otherwise)
            self._throttle.succeed(address)

    def _is_password(self, password: str, hashed: str) -> bool:
        """Return whether it is the one; the hash's own comparison takes the same time for every wrong one."""
        try:
            return len(password) <= MAX_PASSWORD and self._hasher.verify(hashed, _normal(password))
        except VerificationError:
            return False
        except InvalidHashError as error:
            raise AccessError("access.damaged", path=str(self.path)) from error

    def _hash(self, password: str) -> str:
        with self._hashing:
            return self._hasher.hash(_normal(password))

    def _new_session(self) -> tuple[str, Session]:
        """Return a cookie, and what is kept of it."""
        cookie = secrets.token_urlsafe(32)
        return cookie, Session(_digest(cookie), self._clock.unix() + SESSION_S)

    def _change_password(self, change: Change) -> None:
        self._file.change(change)
        with self._code_lock:
            self._code = ""
        self._revoked()

    def _change_sessions(self, change: Change) -> None:
        """Change who is logged in, even where the disk is full: a person must get in to make room."""
        try:
            self._file.change(change)
        except AccessError as error:
            if error.code not in _UNWRITTEN:
                raise
            _log.warning("%s", error)
            self._file.change_in_memory(change)

    def _revoked(self) -> None:
        if (callback := self._on_revoked) is not None:
            callback()


def _check(password: str) -> None:
    if len(password) < MIN_PASSWORD:
        raise InputError("access.too_short", least=MIN_PASSWORD)
    if len(password) > MAX_PASSWORD:
        raise InputError("access.too_long", most=MAX_PASSWORD)


def _normal(password: str) -> bytes:
    """Return a password as every keyboard gives it: some compose an accent, others do not (NIST SP 800-63B, 5.1.1.2)."""
    return _bytes(unicodedata.normalize("NFKC", password))


def _bytes(text: str) -> bytes:
    """Return the bytes of a text; JSON may bring halves of a character, which are worth no failure."""
    return text.encode("utf-8", "surrogatepass")


def _digest(secret: str) -> str:
    return hashlib.sha256(_bytes(secret)).hexdigest()
