"""Services that show notifications, as people ask for them: tried out and removed; and heartbeats removed."""

from __future__ import annotations

from typing import Any

from claptrap.core.errors import InputError
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.delivery.notify import is_installed
from claptrap.receivers import NotifySpec
from claptrap.service.messages import with_messages
from claptrap.service.settings_owner import SettingsOwner


class NotificationService:
    """Tests and removes them.

    Args:
        dispatcher: sends to them.
        settings: the owner of what is in force.
    """

    def __init__(self, dispatcher: Dispatcher, settings: SettingsOwner) -> None:
        self._dispatcher = dispatcher
        self._settings = settings

    def readiness(self) -> dict[str, Any]:
        """Return as JSON data, in words, whether notifications can be sent, or what must be installed first."""
        code = "" if is_installed() else "notify.no_apprise"
        return with_messages({"installed": not code, "code": code, "params": {}})

    def test(self, notify_id: str) -> str:
        """Send a test through the very path of a real clap; return its event id. The outcome comes as ``Attempt`` news.

        Raises:
            InputError: ``api.unknown_notify``, or ``api.no_notify`` where it is not in use.
        """
        self._check_known(notify_id)
        try:
            return self._dispatcher.test(
                NotifySpec.id_of(notify_id), source_id="", source_kind="test", source_name="ClapTrap"
            )
        except KeyError as error:
            raise InputError("api.no_notify", id=notify_id) from error

    def remove(self, notify_id: str) -> dict[str, Any]:
        """Remove a service, and give up what waits for it; return the settings as they are shown.

        Raises:
            InputError: ``api.unknown_notify``.
            SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked():
            self._check_known(notify_id)
            return self._without("notify", notify_id)

    def remove_heartbeat(self, heartbeat_id: str) -> dict[str, Any]:
        """Remove a heartbeat; return the settings as they are shown.

        Raises:
            InputError: ``api.unknown_heartbeat``.
            SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked() as state:
            if all(one.id != heartbeat_id for one in state.settings.heartbeats):
                raise InputError("api.unknown_heartbeat", id=heartbeat_id)
            return self._without("heartbeats", heartbeat_id)

    def _without(self, name: str, entry_id: str) -> dict[str, Any]:
        """Remove an entry of a list of the settings, which are locked; return them as they are shown."""
        whole = self._settings.state.dump.whole
        kept = [one for one in whole[name] if one["id"] != entry_id]
        return self._settings.replace({**whole, name: kept}).shown()

    def _check_known(self, notify_id: str) -> None:
        if all(one.id != notify_id for one in self._settings.current.notify):
            raise InputError("api.unknown_notify", id=notify_id)
