"""YAMNet through LiteRT: labels sounds, and gives the features that ``confirm`` scores. The only user of LiteRT.

The published file has one output, the scores, which are coarse. The inner layers are not, and the middle ones keep
time: their last columns depend on the onset alone. So three tensors are made outputs too, by giving the flatbuffer another
list of outputs; the file stays as it is. LiteRT makes a copy of all weights in the order in which it needs them, so the
changed model is mapped from a file without a name: what is not read again need not stay in memory.
"""

from __future__ import annotations

import io
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.core.errors import ModelError
from claptrap.models.catalogue import has_yamnet_runtime, no_yamnet_runtime

SAMPLES = 15_600  # 0.975 s at 16 kHz
CLASSES = 521
FEATURES = 1024 + 2048 + 1024
_TAPS = (b"network/layer28/reduce_mean", b"network/layer9/conv/Conv2D", b"network/layer15/conv/Conv2D")
_COLUMNS = (0, 4, 2)  # the last ones of each that are taken; 0 for all
_SUBGRAPHS, _TENSORS, _OUTPUTS, _NAME = 2, 0, 2, 3  # numbers of fields: the model's, two of a graph, a tensor's (its schema)
_UINT16, _INT32, _UINT32 = struct.Struct("<H"), struct.Struct("<i"), struct.Struct("<I")
_LABELS = "yamnet_label_list.txt"
_LOUD, _MOST_GAIN = 0.7, 300.0  # YAMNet depends on loudness: every window's peak is normalised


@dataclass(frozen=True, slots=True)
class YamNetOutput:
    """What YAMNet returns for one window.

    Attributes:
        scores: (521,) in [0, 1], one per class.
        features: (FEATURES,) ≥ 0: the mean of the last layer (1024); of the ninth layer, the last four columns of 80 ms,
            low and high half (4 · 2 · 256); of the fifteenth, the last two columns of 160 ms (2 · 512).
    """

    scores: NDArray[np.float32]
    features: NDArray[np.float32]


def interpreter_class() -> Any:
    """Return LiteRT's interpreter, and load the library if it is not yet: 13 MB, and on some processors the process ends."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415  # not loaded without the model

    return Interpreter


class YamNet:
    """The loaded model. Not thread-safe: one owner.

    Args:
        content: the file's bytes.
        folder: where the changed model is written, to be mapped; None, or where that cannot be done, to keep it in memory.

    Raises:
        ValueError, RuntimeError, OSError: what LiteRT raises for a file or a machine that it cannot use.
    """

    def __init__(self, content: bytes, folder: Path | None = None) -> None:
        self.names = _names(content)
        self._interpreter = _interpreter(_with_taps(content), folder)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        scores, *taps = self._interpreter.get_output_details()
        self._scores = scores["index"]
        self._taps = [(tap["index"], *tap["quantization"]) for tap in taps]

    def run(self, samples: NDArray[np.float32]) -> YamNetOutput:
        """Run YAMNet on (15600,) samples at 16 kHz; the window is peak-normalised first, so digital silence stays silent."""
        gain = min(_LOUD / (float(np.abs(samples).max()) + 1e-9), _MOST_GAIN)
        self._interpreter.set_tensor(self._input, (samples * np.float32(gain)).astype(np.float32, copy=False))
        self._interpreter.invoke()
        scores = self._interpreter.get_tensor(self._scores)[0].astype(np.float32)
        pooled, ninth, fifteenth = (
            (self._interpreter.get_tensor(index)[0][-columns:].astype(np.float32) - zero) * np.float32(scale)
            for (index, scale, zero), columns in zip(self._taps, _COLUMNS, strict=True)
        )
        halves, high = ninth.reshape(4, 2, 4, -1), fifteenth.shape[1]
        parts = pooled, np.add.reduce(halves, axis=2) / np.float32(4), np.add.reduce(fifteenth, axis=1) / np.float32(high)
        features = np.concatenate([part.reshape(-1) for part in parts])
        return YamNetOutput(scores, features)


def load_yamnet(path: Path) -> YamNet:
    """Return the model of a verified file.

    Raises:
        ModelError: ``model.unreadable``; ``model.unusable`` if this machine cannot run it, ``model.no_runtime`` if there is
            no LiteRT for it.
    """
    if not has_yamnet_runtime():
        raise no_yamnet_runtime()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError("model.unreadable", path=str(path), reason=error.strerror or str(error)) from error
    try:
        return YamNet(content, path.parent)
    except (ValueError, RuntimeError, OSError) as error:
        raise ModelError("model.unusable", path=str(path), reason=str(error)) from error


def _interpreter(content: bytes, folder: Path | None) -> Any:  # LiteRT has no types
    """Return LiteRT's interpreter of a model, which is mapped from a file without a name where that can be."""
    make = partial(interpreter_class(), num_threads=1)
    if folder is not None and sys.platform == "linux":
        with suppress(OSError), TemporaryFile(dir=folder) as file:
            file.write(content)
            file.flush()
            return make(model_path=f"/proc/self/fd/{file.fileno()}")
    return make(model_content=content)


def _names(content: bytes) -> tuple[str, ...]:
    """Return the 521 class names from the label file that is packed into the model (a zip appended to it).

    Raises:
        ValueError: no such file in it, or fewer names.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            names = tuple(packed.read(_LABELS).decode("utf-8").split("\n")[:CLASSES])
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, zlib.error) as error:
        raise ValueError(f"its list of sounds cannot be read ({error})") from error
    if len(names) < CLASSES:
        raise ValueError(f"it names {len(names)} sounds, not {CLASSES}")
    return names


def _with_taps(content: bytes) -> bytes:
    """Return the model with ``_TAPS`` as further outputs.

    A flatbuffer refers to its parts by distances, so a longer list of outputs can stand at the end, and the graph refer to
    it. LiteRT's own reader of models would do the same by rebuilding the whole, and costs 8 MB for good.

    Raises:
        ValueError: not a TensorFlow Lite model, or one without these layers.
    """
    try:
        model = _Flatbuffer(content)
        graph = next(model.elements(model.field(model.target(0), _SUBGRAPHS)))
        names = [model.vector(model.field(tensor, _NAME)) for tensor in model.elements(model.field(graph, _TENSORS))]
        outputs_at = model.field(graph, _OUTPUTS)
        outputs = model.vector(outputs_at, item_bytes=4)
    except (struct.error, IndexError, StopIteration) as error:
        raise ValueError(f"it is no TensorFlow Lite model ({error})") from error
    for tap in _TAPS:
        found = [i for i, name in enumerate(names) if name.endswith(tap)]
        if not found:
            raise ValueError(f"the model has no layer {tap.decode()}")
        outputs += _INT32.pack(found[-1])
    padded = content + bytes(-len(content) % 4)
    refers = _UINT32.pack(len(padded) - outputs_at)
    return b"".join((padded[:outputs_at], refers, padded[outputs_at + 4 :], _UINT32.pack(len(outputs) // 4), outputs))


class _Flatbuffer:
    """Finds things in a flatbuffer. A place is an index into ``content``.

    Methods raise struct.error or IndexError where ``content`` is none.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def target(self, at: int) -> int:
        """Return the place to which the distance at ``at`` leads."""
        return at + int(_UINT32.unpack_from(self._content, at)[0])

    def field(self, table: int, number: int) -> int:
        """Return the place of a field of the table at ``table``.

        Raises:
            IndexError: the table lacks it.
        """
        fields = table - _INT32.unpack_from(self._content, table)[0]
        n_bytes = _UINT16.unpack_from(self._content, fields)[0]
        at = 4 + 2 * number
        offset = _UINT16.unpack_from(self._content, fields + at)[0] if at < n_bytes else 0
        if not offset:
            raise IndexError(f"a table without field {number}")
        return table + int(offset)

    def vector(self, at: int, item_bytes: int = 1) -> bytes:
        """Return the bytes of the items of the vector to which the distance at ``at`` leads."""
        begin = self.target(at) + 4
        n = _UINT32.unpack_from(self._content, begin - 4)[0]
        return self._content[begin : begin + n * item_bytes]

    def elements(self, at: int) -> Iterator[int]:
        """Yield the places of the tables of the vector to which the distance at ``at`` leads."""
        begin = self.target(at) + 4
        n = _UINT32.unpack_from(self._content, begin - 4)[0]
        return (self.target(begin + 4 * i) for i in range(n))
