"""Which addresses of notification services Apprise knows, asked before they become settings."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from claptrap.core.errors import InputError
from claptrap.delivery.notify import check_address
from claptrap.settings.schema import Settings
from claptrap.settings.validation import DocumentFault, SettingsFaults


def load_notifiers(patch: Mapping[str, Any]) -> None:
    """Load Apprise if ``patch`` has addresses that it must know, before the settings are locked: it takes a moment.

    What is wrong with an address, ``check_addresses`` says.
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
