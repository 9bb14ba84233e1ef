"""REST for what a source reacts to beside claps: sounds to choose from, sounds and rhythms taught by example."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from claptrap.service import Application
from claptrap.settings.sound_presets import SOUND_PRESETS
from claptrap.text.catalogue import SOUNDS, say
from claptrap.web import learning_responses, responses
from claptrap.web.routes import SAVING, Routes, object_schema

routes = Routes("triggers")
_LESSON = "/api/sources/{source_id}/rhythms/lesson"
_SOUND_LESSON = "/api/sources/{source_id}/sounds/lesson"
_UNKNOWN = "api.unknown_source"


@routes.get("/api/sounds", "Les sons que YAMNet nomme, et ceux que l'on demande souvent", learning_responses.Sounds)
def sounds(service: Application) -> dict[str, Any]:
    """The sounds that YAMNet names, and those that are often asked for."""
    return {
        "available": service.detection.has_yamnet,
        "advice_fr": say("sound.advice", "fr"),
        "advice_en": say("sound.advice", "en"),
        "presets": [
            {
                **asdict(preset),
                "name_fr": say(f"sound.preset.{preset.id}", "fr"),
                "name_en": say(f"sound.preset.{preset.id}", "en"),
            }
            for preset in SOUND_PRESETS
        ],
        "labels": [{"label": label, "label_fr": name} for label, name in SOUNDS["fr"].items()],
    }


@routes.delete(
    "/api/sources/{source_id}/triggers/{trigger_id}",
    "Supprimer un son ou un rythme d'une source",
    responses.Source,
    codes=(_UNKNOWN, "api.unknown_trigger", *SAVING),
)
def remove_trigger(service: Application, source_id: str, trigger_id: str) -> dict[str, Any]:
    """Remove a sound or rhythm of a source."""
    return service.sources.remove_trigger(source_id, trigger_id)


@routes.get(_LESSON, "La leçon de rythme en cours", learning_responses.RhythmLesson, codes=(_UNKNOWN, "rhythm.no_lesson"))
def lesson(service: Application, source_id: str) -> dict[str, Any]:
    """The lesson of a rhythm that is going on."""
    return service.rhythm_lessons.get(source_id)


@routes.post(
    _LESSON, "Commencer une leçon : taper son rythme trois fois", learning_responses.RhythmLesson, codes=(_UNKNOWN,)
)
def begin_lesson(service: Application, source_id: str) -> dict[str, Any]:
    """Begin a lesson: clap your rhythm three times."""
    return service.rhythm_lessons.begin(source_id)


@routes.delete(_LESSON, "Abandonner la leçon", learning_responses.RhythmLesson, codes=(_UNKNOWN, "rhythm.no_lesson"))
def cancel_lesson(service: Application, source_id: str) -> dict[str, Any]:
    """Give the lesson up; the answer is how it stood."""
    found = service.rhythm_lessons.get(source_id)
    service.rhythm_lessons.cancel(source_id)
    return found


@routes.post(
    f"{_LESSON}/apply",
    "Ajouter à la source le rythme appris",
    learning_responses.Rhythm,
    body=object_schema(name={"type": "string"}, tolerance={"type": "number"}),
    codes=(_UNKNOWN, "rhythm.no_lesson", "rhythm.too_few", *SAVING),
)
def apply_lesson(service: Application, source_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Add the rhythm that was taught to the source."""
    return service.rhythm_lessons.apply(source_id, body)


@routes.get(_SOUND_LESSON, "La leçon de son en cours", learning_responses.SoundLesson, codes=(_UNKNOWN, "sound.no_lesson"))
def sound_lesson(service: Application, source_id: str) -> dict[str, Any]:
    """The lesson of a sound that is going on."""
    return service.sound_lessons.get(source_id)


@routes.post(
    _SOUND_LESSON,
    "Commencer une leçon : faire entendre un son trois à cinq fois",
    learning_responses.SoundLesson,
    codes=(_UNKNOWN,),
)
def begin_sound_lesson(service: Application, source_id: str) -> dict[str, Any]:
    """Begin a lesson: make your sound three to five times."""
    return service.sound_lessons.begin(source_id)


@routes.delete(
    _SOUND_LESSON, "Abandonner la leçon de son", learning_responses.SoundLesson, codes=(_UNKNOWN, "sound.no_lesson")
)
def cancel_sound_lesson(service: Application, source_id: str) -> dict[str, Any]:
    """Give the lesson of a sound up; the answer is how it stood."""
    found = service.sound_lessons.get(source_id)
    service.sound_lessons.cancel(source_id)
    return found


@routes.post(
    f"{_SOUND_LESSON}/apply",
    "Ajouter à la source le son appris",
    learning_responses.TaughtSound,
    body=object_schema(name={"type": "string"}, threshold={"type": "number"}),
    codes=(_UNKNOWN, "sound.no_lesson", "sound.too_few", *SAVING),
)
def apply_sound_lesson(service: Application, source_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Add the sound that was taught to the source."""
    return service.sound_lessons.apply(source_id, body)
