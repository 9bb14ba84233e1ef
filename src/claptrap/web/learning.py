"""REST for what a source learns of its place: examples, marks, calibration, and what would have been heard."""

from __future__ import annotations

from typing import Any

from flask import Response, send_file

from claptrap.core.errors import InputError
from claptrap.service import Application
from claptrap.web import learning_responses
from claptrap.web.query_params import CandidatesQuery, RecordingQuery
from claptrap.web.routes import SAVING, Routes, object_schema

routes = Routes("learning")
_UNKNOWN = "api.unknown_source"
_MARK = object_schema("mark", mark={"enum": ["clap", "not_clap", None]})
_PROFILE = ("profile.damaged", "profile.newer", "profile.other_models", "profile.too_many")


@routes.get("/api/sources/{source_id}/learning", "Ce qu'une source a appris", learning_responses.Learning, codes=(_UNKNOWN,))
def learning(service: Application, source_id: str) -> dict[str, Any]:
    """What a source has learnt."""
    return service.learning.state(source_id)


@routes.delete(
    "/api/sources/{source_id}/learning",
    "Oublier tout ce qu'une source a appris",
    learning_responses.Learning,
    codes=(_UNKNOWN, *SAVING),
)
def forget_learning(service: Application, source_id: str) -> dict[str, Any]:
    """Forget all that a source has learnt."""
    return service.learning.forget(source_id)


@routes.delete(
    "/api/sources/{source_id}/learning/examples/{example_id}",
    "Oublier un exemple",
    learning_responses.Learning,
    codes=(_UNKNOWN, "learning.unknown_example", *SAVING),
)
def forget_example(service: Application, source_id: str, example_id: str) -> dict[str, Any]:
    """Forget one example."""
    return service.learning.forget_example(source_id, example_id)


@routes.get(
    "/api/sources/{source_id}/learning/examples/{example_id}/clip",
    "Le son d'un exemple (FLAC, 16 kHz), si la source le conserve",
    media=("audio/flac",),
    codes=(_UNKNOWN, "learning.no_clip"),
)
def example_clip(service: Application, source_id: str, example_id: str) -> Response:
    """The sound of an example (FLAC, 16 kHz), if the source keeps it."""
    try:
        return send_file(service.learning.example_clip(source_id, example_id), mimetype="audio/flac")
    except FileNotFoundError as error:  # it has just been deleted
        raise InputError("learning.no_clip") from error


@routes.delete(
    "/api/sources/{source_id}/learning/examples/{example_id}/clip",
    "Supprimer le son d'un exemple, qui reste appris",
    learning_responses.Learning,
    codes=(_UNKNOWN, "learning.no_clip", *SAVING),
)
def delete_example_clip(service: Application, source_id: str, example_id: str) -> dict[str, Any]:
    """Delete the sound of an example, which stays learnt."""
    return service.learning.delete_example_clip(source_id, example_id)


@routes.get(
    "/api/sources/{source_id}/candidates/{candidate_id}/clip",
    "Le son d'un candidat (FLAC, 16 kHz), si la source conserve celui des exemples",
    media=("audio/flac",),
    codes=(_UNKNOWN, "learning.unknown_candidate", "learning.no_clip"),
)
def candidate_clip(service: Application, source_id: str, candidate_id: str) -> Response:
    """The sound of a candidate (FLAC, 16 kHz), if the source keeps that of examples."""
    return Response(service.learning.candidate_clip(source_id, candidate_id), content_type="audio/flac")


@routes.post(
    "/api/sources/{source_id}/learning/undo",
    "Annuler le dernier changement de ce qu'une source a appris",
    learning_responses.Learning,
    codes=(_UNKNOWN, "learning.nothing_to_undo", *SAVING),
)
def undo_learning(service: Application, source_id: str) -> dict[str, Any]:
    """Take back the last change of what a source has learnt."""
    return service.learning.undo(source_id)


@routes.get(
    "/api/sources/{source_id}/learning/profile",
    "Le profil d'une source, en un fichier",
    media=("application/json",),
    headers={"Content-Disposition": "the name of the file"},
    codes=(_UNKNOWN,),
)
def profile(service: Application, source_id: str) -> Response:
    """The profile of a source, as a file."""
    headers = {"Content-Disposition": f'attachment; filename="{source_id}.profile.json"'}
    return Response(service.learning.document(source_id), content_type="application/json", headers=headers)


@routes.put(
    "/api/sources/{source_id}/learning/profile",
    "Mettre un profil à la place de celui d'une source",
    learning_responses.Learning,
    body=object_schema(),
    codes=(_UNKNOWN, *_PROFILE, *SAVING),
)
def replace_profile(service: Application, source_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Put a profile in the place of a source's."""
    return service.learning.replace(source_id, body)


@routes.get(
    "/api/sources/{source_id}/candidates",
    "Les sons des dernières 24 heures qui étaient peut-être des claps, le plus récent d'abord",
    learning_responses.Candidates,
    query=CandidatesQuery,
    codes=(_UNKNOWN,),
)
def candidates(service: Application, source_id: str, query: CandidatesQuery) -> dict[str, Any]:
    """Sounds of the last 24 hours that may have been claps, newest first."""
    return {"candidates": service.learning.candidates(source_id, query.limit)}


@routes.post(
    "/api/sources/{source_id}/candidates/{candidate_id}/mark",
    "Dire si un son était un clap ; null annule",
    learning_responses.Marked,
    body=_MARK,
    codes=(_UNKNOWN, "learning.unknown_candidate", "api.bad_mark", "profile.too_many", *SAVING),
)
def mark_candidate(service: Application, source_id: str, candidate_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Say whether a sound was a clap; null takes it back."""
    if set(body) != {"mark"}:
        raise InputError("api.bad_mark")
    return service.learning.mark(source_id, candidate_id, body["mark"])


@routes.post(
    "/api/sources/{source_id}/what-if",
    "Ce que les sons des dernières 24 heures, ou d'un enregistrement, auraient déclenché avec d'autres réglages",
    learning_responses.WhatIf,
    body=object_schema(
        threshold={"type": "number"},
        delay_s={"type": "number"},
        patterns={"type": "array"},
        profile={"type": "boolean"},
        recording={"type": "string"},
    ),
    codes=(_UNKNOWN, "learning.bad_wish", "learning.unknown_recording"),
)
def what_if(service: Application, source_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the sounds of the last 24 hours, or of a recording, would have led to with other settings."""
    return service.what_if.replayed(source_id, body)


@routes.get(
    "/api/sources/{source_id}/recordings",
    "Les enregistrements sur lesquels essayer des réglages, le plus récent d'abord",
    learning_responses.TriedRecordings,
    codes=(_UNKNOWN,),
)
def recordings(service: Application, source_id: str) -> dict[str, Any]:
    """The recordings to try settings on, newest first."""
    return {"recordings": service.what_if.recordings.all(source_id)}


@routes.post(
    "/api/sources/{source_id}/recordings",
    "Écouter un enregistrement (le corps, de tout format sonore), pour essayer des réglages dessus",
    learning_responses.TriedRecording,
    query=RecordingQuery,
    media_in="application/octet-stream",
    codes=(_UNKNOWN, "learning.recording_busy", "file.empty", "file.not_audio", "source.no_av"),
)
def add_recording(service: Application, source_id: str, query: RecordingQuery, content: bytes) -> dict[str, Any]:
    """Hear a recording (the body, of any sound format), to try settings on it."""
    return service.what_if.recordings.add(source_id, query.name, content)


@routes.get(
    "/api/sources/{source_id}/calibration",
    "Le calibrage en cours",
    learning_responses.Calibration,
    codes=(_UNKNOWN, "learning.no_calibration"),
)
def calibration(service: Application, source_id: str) -> dict[str, Any]:
    """The calibration that is going on."""
    return service.learning.calibrations.get(source_id)


@routes.post(
    "/api/sources/{source_id}/calibration",
    "Commencer un calibrage, ou passer à une autre phase",
    learning_responses.Calibration,
    body=object_schema("phase", phase={"enum": ["claps", "noises"]}),
    codes=(_UNKNOWN, "learning.bad_phase"),
)
def calibrate(service: Application, source_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Begin a calibration, or go on to another phase."""
    return service.learning.calibrations.begin(source_id, body.get("phase"))


@routes.delete(
    "/api/sources/{source_id}/calibration",
    "Abandonner le calibrage",
    learning_responses.Learning,
    codes=(_UNKNOWN, "learning.no_calibration"),
)
def cancel_calibration(service: Application, source_id: str) -> dict[str, Any]:
    """Give the calibration up."""
    service.learning.calibrations.cancel(source_id)
    return service.learning.state(source_id)


@routes.delete(
    "/api/sources/{source_id}/calibration/sounds/{n}",
    "Retirer un son du calibrage",
    learning_responses.Calibration,
    codes=(_UNKNOWN, "learning.no_calibration", "learning.unknown_sound"),
)
def remove_sound(service: Application, source_id: str, n: str) -> dict[str, Any]:
    """Take a sound out of the calibration."""
    return service.learning.calibrations.remove_sound(source_id, int(n) if n.isdecimal() and len(n) < 9 else 0)


@routes.post(
    "/api/sources/{source_id}/calibration/apply",
    "Appliquer ce que le calibrage propose",
    learning_responses.Learning,
    codes=(_UNKNOWN, "learning.no_calibration", "learning.too_few", "profile.too_many", *SAVING),
)
def apply_calibration(service: Application, source_id: str) -> dict[str, Any]:
    """Put what the calibration proposes in force."""
    return service.learning.calibrations.apply(source_id)
