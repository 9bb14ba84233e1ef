"""A node's process: the worker that hears, what it hears with, and the node that says what."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from claptrap.cluster.node import Node
from claptrap.core.clock import Clock
from claptrap.core.errors import SourceError
from claptrap.core.spec import SourceSpec
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.yamnet import YamNet
from claptrap.runtime.worker import Worker, WorkerDeps
from claptrap.service.models import YamnetModel
from claptrap.sources.base import Source
from claptrap.sources.microphone import list_devices
from claptrap.sources.registry import Sources

DEFAULT_PORT = 6980  # of VBAN


class NodeApplication:
    """Hears what ``node`` is given. Start once, stop once.

    Args:
        node: takes sources, and sends what is heard.
        clock: the machine's.
        yamnet_url: from where to fetch YAMNet's file when it is not there; None to do without.
        build_source: makes the source of a spec; by default the machine's own ``Sources`` do.
    """

    def __init__(
        self,
        node: Node,
        clock: Clock,
        yamnet_url: str | None = None,
        build_source: Callable[[SourceSpec], Source] | None = None,
    ) -> None:
        self._node = node
        self._inputs = Sources()
        self._yamnet: YamNet | None = None
        deps = WorkerDeps(build_source or self._inputs.build, OnsetDetector, self._classifier, node.sounds, node.sounds)
        self._worker = Worker(deps, node, node, clock)
        self._model = YamnetModel(yamnet_url, self._use_yamnet, node)
        self._is_started = False

    def start(self) -> None:
        """Load the models, and hear what there is to hear."""
        self._model.load()
        self._worker.start()
        self._is_started = True
        self._node.start(self._worker, self._devices)
        self._model.start()

    def stop(self) -> None:
        """Hand the sources over to other nodes, send what was heard, and end."""
        self._model.stop()
        self._node.leave()
        self._worker.stop()
        self._inputs.stop()
        self._node.stop()

    def _devices(self) -> dict[str, Any]:
        """Return this machine's microphones and the VBAN streams that arrive, as JSON data; listens for more of them."""
        try:
            microphones, problem = [asdict(device) for device in list_devices()], None
        except SourceError as error:
            microphones, problem = [], {"code": error.code, "params": error.params}
        with suppress(SourceError):  # the port is another program's: then there are none
            self._inputs.vban.listen_for(DEFAULT_PORT)
        return {"microphones": microphones, "problem": problem, "vban": [asdict(s) for s in self._inputs.vban.discovered()]}

    def _use_yamnet(self, yamnet: YamNet) -> None:
        if self._is_started:
            self._worker.give_yamnet(yamnet)
        else:
            self._yamnet = yamnet

    def _classifier(self, slots: int) -> ClapClassifier:
        return ClapClassifier(slots, load_clapnet(), load_confirmer(), self._yamnet)
