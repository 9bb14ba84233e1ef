"""Services that show notifications, as people ask for them: tried out, removed, their addresses checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any

from claptrap.core.errors import InputError
from claptrap.core.spec import NotifySpec
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.delivery.notify import check_address, is_installed
from claptrap.service.messages import with_messages
from claptrap.settings.schema import Settings
from claptrap.settings.validation import DocumentFault, SettingsFaults


class NotificationService:
    """A room of the house.

    Args:
        dispatcher: tells them.
        settings: gives those in force.
        unchanged: keeps others from changing them.
        follow: puts others in force.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        settings: Callable[[], Settings],
        unchanged: Callable[[None], AbstractContextManager[None]],
        follow: Callable[[object], None],
    ) -> None:
        self._dispatcher = dispatcher
        self._settings = settings
        self._unchanged = unchanged
        self._follow = follow

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
            return self._dispatcher.test(NotifySpec.id_of(notify_id), source_kind="test", source_name="ClapTrap")
        except KeyError as error:
            raise InputError("api.no_notify", id=notify_id) from error

    def remove(self, notify_id: str) -> None:
        """Remove a service; what waits for it is given up.

        Raises:
            InputError: ``api.unknown_notify``.
            SettingsError: as ``Application.change``.
        """
        with self._unchanged(None):
            self._check_known(notify_id)
            document = self._settings().whole()
            document["notify"] = [one for one in document["notify"] if one["id"] != notify_id]
            self._follow(document)

    def _check_known(self, notify_id: str) -> None:
        if all(one.id != notify_id for one in self._settings().notify):
            raise InputError("api.unknown_notify", id=notify_id)


def load_notifiers(patch: Mapping[str, Any]) -> None:
    """Have Apprise loaded where ``patch`` has addresses that it must know: it takes a moment, in which nobody shall be kept.

    To be called before ``check_addresses`` while no lock is held; what is wrong is said there.
    """
    given = patch.get("notify")
    for one in given if isinstance(given, list) else []:
        url = one.get("url") if isinstance(one, Mapping) else None
        if isinstance(url, str) and "://" in url:
            with suppress(InputError):
                check_address(url)
            return


def check_addresses(wanted: Settings, current: Settings) -> None:
    """Refuse new addresses that Apprise does not know; those that are in force stay, whatever has become of Apprise.

    Raises:
        SettingsFaults: with every fault.
    """
    known = {one.url for one in current.notify}
    faults = []
    for one in wanted.notify:
        try:
            if one.url and one.url not in known:
                check_address(one.url)
        except InputError as error:
            faults.append(DocumentFault(f"notify.{one.id}.url", error.code))
    if faults:
        raise SettingsFaults(faults)
