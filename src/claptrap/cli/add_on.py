"""ClapTrap as an add-on of Home Assistant: its Supervisor has the options, the broker and the address of the page."""

from __future__ import annotations

import json
import logging
import os
import threading
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claptrap.core.errors import ClapTrapError
from claptrap.service import Application
from claptrap.settings.receivers import MqttSettings

SUPERVISOR_ADDRESS = "172.30.32.2"
"""Whence requests come that people send through Home Assistant's ingress."""
_OPTIONS = Path("/data/options.json")
_URL = "http://supervisor"
_ASK_S = 10.0
_AGAIN_S = 60.0  # a broker may be installed later
_log = logging.getLogger(__name__)


def mqtt_change(current: MqttSettings, broker: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the change of the settings that has ClapTrap use the Supervisor's broker; None where a person chose another."""
    if current.host and current.host != broker["host"]:
        return None
    wanted = {
        "host": broker["host"],
        "port": int(broker["port"]),
        "tls": bool(broker.get("ssl")),
        "username": broker.get("username") or "",
        "password": broker.get("password") or "",
    }
    if not current.host:
        return {"enabled": True, **wanted}
    known = current.whole()
    return wanted if any(known[name] != value for name, value in wanted.items()) else None


class AddOn:
    """Takes over what the Supervisor has, in a thread of its own: ``start`` once the service runs.

    Args:
        options: the file with what a person chose on the add-on's page.
        url: where the Supervisor is.

    Attributes:
        log_level: the one that was chosen.
    """

    def __init__(self, options: Path = _OPTIONS, url: str = _URL) -> None:
        self._options = _read(options)
        self._url = url
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self.log_level = str(self._options.get("log_level", "info"))

    def start(self, service: Application) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, args=(service,), name="add-on", daemon=True)  # a look-up may hang
        self._thread.start()

    def stop(self) -> None:
        """End, soon."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _run(self, service: Application) -> None:
        try:
            if language := self._options.get("language"):
                service.settings.apply({"language": language})
            self._show_page(service)
            while not self._take_broker(service):
                if self._end.wait(_AGAIN_S):
                    return
        except ClapTrapError as error:
            _log.warning("Home Assistant's Supervisor: %s", error)

    def _show_page(self, service: Application) -> None:
        if slug := self._ask("/addons/self/info").get("slug"):
            service.own_address.show_page_at(f"homeassistant://hassio/ingress/{slug}")
            service.broker.refresh()

    def _take_broker(self, service: Application) -> bool:
        """Return whether there is a broker; ClapTrap uses it then, unless a person chose another."""
        broker = self._ask("/services/mqtt")
        if not broker.get("host"):
            return False
        change = mqtt_change(service.settings.current.mqtt, broker)
        if change is not None:
            service.settings.apply({"mqtt": change})
        return True

    def _ask(self, path: str) -> dict[str, Any]:
        """Return the data of an answer; nothing where there is none."""
        headers = {"Authorization": f"Bearer {os.environ.get('SUPERVISOR_TOKEN', '')}"}
        request = urllib.request.Request(f"{self._url}{path}", headers=headers)  # noqa: S310  # its scheme is ours
        try:
            with urllib.request.urlopen(request, timeout=_ASK_S) as answer:  # noqa: S310  # as above
                found = json.load(answer).get("data")
        except (OSError, ValueError, AttributeError) as error:  # not there, or not as documented
            _log.info("Home Assistant's Supervisor has no %s: %s", path, error)
            return {}
        return found if isinstance(found, dict) else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:  # the Supervisor writes it, whole
        _log.warning("%s: %s", path, error)
        return {}
    return found if isinstance(found, dict) else {}
