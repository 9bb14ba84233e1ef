"""Write the tables of all settings into docs/settings.md and docs/fr/settings.md, after the schema has changed."""

from __future__ import annotations

import re
from pathlib import Path

from claptrap.core.spec import Language
from claptrap.settings.reference import markdown

DOCS = Path(__file__).parent.parent / "docs"
PAGES: dict[Language, Path] = {"en": DOCS / "settings.md", "fr": DOCS / "fr" / "settings.md"}
TABLE = re.compile(r"(?<=<!-- settings -->\n\n).*(?=\n<!-- /settings -->)", re.DOTALL)

if __name__ == "__main__":
    for language, page in PAGES.items():
        table = markdown(language)
        page.write_text(TABLE.sub(lambda _, table=table: table, page.read_text(encoding="utf-8")), encoding="utf-8")
