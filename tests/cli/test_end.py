"""How the process ends."""

from __future__ import annotations

import threading

import pytest

from claptrap import __main__


@pytest.mark.parametrize(("code", "hangs", "ends_at_once"), [(0, True, True), (0, False, False), (3, True, False)])
def test_what_hangs_in_a_library_never_meets_an_interpreter_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, code: int, *, hangs: bool, ends_at_once: bool
) -> None:
    """FFmpeg asks Python whether to go on, from a thread that was abandoned: after the interpreter's end, that crashes."""
    exits: list[int] = []
    thread = threading.Thread(daemon=True)
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.main_thread(), *([thread] if hangs else [])])
    monkeypatch.setattr("os._exit", exits.append)
    monkeypatch.setattr("sys.argv", ["claptrap", "doctor"])

    def command(**_: object) -> None:
        raise SystemExit(code)

    monkeypatch.setattr("claptrap.cli.main.main", command)
    with pytest.raises(SystemExit):
        __main__.main()
    assert exits == ([0] if ends_at_once else [])
