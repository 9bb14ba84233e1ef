"""REST and metrics of a cluster's nodes; who they are is a stand-in's word (the real ones: tests/cluster)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.peers.hearing import Tap

from claptrap.core.errors import ClapTrapError, InputError, ServiceError
from claptrap.core.events import SourceStatus, State
from claptrap.core.spec import SourceSpec
from claptrap.service import Application
from claptrap.service.cluster import ClusterSinks, NodeView
from claptrap.sources.device import Device
from claptrap.sources.vban_streams import SeenStream
from claptrap.web.app import create_app
from claptrap.web.collector import as_text


class Kitchen:
    """A cluster of one node, which hears all cameras."""

    def __init__(self) -> None:
        self.specs: Sequence[SourceSpec] = ()
        self.draining = False
        self.fenced = 2
        self.found: Mapping[str, Any] | None = None  # what could be heard at it; None: it does not answer

    def start(self, sinks: ClusterSinks) -> None: ...

    def stop(self) -> None: ...

    def is_remote(self, spec: SourceSpec) -> bool:
        return spec.input.IS_MOVABLE

    def apply(self, specs: Sequence[SourceSpec]) -> None:
        self.specs = specs

    def statuses(self) -> Mapping[str, SourceStatus]:
        return {spec.id: SourceStatus(spec.id, State.LIVE, node="kitchen") for spec in self.specs}

    def show(self, source_ids: Iterable[str]) -> None: ...

    def attend(self, *, is_watched: bool) -> None: ...

    def nodes(self) -> Sequence[NodeView]:
        state = "draining" if self.draining else "ready"
        return [NodeView("kitchen", state, "1", 60, [s.id for s in self.specs], 0.5, 1.0, -0.25, 3, 0, 0)]

    def drain(self, name: str, *, is_draining: bool) -> None:
        if name != "kitchen":
            raise InputError("cluster.unknown_node", node=name)
        self.draining = is_draining

    def devices(self, name: str) -> Mapping[str, Any]:
        if self.found is None:
            raise ServiceError("cluster.no_answer", retryable=True, node=name)
        return self.found

    def problems(self) -> Sequence[ClapTrapError]:
        return [ServiceError("cluster.node_lost", node="attic")]


FOUND = {
    "microphones": [asdict(Device("Micro de table", "ALSA", 1, 48_000, default=True))],
    "vban": [asdict(SeenStream("192.0.2.7", "Esp", 6980, 48_000, 1, "int16", 9, 1.0, "", wanted=False))],
}
CAMERA = {"id": "hall", "kind": "rtsp", "name": "Hall", "input": {"url": "rtsp://127.0.0.1:1/x"}}


def test_nodes_are_shown_and_drained(tmp_path: Path) -> None:
    kitchen = Kitchen()
    service = Application(tmp_path, cluster=kitchen, build_source=lambda _spec: Tap())
    service.start()
    try:
        service.settings.replace({**service.settings.state.dump.whole, "sources": [CAMERA]})
        client = create_app(service).test_client()
        [node] = client.get("/api/nodes").get_json()
        assert (node["name"], node["state"], node["sources"], node["clock_offset_s"]) == (
            "kitchen",
            "ready",
            ["hall"],
            -0.25,
        )
        assert client.get("/api/sources/hall").get_json()["status"]["node"] == "kitchen"
        [drained] = client.post("/api/nodes/kitchen/drain", json={"draining": True}).get_json()
        assert drained["state"] == "draining"
        assert client.post("/api/nodes/attic/drain", json={"draining": True}).status_code == 404
        assert client.post("/api/nodes/kitchen/drain", json={"draining": "yes"}).status_code == 400
        assert client.get("/api/nodes/kitchen/devices").get_json()["code"] == "cluster.no_answer"
        kitchen.found = FOUND
        found = client.get("/api/nodes/kitchen/devices").get_json()
        assert [device["id"] for device in found["microphones"]] == ["Micro de table, ALSA"]
        assert [(stream["stream"], stream["code"], stream["message_fr"]) for stream in found["vban"]] == [("Esp", "", "")]
        metrics = as_text(service)
        assert 'claptrap_node_up{node="kitchen"} 1.0' in metrics
        assert 'claptrap_node_info{node="kitchen",state="draining",version="1"} 1.0' in metrics
        assert 'claptrap_source_info{kind="rtsp",name="Hall",node="kitchen",source="hall"} 1.0' in metrics
        assert "claptrap_cluster_events_fenced_total 2.0" in metrics
        assert [problem["code"] for problem in service.health()] == ["cluster.node_lost"]
        service.stop_detection()
        assert client.get("/api/nodes").get_json()[0]["sources"] == []
    finally:
        service.stop()


def test_without_a_cluster_there_are_no_nodes(tmp_path: Path) -> None:
    client = create_app(Application(tmp_path)).test_client()
    assert client.get("/api/nodes").get_json() == []
    assert client.post("/api/nodes/kitchen/drain", json={"draining": True}).status_code == 404
