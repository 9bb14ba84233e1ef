"""The release of MediaMTX that is fetched, and how its files are known to be the very ones."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from claptrap.models.catalogue import ModelFile

VERSION = "v1.21.1"
MOST_ARCHIVE_BYTES = 100_000_000  # they have some 27 MB; their exact sizes are not in any checksum file
_BASE = f"https://github.com/bluenviron/mediamtx/releases/download/{VERSION}"

# The release's published checksums.sha256 as independent public projects have pinned them: each sum was found in at least
# three, and none differed. The place of release itself could not be asked. A sum that is wrong refuses the true archive.
_SUMS = {
    ("linux", "amd64"): "653abc672a3e693f8d3b2717752492fdcfb8072291ec108d03d3dd857411b0ee",
    ("linux", "arm64"): "6a3aa635fb60ea9b8d566ec306f0a42ff1b6b52a3942bc2baffbe55880d4c3dd",
    ("darwin", "amd64"): "be403a36d2225668ea695cbd2c784109bc23ef9a32f886837e43c920b6818813",
    ("darwin", "arm64"): "25e20ed41611f1f3103b8359585210b29b11b69fa0d9e11bd11b92f7bbcb42ef",
    ("windows", "amd64"): "faa97974861eb75a68b5aa326c78e7e7a6f670b5ef191bace78e715130381f23",
}
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def release_for(system: str = platform.system(), machine: str = platform.machine()) -> ModelFile | None:
    """Return the archive for a platform, as ``platform`` names it; None where the table has none."""
    place = (system.lower(), _MACHINES.get(machine.lower(), machine.lower()))
    sha256 = _SUMS.get(place)
    if sha256 is None:
        return None
    ending = "zip" if place[0] == "windows" else "tar.gz"
    name = f"mediamtx_{VERSION}_{place[0]}_{place[1]}.{ending}"
    return archive(name, f"{_BASE}/{name}", sha256)


def archive(name: str, url: str, sha256: str) -> ModelFile:
    """Return an archive whose size is known only roughly."""
    return ModelFile(name, f"MediaMTX {VERSION}", url, MOST_ARCHIVE_BYTES, sha256, "MIT", is_exact=False)


def archive_url(release: ModelFile, environment: Mapping[str, str] = os.environ) -> str:
    """Return where to fetch it: a mirror named by ``CLAPTRAP_MEDIAMTX_URL``, else where it is published."""
    return environment.get("CLAPTRAP_MEDIAMTX_URL") or release.url


def programs_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the program is kept: ``CLAPTRAP_MEDIAMTX_DIR``, else a folder of ours."""
    named = environment.get("CLAPTRAP_MEDIAMTX_DIR")
    return Path(named) if named else platformdirs.user_data_path("claptrap", appauthor=False) / "mediamtx-program"
