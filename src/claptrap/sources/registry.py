"""From what is wanted to what gives it: one line a kind."""

from __future__ import annotations

from claptrap.core.spec import BrowserInput, FileInput, MicrophoneInput, RtspInput, SourceSpec, VbanInput
from claptrap.sources.base import Source
from claptrap.sources.browser import Browsers, BrowserSource
from claptrap.sources.file import FileSource
from claptrap.sources.microphone import MicrophoneSource
from claptrap.sources.rtsp import RtspSource
from claptrap.sources.vban import VbanSource
from claptrap.sources.vban_ports import VbanPorts


class Sources:
    """Makes sources, and owns what several of them share.

    Attributes:
        vban: the UDP ports on which VBAN arrives.
        browsers: the pages that send their microphone.
    """

    def __init__(self) -> None:
        self.vban = VbanPorts()
        self.browsers = Browsers()

    def build(self, spec: SourceSpec) -> Source:
        """Return the source that ``spec`` describes; nothing is opened yet."""
        match spec.input:
            case MicrophoneInput(device=device):
                return MicrophoneSource(device)
            case FileInput(path=path, loop=loop):
                return FileSource(path, loop=loop)
            case VbanInput():
                return VbanSource(spec.input, self.vban)
            case RtspInput() as wanted:
                return RtspSource(wanted)
            case BrowserInput():
                return BrowserSource(spec.id, self.browsers)

    def stop(self) -> None:
        """Release what is shared, after all sources have ended."""
        self.vban.stop()
