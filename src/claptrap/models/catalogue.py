"""The model files that ClapTrap can use but does not ship."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import platformdirs

from claptrap.core.errors import ModelError


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model that users download.

    Attributes:
        name: on disk.
        title: for people.
        url: where it is published.
        size: bytes; where ``is_exact`` is false, the most it may have.
        sha256: hex digest; a file is used only if it matches.
        licence: SPDX identifier.
        is_exact: whether ``size`` is known.
    """

    name: str
    title: str
    url: str
    size: int
    sha256: str
    licence: str
    is_exact: bool = True


YAMNET = ModelFile(
    name="yamnet.tflite",
    title="YAMNet",
    url="https://storage.googleapis.com/mediapipe-models/audio_classifier/yamnet/float32/1/yamnet.tflite",
    size=4_126_810,
    sha256="4d8b4a53282dc83ef04e3e7dbc4fbc98082e34e44ed798e16c3a0cdd4c584faf",
    licence="Apache-2.0",
)
CATALOGUE = (YAMNET,)


def has_yamnet_runtime() -> bool:
    """Return whether LiteRT is installed, which runs YAMNet: there is none for 32-bit ARM and for Macs with Intel."""
    return find_spec("ai_edge_litert") is not None


def no_yamnet_runtime() -> ModelError:
    """Return what is to be said where it is not."""
    return ModelError("model.no_runtime", machine=f"{platform.system()} {platform.machine()}")


def models_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for model files: ``CLAPTRAP_MODELS_DIR``, else the platform's cache folder."""
    named = environment.get("CLAPTRAP_MODELS_DIR")
    return Path(named) if named else platformdirs.user_cache_path("claptrap", appauthor=False) / "models"


def download_url(model: ModelFile, environment: Mapping[str, str] = os.environ) -> str:
    """Return where to fetch ``model``: a mirror named by ``CLAPTRAP_YAMNET_URL``, else where it is published.

    A mirror needs no trust: the checksum decides.
    """
    return (model is YAMNET and environment.get("CLAPTRAP_YAMNET_URL")) or model.url
