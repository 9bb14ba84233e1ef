"""The password, sessions and tokens, and the file that has them."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from claptrap.core.clock import Clock
from claptrap.core.errors import AccessError, ClapTrapError
from claptrap.service.access import MAX_SESSIONS, MAX_TOKENS, SESSION_S, TOKEN_PREFIX, Access, LoginPolicy

PASSWORD = "correct horse"
HERE = "127.0.0.1"


class Watch(Clock):
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def monotonic(self) -> float:
        return self.now

    def unix(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def access(tmp_path: Path, watch: Watch) -> Access:
    made = Access(tmp_path / "data", watch)
    made.set_password(PASSWORD)
    return made


def code_of(action: object) -> str:
    assert callable(action)
    with pytest.raises(ClapTrapError) as caught:
        action()
    return caught.value.code


def test_the_file_is_its_owner_s_alone_and_holds_no_secret(access: Access) -> None:
    cookie = access.log_in(PASSWORD, HERE)
    _, token = access.create_token("script")
    if os.name == "posix":
        assert access.path.stat().st_mode & 0o777 == 0o600
    text = access.path.read_text()
    assert PASSWORD not in text
    assert cookie not in text
    assert token not in text
    assert json.loads(text)["password"].startswith("$argon2id$")
    assert [path.name for path in access.path.parent.iterdir() if path.name.startswith(".access")] == []


def test_a_file_that_others_could_read_is_closed_again(access: Access, tmp_path: Path) -> None:
    access.path.chmod(0o644)
    assert Access(tmp_path / "data").has_password
    if os.name == "posix":
        assert access.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="POSIX's rights of files")
def test_a_disk_that_became_read_only_lets_people_in_after_a_restart(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an SD card does that is worn out: rights that are as they should be need no change; others are a fault."""

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as worn_out:
        worn_out.setattr(Path, "chmod", read_only)
        worn_out.setattr("claptrap.service.access_file._write", read_only)
        again = Access(tmp_path / "data")
        assert again.is_session(again.log_in(PASSWORD, HERE))
    access.path.chmod(0o644)
    monkeypatch.setattr(Path, "chmod", read_only)
    assert code_of(Access(tmp_path / "data").tokens) == "access.damaged"


def test_a_guess_at_a_stolen_file_costs_what_rfc_9106_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MiB, three passes, four lanes; in the other tests it costs next to nothing."""
    monkeypatch.setattr("claptrap.service.access.PasswordHasher", PasswordHasher)
    access = Access(tmp_path / "data")
    access.set_password(PASSWORD)
    assert json.loads(access.path.read_text())["password"].startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_the_right_password_and_only_it_begins_a_session(access: Access) -> None:
    assert access.is_session(access.log_in(PASSWORD, HERE))
    for wrong in ("", "Correct horse", PASSWORD + " ", "x" * 100_000, "\ud800"):
        assert code_of(lambda wrong=wrong: access.log_in(wrong, wrong[:9] or "-")) == "access.wrong_password"
    assert not access.is_session("")


def test_whatever_an_address_is_the_log_can_be_written(access: Access, caplog: pytest.LogCaptureFixture) -> None:
    assert code_of(lambda: access.log_in("wrong", "fe80::1\n\ud800")) == "access.wrong_password"
    assert caplog.messages == ["a wrong password or code came from fe80::1\\n\\ud800"]


def test_an_accent_is_the_same_however_a_keyboard_composes_it(access: Access) -> None:
    access.set_password("été à Évry")
    assert access.log_in("e\u0301te\u0301 a\u0300 E\u0301vry", HERE)


def test_sessions_end_by_themselves_at_logout_and_with_the_password(access: Access, watch: Watch) -> None:
    first, second, third = (access.log_in(PASSWORD, HERE) for _ in range(3))
    access.log_out(first)
    assert [access.is_session(one) for one in (first, second, third)] == [False, True, True]
    fourth = access.choose_password("battery staple", current=PASSWORD, code="", address=HERE)
    assert [access.is_session(one) for one in (second, third, fourth)] == [False, False, True]
    watch.now += SESSION_S - 1
    assert access.is_session(fourth)
    watch.now += 2
    assert not access.is_session(fourth)
    watch.now -= 10 * SESSION_S  # a clock that jumps back prolongs nothing
    assert not access.is_session(fourth)


def test_sessions_survive_a_restart_and_are_bounded(access: Access, tmp_path: Path) -> None:
    oldest = access.log_in(PASSWORD, HERE)
    newer = [access.log_in(PASSWORD, HERE) for _ in range(2)]
    for _ in range(MAX_SESSIONS - 2):
        access.log_in(PASSWORD, HERE)
    again = Access(tmp_path / "data", access._clock)
    assert not again.is_session(oldest)
    assert all(again.is_session(one) for one in newer)


def test_another_process_is_noticed_at_once(access: Access, tmp_path: Path) -> None:
    """``claptrap password`` beside a running service."""
    cookie = access.log_in(PASSWORD, HERE)
    other = Access(tmp_path / "data")
    made, token = other.create_token("script")
    assert access.admits("", token)
    other.revoke_token(made.name)
    assert not access.admits("", token)
    other.set_password("battery staple")
    assert not access.is_session(cookie)
    assert access.log_in("battery staple", HERE)
    other.remove_password()
    assert not access.has_password
    assert access.admits("", "")


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    def make(n: int) -> None:
        mine = Access(tmp_path)
        for i in range(5):
            mine.create_token(f"{n}-{i}")

    threads = [threading.Thread(target=make, args=(n,), name=f"test:{n}") for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {token.name for token in Access(tmp_path).tokens()} == {f"{n}-{i}" for n in range(4) for i in range(5)}


def test_tokens_are_named_listed_and_revoked(access: Access, watch: Watch) -> None:
    made, token = access.create_token("  Prometheus ")
    assert (made.name, made.created, token.startswith(TOKEN_PREFIX)) == ("Prometheus", watch.now, True)
    assert access.tokens() == (made,)
    assert access.admits("", token)
    assert not access.admits(token, "")
    assert not access.admits("", token + "x")
    assert code_of(lambda: access.create_token("Prometheus")) == "access.name_taken"
    for bad in ("", " ", "x" * 65, "a\nb", "\x1b[31m"):
        assert code_of(lambda bad=bad: access.create_token(bad)) == "access.bad_token_name"
    access.revoke_token(made.id)
    assert not access.admits("", token)
    assert code_of(lambda: access.revoke_token(made.id)) == "access.unknown_token"
    for i in range(MAX_TOKENS):
        access.create_token(str(i))
    assert code_of(lambda: access.create_token("one more")) == "access.too_many_tokens"


def test_what_was_changed_outlives_a_power_cut(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is written down, too, after the file has taken its place: a token that is revoked does not come back."""
    access.create_token("script")
    synced: list[tuple[Path, int]] = []
    monkeypatch.setattr(
        "claptrap.service.access_file.sync_folder", lambda folder: synced.append((folder, len(Access(folder).tokens())))
    )
    access.revoke_token("script")
    assert synced == [(access.path.parent, 0)]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 2}', b'{"tokens": [{}]}', b'{"password": 3}', b"\xff", b'{"password": "x"}']
)
def test_nobody_gets_in_by_a_damaged_file(access: Access, content: bytes) -> None:
    """Not even where there is no password on loopback: what cannot be read may have had one."""
    cookie = access.log_in(PASSWORD, HERE)
    access.path.write_bytes(content)
    assert access.is_closed
    assert not access.admits(cookie, "")
    assert code_of(lambda: access.log_in(PASSWORD, HERE)) == "access.damaged"


def test_a_password_has_a_least_and_a_greatest_length(access: Access) -> None:
    assert code_of(lambda: access.set_password("seven77")) == "access.too_short"
    assert code_of(lambda: access.set_password("x" * 1025)) == "access.too_long"
    access.set_password("x" * 1024)
    assert access.log_in("x" * 1024, HERE)


def test_the_code_is_needed_where_others_can_ask_once(tmp_path: Path, watch: Watch) -> None:
    access = Access(tmp_path, watch)
    assert (access.is_closed, access.setup_code) == (False, "")
    access.login_policy = LoginPolicy.ALWAYS
    code = access.setup_code
    assert len(code) == 14
    assert access.setup_code == code
    assert not access.admits("", "")
    wrong = lambda: access.choose_password(PASSWORD, current="", code="AAAA-AAAA-AAAA", address=HERE)  # noqa: E731  # its name says what it is
    assert code_of(wrong) == "access.wrong_code"
    assert code_of(lambda: access.log_in("", HERE)) == "access.setup_needed"
    assert access.is_session(access.choose_password(PASSWORD, current="", code=f" {code.lower()} ", address=HERE))
    assert access.setup_code == ""
    again = lambda: access.choose_password("something else", current="", code=code, address=HERE)  # noqa: E731  # likewise
    assert code_of(again) == "access.wrong_password"


def test_guessing_is_slowed_even_by_many_at_once(access: Access, watch: Watch) -> None:
    outcomes: list[str] = []

    def guess() -> None:
        outcomes.append(code_of(lambda: access.log_in("wrong", HERE)))

    threads = [threading.Thread(target=guess, name=f"test:{n}") for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["access.too_often"] * 7 + ["access.wrong_password"] * 5
    with pytest.raises(AccessError) as caught:
        access.log_in(PASSWORD, HERE)  # the right one is not even looked at
    seconds = caught.value.params["seconds"]
    assert isinstance(seconds, int)
    assert seconds >= 1
    watch.now += seconds
    assert access.log_in(PASSWORD, HERE)
    assert code_of(lambda: access.log_in("wrong", HERE)) == "access.wrong_password"


@pytest.mark.skipif(os.name != "posix", reason="makes writing fail by a folder in its place")
def test_a_disk_that_is_full_lets_people_in_to_make_room(
    access: Access, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("claptrap.service.access_file._write", full)
    cookie = access.log_in(PASSWORD, HERE)
    assert access.is_session(cookie)
    assert "No space left" in caplog.text
    assert code_of(lambda: access.create_token("script")) == "access.unwritable"
    assert code_of(lambda: access.set_password("battery staple")) == "access.unwritable"
    access.log_out(cookie)
    assert not access.is_session(cookie)


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_a_file_that_cannot_even_be_looked_at_lets_nobody_in(access: Access) -> None:
    """Nor does it end whoever looks after connections."""
    cookie = access.log_in(PASSWORD, HERE)
    access.path.unlink()
    access.path.symlink_to(access.path)
    assert access.is_closed
    assert not access.admits(cookie, "")
    assert code_of(access.tokens) == "access.damaged"


def test_a_folder_of_somebody_else_is_said_to_be_so(watch: Watch) -> None:
    """As after a start with sudo; who knows the password gets in all the same."""
    if sys.platform == "win32" or os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        mine = Access(folder, watch)
        os.seteuid(65_534)
        try:
            for change in (mine.check_changeable, lambda: mine.set_password(PASSWORD), lambda: mine.create_token("script")):
                with pytest.raises(AccessError, match="owner='root'") as caught:
                    change()
                assert caught.value.code == "settings.wrong_owner"
        finally:
            os.seteuid(0)
        mine.set_password(PASSWORD)
        os.chown(mine.path, 65_534, 65_534)
        os.seteuid(65_534)
        try:
            cookie = mine.log_in(PASSWORD, HERE)
            assert mine.is_session(cookie)
            mine.log_out(cookie)
            assert not mine.is_session(cookie)
        finally:
            os.seteuid(0)


class Meanwhile:
    """A hasher that lets something happen while it works, once."""

    def __init__(self, hasher: PasswordHasher, happens: Callable[[], object]) -> None:
        self._hasher = hasher
        self._happens: Callable[[], object] | None = happens

    def hash(self, password: bytes) -> str:
        return self._hasher.hash(self._first(password))

    def verify(self, hashed: str, password: bytes) -> bool:
        return self._hasher.verify(hashed, self._first(password))

    def _first(self, password: bytes) -> bytes:
        happens, self._happens = self._happens, None
        if happens is not None:
            happens()
        return password


@pytest.mark.parametrize("policy", [LoginPolicy.IF_SET, LoginPolicy.ALWAYS])
def test_a_first_password_is_never_set_over_another(tmp_path: Path, policy: LoginPolicy) -> None:
    """Two choose the first one at the same time, or ``claptrap password`` does: one of them comes first, and it stays."""
    late, owner = Access(tmp_path), Access(tmp_path)
    late.login_policy = policy
    code = late.setup_code
    late._hasher = Meanwhile(late._hasher, lambda: owner.set_password(PASSWORD))  # type: ignore[assignment]  # as a hasher
    assert (
        code_of(lambda: late.choose_password("the other's", current="", code=code, address=HERE)) == "access.wrong_password"
    )
    assert late.log_in(PASSWORD, HERE)
    assert code_of(lambda: late.log_in("the other's", HERE)) == "access.wrong_password"


def test_no_code_is_passed_over_while_the_first_password_is_set(tmp_path: Path) -> None:
    """Of a crowd that asks without it none gets in, whenever they ask."""
    access = Access(tmp_path)
    access.login_policy = LoginPolicy.ALWAYS
    code, begin, came_in = access.setup_code, threading.Barrier(7), []

    def without_code(n: int) -> None:
        begin.wait()
        for _ in range(20):
            with contextlib.suppress(AccessError):
                came_in.append(access.choose_password(f"attacker {n}", current="", code="", address=f"10.0.0.{n}"))

    crowd = [threading.Thread(target=without_code, args=(n,), name=f"test:{n}") for n in range(6)]
    for one in crowd:
        one.start()
    begin.wait()
    access.choose_password(PASSWORD, current="", code=code, address=HERE)
    for one in crowd:
        one.join()
    assert came_in == []
    assert access.log_in(PASSWORD, HERE)


def test_the_old_password_begins_no_session_once_it_is_changed(access: Access, tmp_path: Path) -> None:
    """Not even where it was found right just before: changing it ends all sessions, and this one too."""
    owner = Access(tmp_path / "data")
    access._hasher = Meanwhile(access._hasher, lambda: owner.set_password("battery staple"))  # type: ignore[assignment]  # as a hasher
    assert code_of(lambda: access.log_in(PASSWORD, HERE)) == "access.wrong_password"
    assert json.loads(access.path.read_text())["sessions"] == []
