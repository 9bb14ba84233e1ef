"""Find YAMNet's file and make sure that it is the very file before anything loads it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from claptrap.core.errors import InputError


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model that users download: its name on disk, size in bytes and SHA-256 in hex."""

    name: str
    size: int
    sha256: str


YAMNET = ModelFile("yamnet.tflite", 4_126_810, "4d8b4a53282dc83ef04e3e7dbc4fbc98082e34e44ed798e16c3a0cdd4c584faf")


def models_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for model files: ``CLAPTRAP_MODELS_DIR``, else the platform's cache folder."""
    named = environment.get("CLAPTRAP_MODELS_DIR")
    return Path(named) if named else platformdirs.user_cache_path("claptrap", appauthor=False) / "models"


def find(model: ModelFile, folder: Path) -> Path | None:
    """Return the path of ``model`` in ``folder``, or None if it is not there.

    Raises:
        InputError: ``model.unreadable`` or ``model.wrong`` if a file of that name is there that must not be loaded.
    """
    path = folder / model.name
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError("model.unreadable", path=str(path), reason=error.strerror or str(error)) from error
    if len(content) != model.size or hashlib.sha256(content).hexdigest() != model.sha256:
        raise InputError("model.wrong", path=str(path), size=len(content), expected=model.size)
    return path
