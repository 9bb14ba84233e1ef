"""All that the page and the terminal may ask for: ``app`` is the whole application, the other modules its parts."""

from claptrap.service.app import Application
from claptrap.service.messages import attempt_json, detection_json, with_messages
from claptrap.service.recent import verdict_json
from claptrap.settings.validation import SettingsFaults

__all__ = ["Application", "SettingsFaults", "attempt_json", "detection_json", "verdict_json", "with_messages"]
