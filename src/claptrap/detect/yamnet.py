"""YAMNet through LiteRT: names sounds, and gives the embedding on which ``confirm`` decides. Nobody else knows LiteRT.

The published file has one output, the scores. The values just before its last layer (the mean over time and frequency, 1,024
of them) are far richer than the coarsely quantised scores, so they are made a second output by adding their tensor to the
list of outputs in the flatbuffer, in memory; the file stays as it is.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from claptrap.core.errors import ModelError

SAMPLES = 15_600  # 0.975 s at 16 kHz
EMBEDDING = 1024
_POOLED = b"reduce_mean"
_LABELS = "yamnet_label_list.txt"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What YAMNet makes of one window.

    Attributes:
        scores: (521,) in [0, 1], one per class.
        embedding: (1024,) ≥ 0.
    """

    scores: NDArray[np.float32]
    embedding: NDArray[np.float32]


class YamNet:
    """The loaded model. Not thread-safe: one owner.

    Args:
        content: the file's bytes.

    Raises:
        ValueError, RuntimeError, OSError: what LiteRT raises for a file or a machine that it cannot use.
    """

    def __init__(self, content: bytes) -> None:
        self.names = _names(content)
        self._interpreter = Interpreter(model_content=_with_embedding(content), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        scores, pooled = self._interpreter.get_output_details()
        self._scores, self._pooled = scores["index"], pooled["index"]
        self._scale, self._zero = pooled["quantization"]

    def hear(self, samples: NDArray[np.float32]) -> Hearing:
        """Return what is heard in (15600,) samples in [−1, 1] at 16 kHz."""
        self._interpreter.set_tensor(self._input, samples.astype(np.float32, copy=False))
        self._interpreter.invoke()
        pooled = self._interpreter.get_tensor(self._pooled).reshape(-1).astype(np.float32)
        scores = self._interpreter.get_tensor(self._scores)[0].astype(np.float32)
        return Hearing(scores, (pooled - self._zero) * self._scale)


def load_yamnet(path: Path) -> YamNet:
    """Load a verified file.

    Raises:
        ModelError: ``model.unreadable``, or ``model.unusable`` if this machine cannot run it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError("model.unreadable", path=str(path), reason=error.strerror or str(error)) from error
    try:
        return YamNet(content)
    except (ValueError, RuntimeError, OSError, KeyError) as error:
        raise ModelError("model.unusable", path=str(path), reason=str(error)) from error


def _names(content: bytes) -> tuple[str, ...]:
    """Return the 521 class names from the label file that is packed into the model (a zip appended to it)."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return tuple(packed.read(_LABELS).decode("utf-8").split("\n")[:521])


def _with_embedding(content: bytes) -> bytes:
    """Return the model with the pooled tensor as its second output."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    pooled = [i for i, tensor in enumerate(graph.tensors) if tensor.name.endswith(_POOLED)]
    if not pooled:
        raise ValueError("the model has no pooled embedding")
    graph.outputs = [*graph.outputs, pooled[-1]]
    builder = flatbuffers.Builder(len(content) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
