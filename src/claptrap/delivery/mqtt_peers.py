"""How ClapTraps that were given the same topic by mistake find each other: they would overwrite each other's entities.

Each says ``hello NAME`` at the topic ``…/instance`` when it comes, answers another's hello with ``here NAME``, and says
``bye NAME`` when it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from uuid import uuid4


class PeerNews(Enum):
    """What a message at the topic means."""

    NONE = "none"  # our own
    PRESENT = "present"  # another ClapTrap is there
    GONE = "gone"  # another ClapTrap is gone, and may have taken entities of ours along


class PeerProtocol:
    """Speaks for one ClapTrap.

    Args:
        publish: sends a text to the topic.
    """

    def __init__(self, publish: Callable[[str], object]) -> None:
        self._publish = publish
        self._name = uuid4().hex[:12]

    def hello(self) -> None:
        """Ask who else is there."""
        self._publish(f"hello {self._name}")

    def bye(self) -> None:
        """Say that this one goes."""
        self._publish(f"bye {self._name}")

    def received(self, payload: bytes) -> PeerNews:
        """Return what a message means; a hello of another one is answered."""
        word, _, name = payload.decode(errors="replace").partition(" ")
        if name == self._name:
            return PeerNews.NONE
        if word == "hello":
            self._publish(f"here {self._name}")
        return PeerNews.GONE if word == "bye" else PeerNews.PRESENT
