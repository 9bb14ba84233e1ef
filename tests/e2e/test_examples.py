"""The examples, run as their first lines say: a recording sent over VBAN, a clap heard, a signed webhook, live news."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import pytest
import soundfile
import yaml
from tests.conftest import ROOT
from tests.peers.claps import recording
from tests.peers.ports import free_port
from tests.peers.service import Service

from claptrap.core.events import Event
from claptrap.delivery.payload import event_payload, trial_payload

EXAMPLES = ROOT / "examples"
SECRET = "whsec_" + "QUJD" * 8
WAIT_S = 60.0
NOW_S = 1_800_000_000.0


class Program:
    """An example in a process of its own, and what it has printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: list[str] = []
        self._grown = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="test:example")
        self._reader.start()

    def wait_for(self, pattern: str) -> str:
        """Return the first group of the first line that matches."""

        def found() -> str | None:
            return next((match[1] for line in self._lines if (match := re.search(pattern, line))), None)

        with self._grown:
            self._grown.wait_for(lambda: found() is not None or self._process.poll() is not None, WAIT_S)
            match = found()
        assert match is not None, f"no {pattern!r} in {self._lines}"
        return match

    def end(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                with self._grown:
                    self._lines.append(line)
                    self._grown.notify_all()
        with self._grown:
            self._grown.notify_all()


@contextmanager
def running(example: str, *arguments: str) -> Iterator[Program]:
    """Run an example until the block ends."""
    command = [sys.executable, str(EXAMPLES / example), *arguments]
    program = Program(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    try:
        yield program
    finally:
        program.end()


@pytest.mark.slow
def test_a_recording_sent_over_vban_reaches_the_receiver_and_the_watcher(tmp_path: Path) -> None:
    port = free_port()
    file = tmp_path / "claps.wav"
    soundfile.write(file, recording(1, 48_000)[0], 48_000, "PCM_16")
    with running("receiver.py", "--port", "0", "--secret", SECRET) as receiver:
        address = receiver.wait_for(r"(http://\S+/clap)")
        source = {
            "id": "demo", "kind": "vban", "name": "Demo", "input": {"host": "127.0.0.1", "stream": "Demo", "port": port},
            "webhooks": [{"id": "webhook", "url": address, "signing_secret": SECRET}],
        }  # fmt: skip
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "settings.json").write_text(json.dumps({"version": 3, "sources": [source]}))
        with Service(tmp_path / "data") as service, running("watch.py", service.url) as watcher:
            watcher.wait_for(r"(Listening to)")
            sent = subprocess.run(
                [sys.executable, str(EXAMPLES / "vban_send.py"), str(file), "--port", str(port)],
                check=True, capture_output=True, text=True, timeout=WAIT_S,
            )  # fmt: skip
            assert "packets of Demo sent" in sent.stdout
            assert receiver.wait_for(r"👏 clap × 1 in (Demo), score 0\.[5-9]") == "Demo"
            assert watcher.wait_for(r"👏 Demo: (1) clap") == "1"


@pytest.mark.slow
def test_the_receiver_refuses_who_does_not_know_the_secret() -> None:
    with running("receiver.py", "--port", "0", "--secret", SECRET) as receiver:
        address = receiver.wait_for(r"(http://\S+/clap)")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(urllib.request.Request(address, b"{}", method="POST"), timeout=WAIT_S)


def test_what_others_import_is_whole() -> None:
    """Home Assistant's automation and Node-RED's flow: every wire of it leads to a node."""
    (automation,) = yaml.safe_load((EXAMPLES / "home-assistant/automation.yaml").read_text("utf-8"))
    assert automation["triggers"][0]["allowed_methods"] == ["POST"]
    nodes: list[dict[str, Any]] = json.loads((EXAMPLES / "node-red/flow.json").read_text("utf-8"))
    names = {node["id"] for node in nodes}
    assert {wire for node in nodes for output in node.get("wires", ()) for wire in output} <= names
    recipes = [(ROOT / "docs" / folder / "recipes.md").read_text("utf-8") for folder in ("", "fr")]
    assert all((EXAMPLES / "home-assistant/automation.yaml").read_text("utf-8").strip() in text for text in recipes)


def sent(**what: Any) -> dict[str, Any]:
    """Return what ClapTrap sends of two claps just now, but for ``what``."""
    event = Event("salon", "Salon", "microphone", "19a", 0, 1.0, 1.1, NOW_S, 0.95, claps=2)
    return {**event_payload(event), **what}


CASES = [
    (sent(), "two claps"),
    (sent(claps=1), "one clap"),
    (sent(claps=3), "three claps"),
    (sent(event="applause", claps=2), "applause"),
    (trial_payload("test:1", "salon", "microphone", "Salon", NOW_S), "the test button"),
    (sent(timestamp=NOW_S - 60.0), "an old clap"),
]


@pytest.mark.parametrize(("body", "what"), CASES, ids=[what for _, what in CASES])
def test_home_assistant_acts_on_two_fresh_claps_and_on_nothing_else(body: dict[str, Any], what: str) -> None:
    """The conditions of the automations for a webhook and for MQTT, as Jinja evaluates them."""
    (webhook,) = yaml.safe_load((EXAMPLES / "home-assistant/automation.yaml").read_text("utf-8"))
    text = (ROOT / "docs/home-assistant.md").read_text("utf-8")
    (mqtt,) = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])["automation clap"]
    for automation, trigger in (
        (webhook, {"json": body}),
        (mqtt, {"to_state": {"attributes": {"event_type": body["event"], **body}}}),
    ):
        template = automation["conditions"][0]["value_template"]
        said = (
            jinja2.Environment(autoescape=True)
            .from_string(template)
            .render(trigger=trigger, now=lambda: datetime.fromtimestamp(NOW_S + 1, UTC))
        )
        assert (said.strip() == "True") is (what == "two claps")


@pytest.mark.parametrize(("body", "what"), CASES[:5], ids=[what for _, what in CASES[:5]])
def test_node_red_leads_every_event_to_the_node_that_is_called_so(body: dict[str, Any], what: str) -> None:
    """Each of its switches sends a message on by the rules that it fits; and the request is answered at once."""
    nodes = {node["id"]: node for node in json.loads((EXAMPLES / "node-red/flow.json").read_text("utf-8"))}
    reached, waiting = [], ["claptrap-in"]
    while waiting:
        node = nodes[waiting.pop(0)]
        reached.append(node)
        for output, targets in enumerate(node.get("wires", ())):
            if node["type"] != "switch" or str(body[node["property"].partition(".")[2]]) == node["rules"][output]["v"]:
                waiting += targets
    assert [node["name"] for node in reached if node["type"] == "debug"] == [what]
    assert [node["type"] for node in reached][1] == "http response"


@pytest.mark.parametrize("example", ["receiver.py", "vban_send.py"])
def test_examples_need_nothing_but_python(example: str) -> None:
    nodes = list(ast.walk(ast.parse((EXAMPLES / example).read_text("utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
