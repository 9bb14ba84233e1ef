"""Every sound that YAMNet names has a French name of its own."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from claptrap.detect.patterns import APPLAUSE
from claptrap.detect.yamnet import load_yamnet
from claptrap.text.catalogue import SOUNDS, labels_for_people, sound_name

PROPER = ("Afrique", "Amérique", "Asie", "Bollywood", "DJ", "DTMF", "Hammond", "Moyen-Orient", "Noël")


def test_there_are_521_names_and_no_two_read_alike() -> None:
    """No English names of YAMNet's are so near to one another that they share a French one."""
    assert len(SOUNDS["fr"]) == 521
    assert [name for name, times in Counter(name.casefold() for name in SOUNDS["fr"].values()).items() if times > 1] == []


def test_names_are_written_alike() -> None:
    """A capital letter at the beginning and none after it but in proper names; nothing stray around."""
    for name in SOUNDS["fr"].values():
        assert name == " ".join(name.split())
        assert name[0].isupper()
        rest = " ".join(word for word in name[1:].replace("'", " ").split() if word.strip("(),") not in PROPER)
        assert rest == rest.lower()
        assert "’" not in name  # the page's own words use ' too


def test_names_that_matter_most() -> None:
    """What a person who claps will see."""
    assert sound_name("Clapping", "fr") == "Battement de mains"
    assert sound_name(APPLAUSE, "fr") == "Applaudissements"
    assert sound_name("Hands", "fr") == "Mains"
    assert sound_name("Finger snapping", "fr") == "Claquement de doigts"
    assert sound_name("Inside, small room", "fr") == "Intérieur, petite pièce"


def test_an_unknown_sound_keeps_its_name() -> None:
    """Another list of classes is shown in English rather than not at all."""
    assert sound_name("Glass harmonica", "fr") == "Glass harmonica"
    assert labels_for_people((("Hands", 0.5), ("Glass harmonica", 0.25))) == [
        {"label": "Hands", "label_fr": "Mains", "score": 0.5},
        {"label": "Glass harmonica", "label_fr": "Glass harmonica", "score": 0.25},
    ]


def test_the_english_names_are_the_model_s_own(shared: Path) -> None:
    """In YAMNet's order too; the table published beside it says the same."""
    names = load_yamnet(shared / "models" / "yamnet.tflite").names
    assert tuple(SOUNDS["fr"]) == names
    with (shared / "models" / "yamnet_class_map.csv").open(encoding="utf-8", newline="") as table:
        assert tuple(row["display_name"] for row in csv.DictReader(table)) == names
