"""From what is wanted to what gives it: one line a kind."""

from __future__ import annotations

from claptrap.core.spec import FileInput, MicrophoneInput, RtspInput, SourceSpec
from claptrap.sources.base import Source
from claptrap.sources.file import FileSource
from claptrap.sources.microphone import MicrophoneSource
from claptrap.sources.rtsp import RtspSource


def build(spec: SourceSpec) -> Source:
    """Return the source that ``spec`` describes; nothing is opened yet."""
    match spec.input:
        case MicrophoneInput(device=device):
            return MicrophoneSource(device)
        case FileInput(path=path, loop=loop):
            return FileSource(path, loop=loop)
        case RtspInput() as wanted:
            return RtspSource(wanted)
