"""The sentence of each code and the name of each sound, in French and English (``fr.json``, ``en.json``).

Both files have the same keys in the same order, and each sentence the same placeholders (a test compares them). A sentence
says what happened and, where a person can act, what to do. Sounds are the 521 classes of AudioSet, in YAMNet's order; their
English name is what is stored and sent. No two sounds have the same French name.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from typing import get_args

from claptrap.core.events import Labels
from claptrap.core.spec import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)


def _load(language: Language) -> Mapping[str, Mapping[str, str]]:
    content: Mapping[str, Mapping[str, str]] = json.loads((files("claptrap.text") / f"{language}.json").read_text("utf-8"))
    return content


_CATALOGUES = {language: _load(language) for language in LANGUAGES}
MESSAGES = {language: _CATALOGUES[language]["messages"] for language in LANGUAGES}
HELP_IN_FRENCH = _CATALOGUES["fr"]["help"]
"""The help texts of the commands, by what they are in English."""
_ERROR_NUMBER = re.compile(r"\[(?:Errno|WinError) -?\d+\] ")
SOUNDS = {language: _CATALOGUES[language]["sounds"] for language in LANGUAGES}


def say(code: str, language: Language, **params: str | float) -> str:
    """Return the sentence for ``code``; the bare code where the catalogue has none (a test forbids it).

    A ``reason`` in the system's words is said without the system's number of it, which says nothing to a person.
    """
    sentence = MESSAGES[language].get(code)
    if "reason" in params:
        params["reason"] = _ERROR_NUMBER.sub("", str(params["reason"]))
    return sentence.format(**params) if sentence else code


def sound_name(name: str, language: Language) -> str:
    """Return what people call the sound that YAMNet calls ``name``; ``name`` itself where the catalogue has none."""
    return SOUNDS[language].get(name, name)


def sounds_named(part: str) -> tuple[str, ...]:
    """Return the YAMNet names of all sounds whose French or English name contains ``part``; case and accents are ignored."""
    wanted = _plain(part)
    return tuple(name for name in SOUNDS["fr"] if wanted in _plain(name) or wanted in _plain(sound_name(name, "fr")))


def _plain(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(one))


def labels_for_people(labels: Labels) -> list[dict[str, str | float]]:
    """Return ``labels`` as JSON data: ``label`` (English, stable), ``label_fr`` and ``score`` of each."""
    return [{"label": name, "label_fr": sound_name(name, "fr"), "score": score} for name, score in labels]
