"""What the site needs beyond docs/: files of the repository that pages point at are copied into it, under ``repository/``.

A page that points at a folder or at a page outside docs/ (the site has neither) keeps the words without the link.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

OUTSIDE = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+[^)#\s]+)(?:#[^)]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the files that pages point at outside docs/."""
    docs = Path(config["docs_dir"])
    icon = docs.parent / "frontend" / "public" / "icon.svg"
    files.append(File.generated(config, "images/icon.svg", abs_src_path=str(icon)))
    for page in files.documentation_pages():
        for _, target in OUTSIDE.findall(page.content_string):
            path, name = _copied(docs, page, target)
            if name and files.get_file_from_path(name) is None:
                files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:  # noqa: ARG001  # mkdocs' signature
    """Point at those copies."""
    docs = Path(config["docs_dir"])

    def moved(found: re.Match[str]) -> str:
        path, name = _copied(docs, page.file, found[2])
        if docs in path.parents:
            return found[0]
        return f"[{found[1]}]({os.path.relpath(docs / name, (docs / page.file.src_uri).parent)})" if name else found[1]

    return OUTSIDE.sub(moved, markdown)


def _copied(docs: Path, page: File, target: str) -> tuple[Path, str]:
    """Return the file that a link of ``page`` means, and its name in the site; empty where the site has no copy of it."""
    path = ((docs / page.src_uri).parent / target).resolve()
    has_copy = docs not in path.parents and path.is_file() and path.suffix != ".md"
    return path, f"repository/{path.relative_to(docs.parent).as_posix()}" if has_copy else ""
