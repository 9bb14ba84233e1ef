"""The one façade of all that the page and the terminal may ask for: ``house`` is the whole, the other modules its rooms."""

from claptrap.service.house import ClapTrap
from claptrap.service.words import heard, in_words, told
from claptrap.settings.schema import SettingsFaults

__all__ = ["ClapTrap", "SettingsFaults", "heard", "in_words", "told"]
