"""Models of the responses about what sources learn, and what they react to beside claps."""

from __future__ import annotations

from typing import Literal

from claptrap.history.query import Mark
from claptrap.settings.sound_presets import SoundPreset
from claptrap.settings.triggers import RhythmSettings, SoundSettings
from claptrap.web.response_model import WITH_MESSAGES, list_of, response_model
from claptrap.web.responses import Label, Trouble

# -- what sources learn

LearntExample = response_model(
    "LearntExample",
    about="A sound that a person has named.",
    id=str,
    clap=bool,
    at=float | None,
    note=str,
    without_yamnet=bool,
    clip=bool,
)
Learning = response_model(
    "Learning",
    about="What a source has learnt of its place.",
    source_id=str,
    claps=int,
    others=int,
    most=int,
    examples=list_of(LearntExample),
    fault=Trouble | None,
    undo=bool,
    kept=int,
    since=float | None,
    offer=bool,
)
Candidates = response_model(
    "Candidates",
    candidates=list_of(
        response_model(
            "HeardCandidate",
            about="A sound that may have been a clap.",
            id=str,
            at=float,
            score=float,
            by_models=float,
            clap=bool,
            mark=Mark | None,
            labels=list_of(Label),
            clip=bool,
        )
    ),
)
LearningFigures = response_model("LearningFigures", claps_heard=int, claps=int, others_heard=int, others=int)
LearningEffect = response_model(
    "LearningEffect",
    about="How many examples are heard without and with a mark, each left out once; if that is worse, it is not learnt.",
    helps=bool,
    applied=bool,
    before=LearningFigures,
    after=LearningFigures,
)
Marked = response_model("Marked", learning=Learning, effect=LearningEffect)
CalibrationSound = response_model(
    "CalibrationSound",
    n=int,
    at=float,
    phase=Literal["claps", "noises"],
    outcome=Literal["accepted", "no_onset", "echo", "too_quiet", "clipped", "not_a_clap"],
    score=float,
    **WITH_MESSAGES,
)
CalibrationShare = response_model("CalibrationShare", heard=int, total=int, was=int)
CalibrationProposal = response_model(
    "CalibrationProposal",
    threshold=float,
    was_threshold=float,
    claps=CalibrationShare,
    noises=CalibrationShare,
    channel=response_model(
        "CalibrationChannel",
        about="The channel in which claps rise highest above what was before, and the one that is heard now.",
        channel=str,
        was=str,
        rise_db=float,
        was_rise_db=float,
    )
    | None,
)
Calibration = response_model(
    "Calibration",
    source_id=str,
    phase=Literal["claps", "noises"],
    started=float,
    wanted=int,
    sounds=list_of(CalibrationSound),
    proposal=CalibrationProposal | None,
)
TriedRecording = response_model(
    "TriedRecording",
    about="A recording to try settings on: `seconds` of it were heard, and `kept` sounds may be claps.",
    id=str,
    file=str,
    seconds=float,
    kept=int,
)
TriedRecordings = response_model("TriedRecordings", recordings=list_of(TriedRecording))
Led = response_model("Led", claps=int, detections=int)
WhatIf = response_model(
    "WhatIf",
    about="What the sounds of the last 24 hours led to, and what they would have led to.",
    since=float | None,
    kept=int,
    now=Led,
    then=Led,
    detections=list_of(response_model("WouldBe", at=float, score=float, claps=int)),
)

# -- what sources react to beside claps

Sounds = response_model(
    "Sounds",
    about="The sounds that can be triggers, if YAMNet is there; those that are often asked for, ready to be added.",
    available=bool,
    advice_fr=str,
    advice_en=str,
    presets=list_of(response_model("SoundPreset", SoundPreset, name_fr=str, name_en=str)),
    labels=list_of(response_model("SoundLabel", label=str, label_fr=str)),
)
Rhythm = RhythmSettings
TaughtSound = SoundSettings
SoundLesson = response_model(
    "SoundLesson",
    about="A sound that a person makes three to five times; `alike` is the least similarity of an example to another.",
    source_id=str,
    started=float,
    wanted=int,
    most=int,
    examples=list_of(response_model("SoundExample", at=float, labels=list_of(Label))),
    proposal=response_model("SoundProposal", alike=float, threshold=float) | None,
)
RhythmLesson = response_model(
    "RhythmLesson",
    about="A rhythm that a person claps three times; `chance` is the share of random rows of as many claps that it takes.",
    source_id=str,
    started=float,
    wanted=int,
    rows=list_of(
        response_model(
            "RhythmRow",
            at=float,
            claps=int,
            intervals=list_of(float),
            outcome=Literal["accepted", "too_few", "too_many", "not_used"],
        )
    ),
    proposal=response_model(
        "RhythmProposal", claps=int, intervals=list_of(float), spread=float, tolerance=float, chance=float
    )
    | None,
)
